/** Retry: try again what may work the next time, and not too soon. */

import {
  type Again,
  type Attempt,
  type Call,
  type CallContext,
  type Clock,
  type ErrorReporter,
  Frame,
  type Layer,
  type Listener,
  notify,
  numberBetween,
  type Policy,
  type Random,
  RejectedError,
  type Retry,
  rejectSoon,
  reportError,
  sleep,
  systemClock,
  systemRandom,
  toError,
  type Verdict,
  wholeNumber,
} from "../base/index.ts";
import { type Classifier, createClassifier, judge, judgeByTables } from "../classify/index.ts";
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

const MAX_ATTEMPTS = 3;
const defaults: RetryOptions = {};

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
  readonly #series: Series;
  #frame: Frame | undefined = undefined;

  /** @throws {@link RangeError} when an option is out of its range. */
  constructor(options: RetryOptions = defaults) {
    this.#series = new Series(options);
  }

  get layer(): Layer {
    return { kind: "retry", retry: this.#series };
  }

  /**
   * Makes the call until it succeeds, it is not worth another try, or the limits are reached. An abort
   * ends a wait at once, and no attempt follows.
   *
   * @throws what the last attempt threw that was not refused, or the signal's reason when it was aborted
   * between two.
   */
  execute<T>(call: Call<T>, signal?: AbortSignal): Promise<T> {
    return this.#framed().execute(call, signal);
  }

  within<T>(call: Call<T>, context: CallContext): Promise<T> {
    return this.#framed().within(call, context);
  }

  #framed(): Frame {
    this.#frame ??= new Frame({ judge: judgeByTables, retry: this.#series });
    return this.#frame;
  }
}

/** What follows the first attempt; a call that succeeds at once passes none of it. */
class Series implements Retry {
  /** Nobody looks at it unless the time in all is limited. */
  readonly clock: Clock | undefined;
  readonly #options: RetryOptions;
  /** Put together at the first failure. */
  #limits: RetryLimits | undefined = undefined;
  /** Undefined where the verdict of the frame holds. */
  readonly #classifier: Classifier | undefined;

  constructor(options: RetryOptions) {
    const { clock = systemClock, classifier } = options;
    limitsOf(options); // Refuses here what would fail later.
    this.#options = options;
    this.clock = (options.maxTotalMs ?? Infinity) === Infinity ? undefined : clock;
    this.#classifier = classifier ?? classifierOn(clock);
  }

  after<T>(thrown: unknown, first: Attempt, again: Again<T>): Promise<T> {
    const failure = new Failure(thrown, first);
    const delayMs = this.#delayMs(failure);
    return delayMs === undefined
      ? rejectSoon<T>(this.#giveUp(failure))
      : this.#again(failure, delayMs, again);
  }

  async #again<T>(failure: Failure, firstDelayMs: number, again: Again<T>): Promise<T> {
    const { clock = systemClock } = this.#options;
    let delayMs: number | undefined = firstDelayMs;
    while (delayMs !== undefined) {
      await sleep(clock, delayMs, failure.first.parent);
      const next = again.next(failure.attempt + 1);
      try {
        return await again.run(next);
      } catch (thrown) {
        failure.add(thrown, next);
        delayMs = this.#delayMs(failure);
      }
    }
    throw this.#giveUp(failure);
  }

  /** Milliseconds until the next attempt; undefined where there is none. */
  #delayMs(failure: Failure): number | undefined {
    const { first, attempt, made, nested, thrown } = failure;
    const { retryableErrors, onRetry, onListenerError = reportError } = this.#options;
    const { random = systemRandom } = this.#options;
    const { retryable, retryAfterMs = 0 } = this.#verdict(failure);
    const isWanted = retryableErrors?.(toError(thrown)) ?? retryable;
    const elapsedMs = this.clock ? this.clock.monotonicMs() - first.startedMs : 0;
    this.#limits ??= limitsOf(this.#options);
    const decision = decide(
      this.#limits,
      {
        attempt,
        made,
        elapsedMs,
        retryable: isWanted && !first.parent?.aborted,
        retryAfterMs,
        nested,
      },
      random.next(),
    );
    if (decision.kind === "give-up") return undefined;
    const { delayMs } = decision;
    if (onRetry) notify(onRetry, { attempt, delayMs, error: toError(thrown) }, onListenerError);
    return delayMs;
  }

  #verdict({ thrown, first, last }: Failure): Verdict {
    if (this.#classifier) return judge(this.#classifier, thrown, first.parent);
    return last.verdict ?? judgeByTables(thrown, first.parent);
  }

  /** That a circuit opened ends the retry; why the call failed is what happened before. */
  #giveUp({ first, made, nested, reason }: Failure): unknown {
    const maxAttempts = Math.max(
      this.#options.maxAttempts ?? MAX_ATTEMPTS,
      nested?.maxAttempts ?? 0,
    );
    // One that never tries again cannot multiply, and a refusal has cost the other side nothing.
    if (maxAttempts > 1 && !(reason instanceof RejectedError)) {
      mark(reason, first, { attempts: made, maxAttempts });
    }
    return reason;
  }
}

/** The verdict of the frame reads the date of a `Retry-After` by the system's clock. */
const classifierOn = (clock: Clock): Classifier | undefined =>
  clock === systemClock ? undefined : createClassifier({ clock });

/** What has failed so far. */
class Failure {
  readonly first: Attempt;
  last: Attempt;
  thrown: unknown;
  /** What to give up with: the last that was no refusal, if there was one. */
  reason: unknown;
  attempt = 1;
  made = 0;
  nested: NestedAttempts | undefined;

  constructor(thrown: unknown, first: Attempt) {
    this.first = first;
    this.last = first;
    this.reason = thrown;
    this.#count(thrown);
  }

  add(thrown: unknown, last: Attempt): void {
    this.attempt += 1;
    this.last = last;
    if (!(thrown instanceof RejectedError)) this.reason = thrown;
    this.#count(thrown);
  }

  #count(thrown: unknown): void {
    this.thrown = thrown;
    this.nested = markSince(thrown, this.last);
    this.made += this.nested?.attempts ?? 1;
  }
}

function limitsOf(options: RetryOptions): RetryLimits {
  return {
    maxAttempts: wholeNumber("maxAttempts", options.maxAttempts ?? MAX_ATTEMPTS, 1),
    initialDelayMs: numberBetween("initialDelayMs", options.initialDelayMs ?? 200, 0, 1e12),
    maxDelayMs: numberBetween("maxDelayMs", options.maxDelayMs ?? 30_000, 0, 1e12),
    backoffMultiplier: numberBetween("backoffMultiplier", options.backoffMultiplier ?? 2, 1, 100),
    jitterFactor: numberBetween("jitterFactor", options.jitterFactor ?? 0.5, 0, 1),
    maxTotalMs: numberBetween("maxTotalMs", options.maxTotalMs ?? Infinity, 0, Infinity),
  };
}
