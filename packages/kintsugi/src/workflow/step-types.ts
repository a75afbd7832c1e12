/** What whoever writes a step sees. */

import type { Duration, Policy } from "@kintsugi/policy/base";

/** What the code of a step is told. */
export interface StepContext {
  /** Aborted when the run is cancelled, the step's time is up, or the runtime stops. */
  readonly signal: AbortSignal;
  /** 1 for the first; grows with retries, not with crashes. */
  readonly attempt: number;
  /** The same for every attempt at this step, also after a crash: hand it to whom you call. */
  readonly idempotencyKey: string;
}

/** A step that can be undone: what a run has done is undone when it comes to a bad end. */
export interface UndoableStep<T> {
  readonly run: (context: StepContext) => Promise<T> | T;
  readonly undo: Undo<T>;
}

/**
 * Undoes what a step has done, given what it returned. It must be safe to repeat, for one that is in flight
 * at a crash runs again; it has the options of its step, and an idempotency key of its own.
 */
export type Undo<T> = (result: T, context: StepContext) => Promise<void> | void;

export interface StepOptions {
  /**
   * Attempts in all, the first included. An error that no attempt can better, such as a wrong key or
   * a fault in the code, ends them at once; refusals, and errors of no known class, are tried again.
   * Where the code of the step retries by itself, all calls together are no more than the larger of the
   * two numbers; a refusal is no call. Hand it the signal, so that it knows how many are left.
   * @defaultValue 1
   */
  readonly maxAttempts?: number;
  /**
   * Wait before the second attempt; doubles for each that follows, up to an hour. Longer where a server,
   * or an open circuit, asks for more; one that asks for more than an hour ends the attempts.
   * @defaultValue "200ms"
   */
  readonly retryDelay?: Duration;
  /** Time for each attempt; then the attempt fails with a TimeoutError. @defaultValue none */
  readonly timeout?: Duration;
  /** Policies around the whole step, such as a pipeline of `@kintsugi/policy`. */
  readonly policy?: Policy;
}
