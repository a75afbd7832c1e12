/** Executor: a named pipeline that returns how a call ended, and never throws for it. */

import {
  type Call,
  type Clock,
  firstAttempt,
  type Listener,
  notify,
  type Policy,
  type Random,
  reportError,
  systemClock,
  systemRandom,
  toError,
} from "../base/index.ts";
import { CircuitBreaker } from "../circuit-breaker/index.ts";
import { type Classifier, createClassifier, judge } from "../classify/index.ts";
import { type FallbackAnswer, FallbackPolicy, type FallbackSource } from "../fallback/index.ts";
import { Pipeline } from "../pipeline/index.ts";
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
  count(measure: CallMeasure): void;
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
  readonly #fallback: FallbackPolicy<F> | undefined;
  readonly #classifier: Classifier;
  readonly #clock: Clock;
  #revision: number;
  #pipeline: Pipeline;

  /**
   * @param shared What a registry keeps for the name; without it the executor stands alone.
   * @throws {@link RangeError} when an option of a policy is out of its range.
   */
  constructor(options: ExecutorOptions<F>, shared?: SharedCall) {
    this.name = options.name;
    this.#options = options;
    this.#shared = shared;
    this.#clock = options.clock ?? systemClock;
    this.#classifier = options.classifier ?? createClassifier({ clock: this.#clock });
    this.#fallback = fallbackOf(options.fallback);
    this.#revision = shared?.revision ?? 0;
    this.#pipeline = this.#assemble();
  }

  /**
   * Makes the call under the policies: each attempt has its own time, the circuit sees each attempt, and
   * the fallback answers when all attempts are over. An abort ends a wait at once.
   */
  async execute<T>(call: Call<T>, signal?: AbortSignal): Promise<ExecutionResult<T | F>> {
    const startedMs = this.#clock.monotonicMs();
    let attempts = 0;
    const counted: Call<T> = (context) => {
      attempts += 1;
      return call(context);
    };
    try {
      const data = await this.#current().execute(counted, signal);
      return this.#answered(data, "primary", attempts, startedMs);
    } catch (thrown) {
      return this.#recover(thrown, signal, attempts, startedMs);
    }
  }

  async #recover(
    thrown: unknown,
    signal: AbortSignal | undefined,
    attempts: number,
    startedMs: number,
  ): Promise<ExecutionResult<F>> {
    const { class: errorClass, outcome } = judge(this.#classifier, thrown, signal);
    let error = toError(thrown);
    if (this.#fallback) {
      try {
        const { value } = await this.#fallback.recover(thrown, firstAttempt(signal));
        return this.#answered(value, "fallback", attempts, startedMs, errorClass);
      } catch (failure) {
        error = toError(failure);
      }
    }
    const durationMs = this.#clock.monotonicMs() - startedMs;
    // An error that its class excuses is still no success.
    this.#report({
      name: this.name,
      outcome: outcome === "ignore" ? "ignore" : "failure",
      attempts,
      durationMs,
      errorClass,
      source: "none",
    });
    return { success: false, error, errorClass, attempts, durationMs };
  }

  #answered<T>(
    data: T,
    source: AnswerSource,
    attempts: number,
    startedMs: number,
    errorClass?: CallMeasure["errorClass"],
  ): ExecutionResult<T> {
    const durationMs = this.#clock.monotonicMs() - startedMs;
    this.#report({
      name: this.name,
      outcome: "success",
      attempts,
      durationMs,
      ...(errorClass !== undefined && { errorClass }),
      source,
    });
    return { success: true, data, attempts, durationMs, source };
  }

  #report(measure: CallMeasure): void {
    this.#shared?.count(measure);
    if (this.#options.onCall) notify(this.#options.onCall, measure, reportError);
  }

  #current(): Pipeline {
    if (this.#shared && this.#shared.revision !== this.#revision) {
      this.#revision = this.#shared.revision;
      this.#pipeline = this.#assemble();
    }
    return this.#pipeline;
  }

  /** Retry outside the circuit, the circuit outside the timeout: an attempt is what each of them sees. */
  #assemble(): Pipeline {
    const { name, random = systemRandom } = this.#options;
    const clock = this.#clock;
    const classifier = this.#classifier;
    const { retry, circuitBreaker, timeout } =
      this.#shared?.policies(this.#options) ?? this.#options;
    const row: Policy[] = [];
    if (retry) row.push(new RetryPolicy({ ...retry, clock, random, classifier }));
    if (circuitBreaker) {
      const breaker =
        this.#shared?.breaker(circuitBreaker) ??
        new CircuitBreaker({ ...circuitBreaker, name, clock, classifier });
      row.push(breaker.strict);
    }
    if (timeout !== undefined) {
      const options = typeof timeout === "number" ? { timeoutMs: timeout } : timeout;
      row.push(new TimeoutPolicy({ ...options, name, clock }));
    }
    return new Pipeline(row);
  }
}

function fallbackOf<F>(fallback: ExecutorOptions<F>["fallback"]): FallbackPolicy<F> | undefined {
  if (fallback === undefined) return undefined;
  const sources =
    typeof fallback === "function" ? [{ name: "fallback", answer: fallback }] : fallback;
  return new FallbackPolicy({ sources });
}
