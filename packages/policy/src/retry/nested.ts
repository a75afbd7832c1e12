/**
 * How a retry finds that one further in has tried already, and why that ended: by a mark on the error, and
 * by the signal that was passed on.
 */

import { Attempt, type NestedRetry, takeNested } from "../base/index.ts";
import type { BudgetExhaustedError } from "./retry-budget.ts";
import type { NestedAttempts, RetryEndReason } from "./retry-state.ts";

/** How a retry ended that gave up. */
export interface RetryEnd extends NestedAttempts {
  readonly why: RetryEndReason;
  /** Milliseconds that the other side asks to be left alone; 0 where it asks for nothing. */
  readonly retryAfterMs: number;
  /** The refusal of the attempt that would have followed, where the budget had nothing left. */
  readonly refusal?: BudgetExhaustedError;
}

/** Known to all copies of this package, since two of them in one program nest all the same. */
const MARK = Symbol.for("kintsugi.retried");

/** An error may be thrown again by others, much later: a mark counts only for the span it was made in. */
interface Mark extends RetryEnd, Pick<NestedRetry, "serial" | "counter"> {}

/** Marks what a retry gives up with. What cannot be marked, such as a string, stays as it is. */
export function mark(thrown: unknown, first: Attempt, end: RetryEnd): void {
  note(thrown, MARK, { ...end, serial: first.serial, counter: Attempt } satisfies Mark);
}

/** Lets who catches an error of any library see what its server asks for, as our own errors do. */
export function noteWait(thrown: unknown, retryAfterMs: number): void {
  if (retryAfterMs > 0) note(thrown, "retryAfterMs", retryAfterMs);
}

/** Hidden from those who print or copy the error; nothing where it is frozen, which is no harm. */
function note(thrown: unknown, key: symbol | string, value: unknown): void {
  const error = thrown as object;
  try {
    if (typeof key === "string" && key in error) return;
    Reflect.defineProperty(error, key, { value, writable: true });
  } catch {
    // No object, or a proxy that refuses: it stays as it is.
  }
}

/**
 * How the retry ended that gave up with this error, or with one that it was made of, as far as the fourth
 * cause; undefined where none did. With `since`, only a retry that began after that attempt counts: an error object may be thrown
 * more than once.
 *
 * @example
 * const end = retryEndOf(error);
 * if (end?.why === "budget") shed(end.refusal);
 */
export function retryEndOf(thrown: unknown, since?: Attempt): RetryEnd | undefined {
  return markOf(thrown, since);
}

/** What a retry further in has come to within an attempt. */
export interface NestedCalls extends NestedAttempts {
  /** Calls that it makes before it can be stopped, if it runs again. */
  readonly atOnce: number;
}

/**
 * The retry whose error surfaces, or else the last that failed: an error may be made anew on its way out,
 * or come from a time limit, and then the signal alone tells. `attempt` is the latest of the series that
 * `first` began.
 */
export function nestedIn(
  thrown: unknown,
  first: Attempt,
  attempt: Attempt,
): NestedCalls | undefined {
  const found = takeNested(first, attempt, (retry) => isSince(retry, attempt));
  const marked = markOf(thrown, attempt);
  const end = marked ?? found?.retry;
  if (!end) return undefined;
  const { attempts, maxAttempts, serial } = end;
  const isKnown = found?.isKnown && found.retry.serial === serial;
  return { attempts, maxAttempts, atOnce: isKnown ? found.retry.atOnce : maxAttempts };
}

function markOf(thrown: unknown, since: Attempt | undefined): Mark | undefined {
  let link: unknown = thrown;
  for (let depth = 0; depth < 5 && typeof link === "object" && link !== null; depth += 1) {
    const { [MARK]: found, cause } = link as { readonly [MARK]?: Mark; readonly cause?: unknown };
    if (found && (!since || isSince(found, since))) return found;
    link = cause;
  }
  return undefined;
}

/** Serials of two copies cannot be compared; to try less often is the smaller harm. */
const isSince = (
  { counter, serial }: Pick<NestedRetry, "counter" | "serial">,
  attempt: Attempt,
): boolean => counter !== Attempt || attempt.isBefore(serial);
