/** A policy that lets a call in or turns it away, and hears how it ended: breaker, bulkhead, limiter. */

import type { Attempt } from "./attempt.ts";
import type { Verdict } from "./call.ts";
import type { RejectedError } from "./errors.ts";

/** `tryAdmit` turns the call away. */
export const REFUSED = -1;

/** `tryAdmit` cannot say yet: `waitFor` will. */
export const MUST_WAIT = -2;

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

/** @throws {@link RejectedError} where the guard lets nobody in. */
export async function permitOf(
  guard: Guard,
  attempt: Attempt,
  permit: number = guard.tryAdmit(attempt),
): Promise<number> {
  if (permit >= 0) return permit;
  if (permit === MUST_WAIT && guard.waitFor) return guard.waitFor(attempt);
  throw guard.refusal(attempt);
}
