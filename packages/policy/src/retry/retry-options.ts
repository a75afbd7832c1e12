/** What a retry can be told, and what it tells. */

import {
  aClassifier,
  aClock,
  aFunction,
  aNumber,
  aRandom,
  type Clock,
  type ErrorReporter,
  having,
  type Listener,
  type Needs,
  numberBetween,
  oneOf,
  type Random,
  wholeNumber,
} from "../base/index.ts";
import type { Classifier } from "../classify/index.ts";
import type { Backoff } from "./backoff.ts";
import type { RetryEnd } from "./nested.ts";
import type { RetryBudget } from "./retry-budget.ts";
import type { RetryLimits } from "./retry-state.ts";

export interface RetryOptions {
  /**
   * Attempts in all, the first included: a whole number from 1. Those of retries further in count as well,
   * see {@link RetryPolicy}. @defaultValue 3
   */
  readonly maxAttempts?: number;
  /**
   * How waits grow: by the multiplier; by the first wait each time; by chance, between the first wait and
   * the multiplier times the wait before; or as a function says, in milliseconds.
   * @defaultValue "exponential"
   */
  readonly backoff?: Backoff | BackoffFunction;
  /** Milliseconds before the second attempt, 0 to 1e12. @defaultValue 200 */
  readonly initialDelayMs?: number;
  /**
   * Longest wait in milliseconds, whoever asks for it, 0 to 1e12; a server that asks for more ends the
   * retry at once. @defaultValue 30_000
   */
  readonly maxDelayMs?: number;
  /**
   * By how much each wait is longer than the one before, 1 to 100; linear waits take no notice.
   * @defaultValue 2, or 3 for decorrelated waits
   */
  readonly backoffMultiplier?: number;
  /**
   * Share of each wait that chance may take away, 0 to 1: 1 is full jitter. Decorrelated waits are
   * chance already, and take no notice, as those of a function. @defaultValue 0.5
   */
  readonly jitterFactor?: number;
  /**
   * Milliseconds from the start of the first attempt, from 0, after which no attempt begins any more; a
   * wait that would outlast it is not begun. A timeout around the retry counts in the same way.
   * @defaultValue no limit
   */
  readonly maxTotalMs?: number;
  /**
   * Shared by all retries of one dependency; an attempt that it refuses does not follow, and the call fails
   * with its own error. @defaultValue none
   */
  readonly budget?: RetryBudget;
  /**
   * Which errors to try again; what was thrown and is no Error comes wrapped. It is not heeded where the
   * caller has left, nor asked where a server of gRPC says that nobody should come back. Where it throws, the
   * class decides. @defaultValue by class
   */
  readonly retryableErrors?: (error: Error) => boolean;
  /** Hears of every retry, before its wait. @defaultValue nobody */
  readonly onRetry?: Listener<RetryEvent>;
  /** Hears of every call that fails in the end, with why no attempt followed. @defaultValue nobody */
  readonly onGiveUp?: Listener<GiveUpEvent>;
  /**
   * Hears of what a listener or `retryableErrors` throws, and of a back-off function that throws or returns
   * no number of milliseconds; the wait is then exponential. @defaultValue the platform's `reportError`, or a warning
   */
  readonly onListenerError?: ErrorReporter;
  /**
   * Says of each failed attempt what it was, and how long the server wants to be left alone.
   * @defaultValue the one of the pipeline, or the tables of `@kintsugi/policy/classify`
   */
  readonly classifier?: Classifier;
  /** Waits, and reads the date of a `Retry-After`. @defaultValue the system's */
  readonly clock?: Clock;
  /** Spreads the waits. @defaultValue the system's */
  readonly random?: Random;
}

export const retryNeeds: Needs<RetryOptions> = {
  maxAttempts: aNumber,
  backoff: oneOf(["exponential", "linear", "decorrelated"], aFunction),
  initialDelayMs: aNumber,
  maxDelayMs: aNumber,
  backoffMultiplier: aNumber,
  jitterFactor: aNumber,
  maxTotalMs: aNumber,
  budget: having("attempt", "succeed", "fail", "repay", "trySpend"),
  retryableErrors: aFunction,
  onRetry: aFunction,
  onGiveUp: aFunction,
  onListenerError: aFunction,
  classifier: aClassifier,
  clock: aClock,
  random: aRandom,
};

/** Milliseconds to wait, from 0; more than `maxDelayMs` is cut to it. */
export type BackoffFunction = (failed: FailedCall) => number;

export interface FailedCall {
  /** The attempt that failed: 1 for the first. */
  readonly attempt: number;
  /** Milliseconds waited before it; 0 before the first. */
  readonly previousDelayMs: number;
  readonly error: Error;
}

export interface RetryEvent {
  /** The attempt that failed: 1 for the first. */
  readonly attempt: number;
  /** Milliseconds until the next. */
  readonly delayMs: number;
  readonly error: Error;
}

export interface GiveUpEvent extends RetryEnd {
  /** What the call fails with. */
  readonly error: Error;
}

/** @throws {@link RangeError} naming the option that is out of its range. */
export function limitsOf(options: RetryOptions): RetryLimits {
  // A rule holds also where a function fails.
  const backoff = typeof options.backoff === "string" ? options.backoff : "exponential";
  const multiplier = options.backoffMultiplier ?? (backoff === "decorrelated" ? 3 : 2);
  return {
    maxAttempts: wholeNumber("maxAttempts", options.maxAttempts ?? 3, 1),
    backoff,
    initialDelayMs: numberBetween("initialDelayMs", options.initialDelayMs ?? 200, 0, 1e12),
    maxDelayMs: numberBetween("maxDelayMs", options.maxDelayMs ?? 30_000, 0, 1e12),
    backoffMultiplier: numberBetween("backoffMultiplier", multiplier, 1, 100),
    jitterFactor: numberBetween("jitterFactor", options.jitterFactor ?? 0.5, 0, 1),
    maxTotalMs: numberBetween("maxTotalMs", options.maxTotalMs ?? Infinity, 0, Infinity),
  };
}
