/**
 * How a retry learns of others around it and further in, where their errors do not tell: by the signal
 * that was passed on.
 *
 *     outer attempt ── its signal ──▶ inner retry: how many calls are left?
 *           ▲                              │
 *           └──── failed, so many calls ───┘
 *
 * Looked at when something has failed, and never before: a call that succeeds pays nothing for it.
 */

import type { Attempt } from "./attempt.ts";
import { systemClock } from "./clock.ts";
import type { NestedRetry } from "./nested-retry.ts";

/** A retry that failed within an attempt, and whether it knew of the retry that made the attempt. */
export interface FoundWithin {
  readonly retry: NestedRetry;
  readonly isKnown: boolean;
}

/** On a signal that is the caller's own: what gave up under it in this turn of the loop. */
const GIVEN_UP = Symbol.for("kintsugi.given-up");

type Marked = { [GIVEN_UP]?: NestedRetry | undefined };

/** Calls that the retries around a first attempt leave to its retry, which may come to so many itself. */
export function callsLeft(first: Attempt, most: number): number {
  let left = Infinity;
  let largest = most;
  let made = 0;
  for (let each = first.around; each; each = each.around) {
    const { series } = each;
    if (!series) continue;
    largest = Math.max(largest, series.most);
    made += series.made;
    left = Math.min(left, largest - made);
  }
  return left;
}

/** A retry has failed: the attempts around it know, to the next that counts it. The last to tell holds. */
export function tellAround(first: Attempt, retry: NestedRetry): void {
  for (let each = first.around; each; each = each.around) {
    each.nested = retry;
    if (each.series) return;
  }
}

/** It has succeeded after all. */
export function untellAround(first: Attempt, retry: NestedRetry): void {
  for (let each = first.around; each; each = each.around) {
    if (each.nested === retry) each.nested = undefined;
  }
}

/**
 * It has given up. The signal of a caller may be shared by many calls: on it the note stands for this
 * turn only, in which the call around it fails as a rule.
 */
export function tellCaller(first: Attempt, retry: NestedRetry): void {
  tellAround(first, retry);
  let outermost = first;
  for (let each = first.around; each; each = each.around) outermost = each;
  const signal = outermost.parent as Marked | undefined;
  if (!signal || !Reflect.set(signal, GIVEN_UP, retry)) return;
  systemClock.immediate(() => {
    if (signal[GIVEN_UP] === retry) signal[GIVEN_UP] = undefined;
  });
}

/** The last retry that failed since the attempt began; whoever is further out finds it no more. */
export function takeNested(
  first: Attempt,
  attempt: Attempt,
  isSince: (retry: NestedRetry) => boolean,
): FoundWithin | undefined {
  let found: FoundWithin | undefined;
  let outermost = attempt;
  for (let each: Attempt | undefined = attempt; each; each = each.around) {
    const retry = each.nested;
    outermost = each;
    if (!retry || !isSince(retry)) continue;
    found ??= { retry, isKnown: each === attempt || each === first };
    each.nested = undefined;
  }
  const signal = outermost.parent as Marked | undefined;
  const retry = signal?.[GIVEN_UP];
  if (!signal || !retry || !isSince(retry)) return found;
  signal[GIVEN_UP] = undefined;
  return found ?? { retry, isKnown: false };
}
