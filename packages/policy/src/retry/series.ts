/** What follows a first attempt that has failed; a call that succeeds at once passes none of it. */

import {
  type Again,
  Attempt,
  type Clock,
  callsLeft,
  type Guard,
  type Judge,
  type NestedRetry,
  notify,
  RejectedError,
  type Retry,
  rejectSoon,
  reportError,
  type SeriesSoFar,
  sleep,
  systemClock,
  systemRandom,
  tellAround,
  tellCaller,
  toError,
  untellAround,
  type Verdict,
} from "../base/index.ts";
import { createClassifier, judgeBy, judgeOnce } from "../classify/index.ts";
import { backoffMs } from "./backoff.ts";
import { mark, nestedIn, noteWait, type RetryEnd } from "./nested.ts";
import { BudgetExhaustedError, listenerFor } from "./retry-budget.ts";
import { limitsOf, type RetryOptions } from "./retry-options.ts";
import { decide, type RetryEndReason, type RetryLimits } from "./retry-state.ts";

export class Series implements Retry {
  /** Nobody looks at it unless the time in all is limited. */
  readonly clock: Clock | undefined;
  readonly #options: RetryOptions;
  /** Put together at the first failure. */
  #limits: RetryLimits | undefined = undefined;
  /** Where it has a clock of its own: the tables read the date of a `Retry-After` by the system's. */
  readonly judge: Judge | undefined;

  /** @throws {@link RangeError} when an option is out of its range. */
  constructor(options: RetryOptions) {
    const { clock = systemClock } = options;
    limitsOf(options); // Refuses here what would fail later.
    this.#options = options;
    this.clock = (options.maxTotalMs ?? Infinity) === Infinity ? undefined : clock;
    this.judge = clock === systemClock ? undefined : judgeBy(createClassifier({ clock }));
  }

  /** Tells the budget of every attempt. */
  get guard(): Guard | undefined {
    const { budget } = this.#options;
    return budget && listenerFor(budget);
  }

  after<T>(thrown: unknown, first: Attempt, again: Again<T>): Promise<T> {
    const failure = new Failure(thrown, first, this.#limited().maxAttempts);
    return this.#decide(failure, again.judge)
      ? this.#again(failure, again)
      : rejectSoon<T>(this.#giveUp(failure));
  }

  async #again<T>(failure: Failure, again: Again<T>): Promise<T> {
    const { clock = systemClock, budget } = this.#options;
    do {
      await sleep(clock, failure.delayMs, failure.first.parent);
      const next = again.next(failure.attempt + 1);
      try {
        failure.isUnderWay = true;
        const value = await again.run(next);
        budget?.repay();
        untellAround(failure.first, failure);
        return value;
      } catch (thrown) {
        failure.add(thrown, next);
      }
    } while (this.#decide(failure, again.judge));
    throw this.#giveUp(failure);
  }

  /** Whether another attempt follows; notes after what wait, or why not. */
  #decide(failure: Failure, judge: Judge): boolean {
    const { first, attempt, made, atOnce, most, thrown } = failure;
    const { budget, onRetry, onListenerError = reportError } = this.#options;
    const verdict = this.#verdict(failure, judge);
    const askedMs = verdict.retryAfterMs ?? 0;
    const retryAfterMs = askedMs > 0 ? askedMs : 0; // A classifier of others may say anything.
    failure.retryAfterMs = retryAfterMs;
    const aborted = first.parent?.aborted ?? false;
    const { pushedBack = false } = verdict;
    const isPushedAway = pushedBack && !verdict.retryable;
    const retryable = !isPushedAway && this.#mayEndBetter(thrown, verdict);
    if ((retryable || isPushedAway) && !aborted) budget?.fail(verdict); // Both, as gRPC counts.
    const leftMs = this.#leftMs(first);
    const asked = { aborted, retryable, retryAfterMs, pushedBack };
    const decision = decide(
      this.#limited(),
      { attempt, made, atOnce, most, callsLeft: callsLeft(first, most), leftMs, ...asked },
      {
        backoffMs: () => this.#backoffMs(failure),
        trySpend: () => budget?.trySpend() ?? true,
      },
    );
    if (decision.kind === "give-up") {
      failure.why = decision.why;
      return false;
    }
    const { delayMs } = decision;
    failure.delayMs = delayMs;
    if (pushedBack) failure.step = 0; // What follows is the first wait again (gRPC, A6).
    if (onRetry) notify(onRetry, { attempt, delayMs, error: toError(thrown) }, onListenerError);
    return true;
  }

  #mayEndBetter(thrown: unknown, { retryable }: Verdict): boolean {
    const { retryableErrors, onListenerError = reportError } = this.#options;
    if (!retryableErrors) return retryable;
    try {
      return retryableErrors(toError(thrown));
    } catch (error) {
      notify(onListenerError, error, reportError);
      return retryable;
    }
  }

