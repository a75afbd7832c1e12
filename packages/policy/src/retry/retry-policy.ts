/** Retry: try again what may work the next time, and not too soon. */

import {
  type Call,
  type CallContext,
  type Clock,
  type ErrorReporter,
  firstAttempt,
  givenSignal,
  type Listener,
  laterAttempt,
  notify,
  numberBetween,
  type Policy,
  type Random,
  RejectedError,
  reportError,
  sleep,
  systemClock,
  systemRandom,
  toError,
  wholeNumber,
} from "../base/index.ts";
import { type Classifier, createClassifier, judge } from "../classify/index.ts";
import { mark, markSince } from "./nested.ts";
import { decide, type NestedAttempts, type RetryLimits } from "./retry-state.ts";

export interface RetryOptions {
  /** Attempts in all, the first included. @defaultValue 3 */
  readonly maxAttempts?: number;
  /** Milliseconds before the second attempt. @defaultValue 200 */
  readonly initialDelayMs?: number;
  /** Longest wait, whoever asks for it; a server that asks for more ends the retry. @defaultValue 30_000 */
  readonly maxDelayMs?: number;
  /** By how much each wait is longer than the one before, 1 to 100. @defaultValue 2 */
  readonly backoffMultiplier?: number;
  /** Share of each wait that chance may take away, 0 to 1. @defaultValue 0.5 */
  readonly jitterFactor?: number;
  /** Milliseconds after which no attempt begins any more. @defaultValue no limit */
  readonly maxTotalMs?: number;
  /** Which errors to try again; what was thrown and is no Error comes wrapped. @defaultValue by class */
  readonly retryableErrors?: (error: Error) => boolean;
  /** Hears of every retry, before its wait. */
  readonly onRetry?: Listener<RetryEvent>;
  /** Hears of what `onRetry` throws. @defaultValue the platform's `reportError`, or a warning */
  readonly onListenerError?: ErrorReporter;
  /** @defaultValue the tables of `@kintsugi/policy/classify` */
  readonly classifier?: Classifier;
  readonly clock?: Clock;
  readonly random?: Random;
}

export interface RetryEvent {
  /** The attempt that failed: 1 for the first. */
  readonly attempt: number;
  /** Milliseconds until the next. */
  readonly delayMs: number;
  readonly error: Error;
}

/**
 * @example
 * const policy = new RetryPolicy({ maxAttempts: 5, initialDelayMs: 1_000 });
 * const answer = await policy.execute(({ signal }) => askModel(prompt, { signal }));
 */
export class RetryPolicy implements Policy {
  readonly #limits: RetryLimits;
  readonly #retryableErrors: ((error: Error) => boolean) | undefined;
  readonly #onRetry: Listener<RetryEvent> | undefined;
  readonly #onListenerError: ErrorReporter;
  readonly #classifier: Classifier;
  readonly #clock: Clock;
  readonly #random: Random;

  /** @throws {@link RangeError} when an option is out of its range. */
  constructor(options: RetryOptions = {}) {
    const initialDelayMs = numberBetween("initialDelayMs", options.initialDelayMs ?? 200, 0, 1e12);
    this.#limits = {
      maxAttempts: wholeNumber("maxAttempts", options.maxAttempts ?? 3, 1),
      initialDelayMs,
      maxDelayMs: numberBetween("maxDelayMs", options.maxDelayMs ?? 30_000, 0, 1e12),
      backoffMultiplier: numberBetween("backoffMultiplier", options.backoffMultiplier ?? 2, 1, 100),
      jitterFactor: numberBetween("jitterFactor", options.jitterFactor ?? 0.5, 0, 1),
      maxTotalMs: numberBetween("maxTotalMs", options.maxTotalMs ?? Infinity, 0, Infinity),
    };
    this.#retryableErrors = options.retryableErrors;
    this.#onRetry = options.onRetry;
    this.#onListenerError = options.onListenerError ?? reportError;
    this.#clock = options.clock ?? systemClock;
    this.#classifier = options.classifier ?? createClassifier({ clock: this.#clock });
    this.#random = options.random ?? systemRandom;
  }

  /**
   * Makes the call until it succeeds, it is not worth another try, or the limits are reached. An abort
   * ends a wait at once, and no attempt follows.
   *
   * @throws what the last attempt threw that was not refused, or the signal's reason when it was aborted
   * between two.
   */
  execute<T>(call: Call<T>, signal?: AbortSignal): Promise<T> {
    return this.within(call, firstAttempt(signal));
  }

  async within<T>(call: Call<T>, context: CallContext): Promise<T> {
    const signal = givenSignal(context);
    signal?.throwIfAborted();
    const startedMs = this.#clock.monotonicMs();
    try {
      return await call(context);
    } catch (thrown) {
      return this.#again(call, context, signal, startedMs, thrown);
    }
  }

  /** Apart from the first attempt, so that a call that succeeds pays for none of this. */
  async #again<T>(
    call: Call<T>,
    context: CallContext,
    signal: AbortSignal | undefined,
    startedMs: number,
    firstThrown: unknown,
  ): Promise<T> {
    let thrown = firstThrown;
    let failure = firstThrown;
    let attemptStartedMs = startedMs;
    let made = 0;
    for (let attempt = 1; ; attempt += 1) {
      const nested = markSince(thrown, attemptStartedMs, this.#clock);
      made += nested?.attempts ?? 1;
      const delayMs = this.#delayMs({ attempt, made, nested, thrown, signal, startedMs });
      // That a circuit opened ends the retry; why the call failed is what happened before.
      if (!(thrown instanceof RejectedError)) failure = thrown;
      if (delayMs === undefined) {
        this.#mark(failure, made, nested?.maxAttempts ?? 0, startedMs);
        throw failure;
      }
      await sleep(this.#clock, delayMs, signal);
      attemptStartedMs = this.#clock.monotonicMs();
      try {
        return await call(laterAttempt(context, attempt + 1));
      } catch (next) {
        thrown = next;
      }
    }
  }

  /** Milliseconds until the next attempt; undefined where there is none. */
  #delayMs(failed: {
    readonly attempt: number;
    readonly made: number;
    readonly nested: NestedAttempts | undefined;
    readonly thrown: unknown;
    readonly signal: AbortSignal | undefined;
    readonly startedMs: number;
  }): number | undefined {
    const { attempt, made, nested, thrown, signal, startedMs } = failed;
    const error = toError(thrown);
    const { retryable, retryAfterMs = 0 } = judge(this.#classifier, thrown, signal);
    const isWanted = this.#retryableErrors?.(error) ?? retryable;
    const elapsedMs = this.#clock.monotonicMs() - startedMs;
    const decision = decide(
      this.#limits,
      {
        attempt,
        made,
        elapsedMs,
        retryable: isWanted && !signal?.aborted,
        retryAfterMs,
        nested,
      },
      this.#random.next(),
    );
    if (decision.kind === "give-up") return undefined;
    const { delayMs } = decision;
    if (this.#onRetry) notify(this.#onRetry, { attempt, delayMs, error }, this.#onListenerError);
    return delayMs;
  }

  #mark(thrown: unknown, attempts: number, mostWithin: number, startedMs: number): void {
    const maxAttempts = Math.max(this.#limits.maxAttempts, mostWithin);
    if (maxAttempts === 1) return; // It never tries again, so it cannot multiply.
    mark(thrown, { attempts, maxAttempts, startedMs, clock: this.#clock });
  }
}
