/** What becomes of the end of an executor's call. */

import {
  type Attempt,
  type Clock,
  type Ending,
  firstAttempt,
  type Listener,
  notify,
  type Outcome,
  reportError,
  toError,
} from "../base/index.ts";
import { type Classifier, type ErrorClass, judgeOnce } from "../classify/index.ts";
import { type FallbackAnswer, FallbackPolicy, type FallbackSource } from "../fallback/index.ts";
import type { AnswerSource, CallMeasure, ExecutionResult } from "./result.ts";
import type { SharedCall } from "./shared-call.ts";

export interface EndingOptions<F> {
  readonly name: string;
  readonly clock: Clock;
  readonly classifier: Classifier;
  readonly fallback: FallbackPolicy<F> | undefined;
  readonly onCall: Listener<CallMeasure> | undefined;
  readonly shared: SharedCall;
}

/** Makes a result of every end, counts it, and tells those who listen. */
export class ResultEnding<F> implements Ending {
  readonly clock: Clock;
  readonly #name: string;
  readonly #classifier: Classifier;
  readonly #fallback: FallbackPolicy<F> | undefined;
  readonly #onCall: Listener<CallMeasure> | undefined;
  readonly #shared: SharedCall;

  constructor({ name, clock, classifier, fallback, onCall, shared }: EndingOptions<F>) {
    this.clock = clock;
    this.#name = name;
    this.#classifier = classifier;
    this.#fallback = fallback;
    this.#onCall = onCall;
    this.#shared = shared;
  }

  answered<T>(data: T, first: Attempt, attempts: number): ExecutionResult<T> {
    return this.#success(data, "primary", first, attempts, undefined);
  }

  /** The answer is not this call's own; attempts for nothing stand before one that is stale. */
  kept<T>(data: T, first: Attempt, attempts: number): ExecutionResult<T> {
    return this.#success(data, "cache", first, attempts, undefined);
  }

  async failed(thrown: unknown, first: Attempt, attempts: number): Promise<ExecutionResult<F>> {
    const judged = judgeOnce(this.#classifier, thrown, first.parent, first);
    let error = toError(thrown);
    if (this.#fallback) {
      try {
        const { value } = await this.#fallback.recover(thrown, firstAttempt(first.parent));
        return this.#success(value, "fallback", first, attempts, judged.class);
      } catch (failure) {
        error = toError(failure);
      }
    }
    // An error that its class excuses is still no success.
    const outcome = judged.outcome === "ignore" ? "ignore" : "failure";
    const durationMs = this.clock.monotonicMs() - first.startedMs;
    this.#tell(outcome, attempts, durationMs, "none", judged.class);
    return { success: false, error, errorClass: judged.class, attempts, durationMs };
  }

  #success<T>(
    data: T,
    source: AnswerSource,
    first: Attempt,
    attempts: number,
    errorClass: ErrorClass | undefined,
  ): ExecutionResult<T> {
    const durationMs = this.clock.monotonicMs() - first.startedMs;
    this.#tell("success", attempts, durationMs, source, errorClass);
    return { success: true, data, attempts, durationMs, source };
  }

  /** A measure is made only where somebody hears of it. */
  #tell(
    outcome: Outcome,
    attempts: number,
    durationMs: number,
    source: CallMeasure["source"],
    errorClass: ErrorClass | undefined,
  ): void {
    const shared = this.#shared;
    shared.tally.count(outcome, attempts, source);
    if (!this.#onCall && !shared.isHeard) return;
    const about = errorClass !== undefined && { errorClass };
    const measure = { name: this.#name, outcome, attempts, durationMs, ...about, source };
    shared.tell(measure);
    if (this.#onCall) notify(this.#onCall, measure, reportError);
  }
}

/** What an executor names as its fallback, as a policy. */
export function fallbackOf<F>(
  fallback: FallbackAnswer<F> | readonly FallbackSource<F>[] | undefined,
): FallbackPolicy<F> | undefined {
  if (fallback === undefined) return undefined;
  if (typeof fallback === "function") {
    return new FallbackPolicy({ sources: [{ name: "fallback", answer: fallback }] });
  }
  return new FallbackPolicy({ sources: fallback });
}
