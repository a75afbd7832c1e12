/** What was asked for a run when it was started, checked. */

import { durationMs, numberBetween, wholeNumber } from "@kintsugi/policy/base";

import type { StartOptions } from "../../run-types.ts";
import type { Workflow } from "../../types.ts";
import { DEFAULT_QUEUE } from "./queue-options.ts";

export interface Order {
  readonly queue: string;
  readonly priority: number;
  /** Until then it waits; undefined for a run that may begin at once. */
  readonly beginsAtMs: number | undefined;
  /** Which other runs it cannot be beside; undefined for any. */
  readonly key: string | undefined;
  readonly debounce: { readonly waitMs: number; readonly maxWaitMs: number } | undefined;
}

const HIGHEST_PRIORITY = 10;

/** Wide enough for the epoch milliseconds of the next three centuries. */
const ONE_PRIORITY = 1e13;

/** @throws {@link RangeError} naming the option, what it needs and what it got. */
export function orderOf(
  options: StartOptions,
  { queue: own = DEFAULT_QUEUE }: Workflow<never, unknown>,
  nowMs: number,
): Order {
  const { queue = own, priority = 0, delay, uniqueKey, debounce } = options;
  wholeNumber("priority", priority, -HIGHEST_PRIORITY);
  numberBetween("priority", priority, -HIGHEST_PRIORITY, HIGHEST_PRIORITY);
  if (uniqueKey === "") throw new RangeError("uniqueKey must not be an empty text");
  if (!debounce) {
    const beginsAtMs = delay === undefined ? undefined : nowMs + durationMs(delay);
    const key = uniqueKey === undefined ? undefined : `unique ${uniqueKey}`;
    return { queue, priority, beginsAtMs, key, debounce: undefined };
  }
  const others = Object.entries({ id: options.id, delay, uniqueKey });
  const other = others.find(([, value]) => value !== undefined)?.[0];
  if (other) throw new RangeError(`debounce names and delays a run: leave ${other} out`);
  if (debounce.key === "") throw new RangeError("debounce.key must not be an empty text");
  const waitMs = durationMs(debounce.wait);
  const maxWaitMs = debounce.maxWait === undefined ? Infinity : durationMs(debounce.maxWait);
  const key = `debounce ${debounce.key}`;
  return { queue, priority, beginsAtMs: nowMs + waitMs, key, debounce: { waitMs, maxWaitMs } };
}

/** The place in the queue: highest priority first, then the oldest. */
export const rankOf = (priority: number, createdAtMs: number): number =>
  (HIGHEST_PRIORITY - priority) * ONE_PRIORITY + createdAtMs;
