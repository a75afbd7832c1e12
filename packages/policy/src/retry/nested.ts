/** The mark on an error by which a retry finds that one further in has tried already, and why it ended. */

import { Attempt } from "../base/index.ts";
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
interface Mark extends RetryEnd {
  /** Of the first attempt of the retry that made it. */
  readonly serial: number;
  /** Whose serials they are: each copy of the package counts its own. */
  readonly counter: unknown;
}

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
  if (typeof thrown !== "object" || thrown === null) return;
  try {
    if (typeof key === "string" && key in thrown) return;
    Reflect.defineProperty(thrown, key, { value, configurable: true, writable: true });
  } catch {
    // A proxy that refuses: it stays as it is.
  }
}

/**
 * How the retry ended that gave up with this error, or with one that it was made of; undefined where none
 * did. With `since`, only a retry that began after that attempt counts: an error object may be thrown
 * more than once.
 *
 * @example
 * const end = retryEndOf(error);
 * if (end?.why === "budget") shed(end.refusal);
 */
export function retryEndOf(thrown: unknown, since?: Attempt): RetryEnd | undefined {
  let link: unknown = thrown;
  for (let depth = 0; depth < 5 && typeof link === "object" && link !== null; depth += 1) {
    const { [MARK]: found, cause } = link as { readonly [MARK]?: Mark; readonly cause?: unknown };
    // Serials of two copies cannot be compared; to try less often is the smaller harm.
    if (found && (!since || found.counter !== Attempt || since.isBefore(found.serial))) {
      return found;
    }
    link = cause;
  }
  return undefined;
}
