/** How a call under an executor ended: for who made it, and for who counts. */

import type { Outcome } from "../base/index.ts";
import type { CircuitState } from "../circuit-breaker/index.ts";
import type { ErrorClass } from "../classify/index.ts";

/**
 * Who answered: the call; a fallback in its place; or the cache, with an answer that was kept or that
 * another call brought meanwhile.
 */
export type AnswerSource = "primary" | "fallback" | "cache";

/** What an executor returns in place of throwing: look at `success`, and the rest is typed. */
export type ExecutionResult<T> =
  | {
      readonly success: true;
      readonly data: T;
      readonly error?: undefined;
      /** How often the call was made, hedges included; 0 when it was refused, or was not needed. */
      readonly attempts: number;
      /** Milliseconds in all, with every wait. */
      readonly durationMs: number;
      readonly source: AnswerSource;
    }
  | {
      readonly success: false;
      readonly data?: undefined;
      readonly error: Error;
      readonly errorClass: ErrorClass;
      readonly attempts: number;
      readonly durationMs: number;
    };

/** A measure: one call has ended. It is told and counted, never stored. */
export interface CallMeasure {
  readonly name: string;
  /** How it ended for who made it; `ignore` when nobody but they are to blame. */
  readonly outcome: Outcome;
  readonly attempts: number;
  readonly durationMs: number;
  /** Class of the last failure, also where a fallback answered. */
  readonly errorClass?: ErrorClass;
  /** Who answered; `none` when the call failed. */
  readonly source: AnswerSource | "none";
}

/** A measure: the circuit of a name has changed its state. */
export interface CircuitMeasure {
  readonly name: string;
  readonly from: CircuitState["kind"];
  readonly to: CircuitState["kind"];
}

/** Calls of a name since its registry was made, or since the name was, if it has gone in between. */
export interface CallTotals {
  readonly calls: number;
  readonly failed: number;
  /** Calls that needed more than one attempt. */
  readonly retried: number;
  /** Calls for which a fallback answered. */
  readonly fallbacks: number;
  /** Calls for which the cache answered. */
  readonly cached: number;
  readonly attempts: number;
}

/** Counts the calls of a name. */
export class Tally {
  #calls = 0;
  #failed = 0;
  #retried = 0;
  #fallbacks = 0;
  #cached = 0;
  #attempts = 0;

  get totals(): CallTotals {
    return {
      calls: this.#calls,
      failed: this.#failed,
      retried: this.#retried,
      fallbacks: this.#fallbacks,
      cached: this.#cached,
      attempts: this.#attempts,
    };
  }

  count(outcome: Outcome, attempts: number, source: CallMeasure["source"]): void {
    this.#calls += 1;
    this.#attempts += attempts;
    if (outcome !== "success") this.#failed += 1;
    if (attempts > 1) this.#retried += 1;
    if (source === "fallback") this.#fallbacks += 1;
    if (source === "cache") this.#cached += 1;
  }
}
