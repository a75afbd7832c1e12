/** A policy that lets a call in or turns it away, and hears how it ended: breaker, bulkhead, limiter. */

import { Attempt } from "./attempt.ts";
import type { Call, CallContext, Outcome } from "./call.ts";
import type { RejectedError } from "./errors.ts";

/** `tryAdmit` turns the call away. */
export const REFUSED = -1;

/** `tryAdmit` cannot say yet: `waitFor` will. */
export const MUST_WAIT = -2;

/** How an attempt failed, judged once for all policies around it. */
export interface Verdict {
  readonly outcome: Outcome;
  /** Whether another attempt at the same target can end better. */
  readonly retryable: boolean;
  /** Milliseconds that the other side asks to be left alone. */
  readonly retryAfterMs?: number;
}

/** What is thrown under a signal, judged. */
export type Judge = (thrown: unknown, signal: AbortSignal | undefined) => Verdict;

/**
 * Admission is decided at once and allocates nothing: a permit is a whole number from 0 that the guard
 * gets back with the end. So a pipeline can run a row of guards in one frame.
 */
export interface Guard {
  /** A permit, {@link REFUSED} or {@link MUST_WAIT}. Throws nothing. */
  tryAdmit(attempt: Attempt): number;
  /** Why it was refused; made only then. */
  refusal(attempt: Attempt): RejectedError;
  /**
   * Waits for a permit, where `tryAdmit` said {@link MUST_WAIT}.
   *
   * @throws {@link RejectedError} when none comes, or the reason of the parent signal.
   */
  waitFor?(attempt: Attempt): Promise<number>;
  /**
   * Once for each permit; `verdict` is undefined for a success. `ended` is what the call returned or
   * threw: for guards that judge by themselves, or read what the call has cost.
   */
  settle(permit: number, attempt: Attempt, verdict: Verdict | undefined, ended: unknown): void;
}

/** Runs a call under one guard. */
export async function runGuarded<T>(
  guard: Guard,
  judge: Judge,
  call: Call<T>,
  context: CallContext,
): Promise<T> {
  const attempt = new Attempt(context);
  const permit = await permitOf(guard, attempt);
  try {
    const value = await call(attempt);
    guard.settle(permit, attempt, undefined, value);
    return value;
  } catch (thrown) {
    guard.settle(permit, attempt, judge(thrown, attempt.parent), thrown);
    throw thrown;
  }
}

async function permitOf(guard: Guard, attempt: Attempt): Promise<number> {
  const permit = guard.tryAdmit(attempt);
  if (permit >= 0) return permit;
  if (permit === MUST_WAIT && guard.waitFor) return guard.waitFor(attempt);
  throw guard.refusal(attempt);
}
