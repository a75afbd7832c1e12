/** Executor: a named pipeline that returns how a call ended, and never throws for it. */

import {
  type Attempt,
  type Call,
  type Clock,
  type Ending,
  type Frame,
  firstAttempt,
  type Listener,
  notify,
  type Outcome,
  type Policy,
  type Random,
  reportError,
  systemClock,
  systemRandom,
  toError,
} from "../base/index.ts";
import { CircuitBreaker } from "../circuit-breaker/index.ts";
import { type Classifier, createClassifier, type ErrorClass, judge } from "../classify/index.ts";
import { type FallbackAnswer, FallbackPolicy, type FallbackSource } from "../fallback/index.ts";
import { frameOf } from "../pipeline/index.ts";
import { RetryPolicy } from "../retry/index.ts";
import { TimeoutPolicy } from "../timeout/index.ts";
import type { AnswerSource, CallMeasure, ExecutionResult } from "./result.ts";
import type { CallPolicies } from "./settings.ts";

export interface ExecutorOptions<F = never> extends CallPolicies {
  /** Names the dependency in measures and errors. */
  readonly name: string;
  /** Answers for a call that has failed for good; a list is asked in its order. @defaultValue none */
  readonly fallback?: FallbackAnswer<F> | readonly FallbackSource<F>[];
  /** Hears of the end of every call. */
  readonly onCall?: Listener<CallMeasure>;
  /** @defaultValue the tables of `@kintsugi/policy/classify` */
  readonly classifier?: Classifier;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** What executors of one name share; a registry keeps it. */
export interface SharedCall {
  /** Grows when something was configured: then the policies are put together anew. */
  readonly revision: number;
  /** The policies that hold for an executor that was made with `own`. */
  policies(own: CallPolicies): CallPolicies;
  /** The one circuit of the name. */
  breaker(thresholds: NonNullable<CallPolicies["circuitBreaker"]>): CircuitBreaker<unknown>;
  /** Counts a call that has ended. */
  count(outcome: Outcome, attempts: number, source: CallMeasure["source"]): void;
  /** Whether anybody hears of measures: none is made for nobody. */
  readonly isHeard: boolean;
  tell(measure: CallMeasure): void;
}

/**
 * @example
 * const executor = new ResilientExecutor({ name: "search", retry: {}, timeout: 2_000 });
 * const result = await executor.execute(({ signal }) => search(query, { signal }));
 * if (result.success) show(result.data);
 */
export class ResilientExecutor<F = never> {
  readonly name: string;
  readonly #options: ExecutorOptions<F>;
  readonly #shared: SharedCall | undefined;
  readonly #ending: Ending;
  #revision: number;
  #frame: Frame;

  /**
   * @param shared What a registry keeps for the name; without it the executor stands alone.
   * @throws {@link RangeError} when an option of a policy is out of its range.
   */
  constructor(options: ExecutorOptions<F>, shared?: SharedCall) {
    this.name = options.name;
    this.#options = options;
    this.#shared = shared;
    this.#ending = new Result(options, shared);
    this.#revision = shared?.revision ?? 0;
    this.#frame = this.#assemble();
  }

  /**
   * Makes the call under the policies: each attempt has its own time, the circuit sees each attempt, and
   * the fallback answers when all attempts are over. An abort ends a wait at once.
   */
  execute<T>(call: Call<T>, signal?: AbortSignal): Promise<ExecutionResult<T | F>> {
    if (this.#shared && this.#shared.revision !== this.#revision) {
      this.#revision = this.#shared.revision;
      this.#frame = this.#assemble();
    }
    const running: Promise<unknown> = this.#frame.execute(call, signal);
    return running as Promise<ExecutionResult<T | F>>; // As its ending makes it.
  }

  /** Retry outside the circuit, the circuit outside the timeout: an attempt is what each of them sees. */
  #assemble(): Frame {
    const { name, classifier: own, clock = systemClock, random = systemRandom } = this.#options;
    const { retry, circuitBreaker, timeout } =
      this.#shared?.policies(this.#options) ?? this.#options;
    const classifier = own && { classifier: own };
    const row: Policy[] = [];
    if (retry) row.push(new RetryPolicy({ ...retry, clock, random, ...classifier }));
    if (circuitBreaker) {
      const breaker =
        this.#shared?.breaker(circuitBreaker) ??
        new CircuitBreaker({ ...circuitBreaker, name, clock, ...classifier });
      row.push(breaker.strict);
    }
    if (timeout !== undefined) {
      const options = typeof timeout === "number" ? { timeoutMs: timeout } : timeout;
      row.push(new TimeoutPolicy({ ...options, name, clock }));
    }
    return frameOf(row, this.#ending);
  }
}

/** Makes a result of every end, counts it, and tells those who listen. */
class Result<F> implements Ending {
  readonly clock: Clock;
  readonly #name: string;
  readonly #classifier: Classifier;
  readonly #fallback: FallbackPolicy<F> | undefined;
  readonly #onCall: Listener<CallMeasure> | undefined;
  readonly #shared: SharedCall | undefined;

  constructor(options: ExecutorOptions<F>, shared: SharedCall | undefined) {
    this.clock = options.clock ?? systemClock;
    this.#name = options.name;
    this.#classifier = options.classifier ?? createClassifier({ clock: this.clock });
    this.#fallback = fallbackOf(options.fallback);
    this.#onCall = options.onCall;
    this.#shared = shared;
  }

  answered<T>(data: T, first: Attempt, attempts: number): ExecutionResult<T> {
    return this.#success(data, "primary", first, attempts, undefined);
  }

  async failed(thrown: unknown, first: Attempt, attempts: number): Promise<ExecutionResult<F>> {
    const judged = judge(this.#classifier, thrown, first.parent);
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
    this.#shared?.count(outcome, attempts, source);
    if (!this.#onCall && !this.#shared?.isHeard) return;
    const about = errorClass !== undefined && { errorClass };
    const measure = { name: this.#name, outcome, attempts, durationMs, ...about, source };
    this.#shared?.tell(measure);
    if (this.#onCall) notify(this.#onCall, measure, reportError);
  }
}

function fallbackOf<F>(fallback: ExecutorOptions<F>["fallback"]): FallbackPolicy<F> | undefined {
  if (fallback === undefined) return undefined;
  const sources =
    typeof fallback === "function" ? [{ name: "fallback", answer: fallback }] : fallback;
  return new FallbackPolicy({ sources });
}
