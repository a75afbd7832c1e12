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
 * its error with how many attempts were made, and one around it counts them as its own.
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

/** Attempts that retries further in have made before they gave up, and the most that they may make. */
export interface NestedAttempts {
  readonly attempts: number;
  readonly maxAttempts: number;
}

/** An attempt that failed, and what is known of it. */
export interface FailedAttempt {
  /** Its number: 1 for the first. */
  readonly attempt: number;
  /** Attempts made so far, with those of retries further in. */
  readonly made: number;
  /** Milliseconds in which another attempt may still begin. */
  readonly leftMs: number;
  /** Its caller has given up. */
  readonly aborted: boolean;
  readonly retryable: boolean;
  /** What the other side asks for; 0 where it asks for nothing. */
  readonly retryAfterMs: number;
  /** What the last attempt found further in. */
  readonly nested: NestedAttempts | undefined;
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
  if (failed.attempt >= limits.maxAttempts || isSpent(limits, failed)) {
    return { kind: "give-up", why: "attempts" };
  }
  // To sleep longer than agreed helps nobody, and to come back earlier than asked helps less.
  if (failed.retryAfterMs > limits.maxDelayMs) return { kind: "give-up", why: "wait" };
  const delayMs = Math.max(failed.retryAfterMs, Math.min(limits.maxDelayMs, supply.backoffMs()));
  if (delayMs > failed.leftMs) return { kind: "give-up", why: "time" };
  if (!supply.trySpend()) return { kind: "give-up", why: "budget" };
  return { kind: "again", delayMs };
}

/**
 * With a retry further in, the next attempt costs up to as many as that one may make: the larger of the
 * two numbers is the most that all of them together may reach, never the product.
 */
function isSpent({ maxAttempts }: RetryLimits, { made, nested }: FailedAttempt): boolean {
  if (!nested) return made >= maxAttempts;
  return made + nested.maxAttempts > Math.max(maxAttempts, nested.maxAttempts);
}