  #limited(): RetryLimits {
    this.#limits ??= limitsOf(this.#options);
    return this.#limits;
  }

  /** Its own classifier holds, or else what the frame says. */
  #verdict({ thrown, first, last }: Failure, judge: Judge): Verdict {
    const { classifier } = this.#options;
    if (classifier) return judgeOnce(classifier, thrown, first.parent, last);
    return last.verdict ?? judge(thrown, first.parent, last);
  }

  /** By the limit of its own, and by those around it. */
  #leftMs(first: Attempt): number {
    const elapsedMs = this.clock ? this.clock.monotonicMs() - first.startedMs : 0;
    return Math.min(this.#limited().maxTotalMs - elapsedMs, first.leftOutsideMs);
  }

  #backoffMs({ attempt, step, delayMs, thrown }: Failure): number {
    const { backoff, random = systemRandom, onListenerError = reportError } = this.#options;
    if (typeof backoff === "function") {
      try {
        const ms = backoff({ attempt, previousDelayMs: delayMs, error: toError(thrown) });
        if (ms >= 0) return ms;
        throw new RangeError(`backoff must return milliseconds from 0, got ${ms}`);
      } catch (error) {
        notify(onListenerError, error, reportError);
      }
    }
    return backoffMs(this.#limited(), step, step === 1 ? 0 : delayMs, random.next());
  }

  /**
   * That a circuit opened or a budget was empty ends the retry; why the call failed is what happened
   * before. It did run, and a refusal in its place would say that it did not.
   */
  #giveUp(failure: Failure): unknown {
    const { first, made, most, reason, thrown, why, retryAfterMs } = failure;
    const { budget, onGiveUp, onListenerError = reportError } = this.#options;
    const refusal = why === "budget" && budget ? new BudgetExhaustedError(budget.name) : undefined;
    const end: RetryEnd = {
      why,
      attempts: made,
      maxAttempts: most,
      retryAfterMs,
      ...(refusal && { refusal }),
    };
    if (reason === thrown) noteWait(reason, retryAfterMs);
    // One that never tries again cannot multiply, and a refusal has cost the other side nothing.
    if (most > 1 && !(reason instanceof RejectedError)) {
      mark(reason, first, end);
      tellCaller(first, failure);
    }
    if (onGiveUp) notify(onGiveUp, { ...end, error: toError(reason) }, onListenerError);
    return reason;
  }
}

/** What has failed so far. */
class Failure implements SeriesSoFar, NestedRetry {
  readonly counter = Attempt;
  readonly first: Attempt;
  last: Attempt;
  thrown: unknown;
  /** What to give up with: the last that was no refusal, if there was one. */
  reason: unknown;
  attempt = 1;
  /** Of the back-off: it starts over when a server has said by itself when to come back. */
  step = 1;
  made = 0;
  most: number;
  /** Calls that another attempt makes before it can be stopped. */
  atOnce = 1;
  /** A call is being made: it counts for those around, who may be in a hurry. */
  isUnderWay = false;
  /** The wait before the next attempt, or the latest before it is known. */
  delayMs = 0;
  retryAfterMs = 0;
  why: RetryEndReason = "not-retryable";

  constructor(thrown: unknown, first: Attempt, maxAttempts: number) {
    this.first = first;
    this.last = first;
    this.reason = thrown;
    this.most = maxAttempts;
    this.#count(thrown);
    first.series = this;
    if (maxAttempts > 1) tellAround(first, this);
  }

  get serial(): number {
    return this.first.serial;
  }

  get attempts(): number {
    return this.isUnderWay ? this.made + 1 : this.made;
  }

  get maxAttempts(): number {
    return this.most;
  }

  add(thrown: unknown, last: Attempt): void {
    this.attempt += 1;
    this.step += 1;
    this.isUnderWay = false;
    this.last = last;
    if (!(thrown instanceof RejectedError)) this.reason = thrown;
    this.#count(thrown);
  }

  /** What was refused never ran: no call was made. */
  #count(thrown: unknown): void {
    this.thrown = thrown;
    const nested = nestedIn(thrown, this.first, this.last);
    this.made += nested?.attempts ?? (thrown instanceof RejectedError ? 0 : 1);
    this.most = Math.max(this.most, nested?.maxAttempts ?? 0);
    this.atOnce = nested?.atOnce ?? 1;
  }
}
