/**
 * The one decision of a retry: again, and after what wait, or not.
 *
 *     attempt ───── succeeds ─────▶ done
 *      ▲    │
 *      │    └── fails ──▶ decide ── give-up ──▶ the last error, marked with why
 *      │                     │
 *      └──── after a wait ───┘ again
 *
 * Retries inside retries multiply: three around three make nine requests. So a retry that gives up marks
 * its error, and the signal that it was given, with how many calls were made, and one around it counts
 * them as its own; and one that was given the signal of another's attempt asks how many are left.
 */

import type { BackoffLimits } from "./backoff.ts";

export interface RetryLimits extends BackoffLimits {
  /** Attempts in all, the first included. */
  readonly maxAttempts: number;
  /** Milliseconds from the start of the first attempt in which the last may begin. */
  readonly maxTotalMs: number;
}

/**
 * Why no attempt followed: its caller has left; another would end no better; all attempts were made; the
 * server asks for a longer wait than is agreed; the wait would outlast the time that is left; the budget
 * has nothing left.
 */
export type RetryEndReason = "aborted" | "not-retryable" | "attempts" | "wait" | "time" | "budget";

/**
 * Attempts that were made before a retry gave up, by it and by retries further in, and the most that may be
 * made. What was refused never ran, and is not counted.
 */
export interface NestedAttempts {
  readonly attempts: number;
  readonly maxAttempts: number;
}

/** An attempt that failed, and what is known of it. */
export interface FailedAttempt {
  /** Its number: 1 for the first. */
  readonly attempt: number;
  /** Attempts made so far, with those of retries further in; none for what was refused. */
  readonly made: number;
  /** Milliseconds in which another attempt may still begin. */
  readonly leftMs: number;
  /** Its caller has given up. */
  readonly aborted: boolean;
  readonly retryable: boolean;
  /** What the other side asks for; 0 where it asks for nothing. */
  readonly retryAfterMs: number;
  /** That is all it takes: no back-off is laid over it. */
  readonly pushedBack: boolean;
  /** Calls that another attempt makes before it can be stopped: 1, or more with a retry further in. */
  readonly atOnce: number;
  /** The largest number of attempts of it and of the retries further in. */
  readonly most: number;
  /** Calls that the retries around it leave to it; Infinity where there is none. */
  readonly callsLeft: number;
}

/** What another attempt takes; asked only where nothing else speaks against one. */
export interface Supply {
  /** Milliseconds of back-off, from 0. */
  backoffMs(): number;
  /** Takes the attempt from the budget, where there is one; false where it has nothing left. */
  trySpend(): boolean;
}

type RetryDecision = Readonly<
  { kind: "again"; delayMs: number } | { kind: "give-up"; why: RetryEndReason }
>;

export function decide(limits: RetryLimits, failed: FailedAttempt, supply: Supply): RetryDecision {
  if (failed.aborted) return { kind: "give-up", why: "aborted" };
  if (!failed.retryable) return { kind: "give-up", why: "not-retryable" };
  if (failed.attempt >= limits.maxAttempts || isSpent(failed)) {
    return { kind: "give-up", why: "attempts" };
  }
  // To sleep longer than agreed helps nobody, and to come back earlier than asked helps less.
  if (failed.retryAfterMs > limits.maxDelayMs) return { kind: "give-up", why: "wait" };
  const delayMs = failed.pushedBack
    ? failed.retryAfterMs
    : Math.max(failed.retryAfterMs, Math.min(limits.maxDelayMs, supply.backoffMs()));
  if (delayMs > failed.leftMs) return { kind: "give-up", why: "time" };
  if (!supply.trySpend()) return { kind: "give-up", why: "budget" };
  return { kind: "again", delayMs };
}

/** The larger of the numbers is the most that all of them together may reach, never the product. */
function isSpent({ made, atOnce, most, callsLeft }: FailedAttempt): boolean {
  return made + atOnce > Math.min(most, callsLeft);
}
