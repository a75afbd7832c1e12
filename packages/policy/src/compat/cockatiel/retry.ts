/** Retry: a call that failed is made again. */

import {
  type Again,
  type Attempt,
  backgroundClock,
  type CallContext,
  Frame,
  firstAttempt,
  type Retry,
  rejectSoon,
  sleep,
  systemClock,
} from "../../base/index.ts";
import type { IBackoffFactory } from "./backoff.ts";
import { contextOf, executeUnder, type InnerCall, RUN, sayNothing } from "./call.ts";
import type {
  FailureReason,
  IDefaultPolicyContext,
  IFailureEvent,
  IPolicy,
  ISuccessEvent,
} from "./contract.ts";
import { type Event, EventEmitter } from "./event.ts";
import { type Executor, Failure, surface } from "./executor.ts";

/** What a call is told. */
export interface IRetryContext extends IDefaultPolicyContext {
  /** Retries so far: 0 for the first attempt. */
  attempt: number;
}

/** What a back-off is told. */
export interface IRetryBackoffContext<R> extends IRetryContext {
  /** How the attempt before has failed; `attempt` is 1 before the first retry. */
  result: FailureReason<R>;
}

export interface IRetryPolicyConfig {
  /** The waits between attempts. */
  backoff: IBackoffFactory<IRetryBackoffContext<unknown>>;
  /** Retries at most, the first attempt not counted. */
  maxAttempts: number;
  /** Whether a wait keeps no process alive that has nothing else to do. @defaultValue false */
  unref?: boolean;
}

type RetryEvent = FailureReason<unknown> & { delay: number; attempt: number };

export class RetryPolicy implements IPolicy<IRetryContext> {
  declare readonly _altReturn: never;
  /** Another attempt follows, after `delay` milliseconds. */
  readonly onRetry: Event<RetryEvent>;
  /** No attempt follows any more. */
  readonly onGiveUp: Event<FailureReason<unknown>>;
  readonly #retried = new EventEmitter<RetryEvent>();
  readonly #gaveUp = new EventEmitter<FailureReason<unknown>>();
  readonly #options: Readonly<IRetryPolicyConfig>;
  readonly #executor: Executor;
  readonly #frame: Frame;

  constructor(options: Readonly<IRetryPolicyConfig>, executor: Executor) {
    this.#options = options;
    this.#executor = executor;
    this.#frame = new Frame({ judge: sayNothing, retry: this.#series() });
    this.onRetry = this.#retried.addListener;
    this.onGiveUp = this.#gaveUp.addListener;
  }

  get onSuccess(): Event<ISuccessEvent> {
    return this.#executor.onSuccess;
  }

  get onFailure(): Event<IFailureEvent> {
    return this.#executor.onFailure;
  }

  /** The same policy, with no listeners, whose waits keep no process alive. */
  dangerouslyUnref(): RetryPolicy {
    return new RetryPolicy({ ...this.#options, unref: true }, this.#executor.clone());
  }

  /**
   * Makes the call until it succeeds or no attempt is left. An abort ends a wait at once, and no attempt
   * follows; the last failure is then what the call comes to.
   *
   * @throws what the last attempt threw.
   */
  execute<T>(fn: (context: IRetryContext) => PromiseLike<T> | T, signal?: AbortSignal): Promise<T> {
    return executeUnder(this, fn, signal);
  }

  /** @internal */
  [RUN]<T>(call: InnerCall<T>, signal: AbortSignal | undefined): Promise<T> {
    const once = (context: CallContext): Promise<T> =>
      this.#executor.run(() => call(context, { attempt: context.attempt - 1 }));
    // Who has given up already makes the call all the same: it hears of it by its signal.
    if (signal?.aborted) return this.#last(once(firstAttempt(signal)));
    return this.#frame.execute(once, signal);
  }

  async #last<T>(made: Promise<T>): Promise<T> {
    try {
      return await made;
    } catch (thrown) {
      return this.#giveUp(thrown);
    }
  }

  #giveUp<T>(thrown: unknown): T {
    if (!(thrown instanceof Failure)) throw thrown;
    this.#gaveUp.tell(thrown.reason);
    return surface(thrown.reason as FailureReason<T>); // What the call answered.
  }

  #series(): Retry {
    return {
      clock: undefined,
      after: (thrown, first, again) =>
        thrown instanceof Failure ? this.#again(thrown, first, again) : rejectSoon(thrown),
    };
  }

  async #again<T>(failure: Failure, first: Attempt, again: Again<T>): Promise<T> {
    const { maxAttempts, unref } = this.#options;
    const clock = unref ? backgroundClock : systemClock;
    let latest = failure;
    let backoff = this.#options.backoff;
    for (let attempt = 1; attempt - 1 < maxAttempts && !first.parent?.aborted; attempt += 1) {
      const { reason } = latest;
      const step = backoff.next(contextOf(first, { attempt, result: reason }));
      backoff = step;
      // Set before anybody is told: who hears of it may move a test's clock on.
      const wait = sleep(clock, step.duration || 0, first.parent);
      this.#retried.tell({ ...reason, delay: step.duration, attempt });
      if (!(await isWaitedOut(wait))) break;
      try {
        return await again.run(again.next(attempt + 1));
      } catch (thrown) {
        if (!(thrown instanceof Failure)) throw thrown;
        latest = thrown;
      }
    }
    return this.#giveUp(latest);
  }
}

/** False where the wait was given up. */
const isWaitedOut = (wait: Promise<void>): Promise<boolean> =>
  wait.then(
    () => true,
    () => false,
  );
