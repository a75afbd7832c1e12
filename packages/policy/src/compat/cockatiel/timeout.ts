/** Timeout: a call has only so much time. */

import {
  backgroundClock,
  type CallContext,
  type Cancel,
  Frame,
  firstAttempt,
  systemClock,
  TimedAttempt,
  type TimeLimit,
} from "../../base/index.ts";
import { executeUnder, type InnerCall, NO_FIELDS, RUN, sayNothing } from "./call.ts";
import type { IFailureEvent, IPolicy, ISuccessEvent } from "./contract.ts";
import { TaskCancelledError } from "./errors.ts";
import { type Event, EventEmitter } from "./event.ts";
import { Executor } from "./executor.ts";

/** As an enum compiles. */
export const TimeoutStrategy = {
  /** Aborts the signal, and waits until the call has ended. */
  Cooperative: "optimistic",
  /** Aborts the signal, and returns at once. */
  Aggressive: "aggressive",
} as const;

export type TimeoutStrategy = "optimistic" | "aggressive";

// Types alone: for who names a member as a type, as an enum allows it.
export declare namespace TimeoutStrategy {
  type Cooperative = "optimistic";
  type Aggressive = "aggressive";
}

export interface ICancellationContext {
  /** Aborted when the time is up or the caller gives up, and when the call has ended. */
  signal: AbortSignal;
}

export interface ITimeoutOptions {
  strategy: TimeoutStrategy;
  /** Whether the signal is aborted when the call has ended. @defaultValue true */
  abortOnReturn?: boolean;
}

export class TimeoutPolicy implements IPolicy<ICancellationContext> {
  declare readonly _altReturn: never;
  /** The time of a call is up. */
  readonly onTimeout: Event<void>;
  readonly #duration: number;
  readonly #options: ITimeoutOptions;
  readonly #executor: Executor;
  readonly #timedOut = new EventEmitter<void>();
  readonly #frame: Frame;

  /** @param duration Milliseconds. */
  constructor(
    duration: number,
    options: ITimeoutOptions,
    executor: Executor = new Executor(),
    unref = false,
  ) {
    this.#duration = duration;
    this.#options = options;
    this.#executor = executor;
    const limit = new Limit(duration, options, unref, () => this.#timedOut.tell());
    this.#frame = new Frame({ judge: sayNothing, limit });
    this.onTimeout = this.#timedOut.addListener;
  }

  get onSuccess(): Event<ISuccessEvent> {
    return this.#executor.onSuccess;
  }

  get onFailure(): Event<IFailureEvent> {
    return this.#executor.onFailure;
  }

  /** The same policy, whose timers keep no process alive. */
  dangerouslyUnref(): TimeoutPolicy {
    return new TimeoutPolicy(this.#duration, this.#options, this.#executor, true);
  }

  /**
   * Makes the call, and aborts its signal when the time is up.
   *
   * @throws {@link TaskCancelledError}, where the strategy is aggressive, when the time is up or `signal`
   * is aborted; otherwise what `fn` throws.
   */
  execute<T>(
    fn: (context: ICancellationContext, signal: AbortSignal) => PromiseLike<T> | T,
    signal?: AbortSignal,
  ): Promise<T> {
    return executeUnder(
      this,
      (context: ICancellationContext) => fn(context, context.signal),
      signal,
    );
  }

  /** @internal */
  [RUN]<T>(call: InnerCall<T>, signal: AbortSignal | undefined): Promise<T> {
    // It does nothing about failures, so each is thrown as it is.
    return this.#executor.run(() => this.#limited(call, signal));
  }

  async #limited<T>(call: InnerCall<T>, signal: AbortSignal | undefined): Promise<T> {
    const isAggressive = this.#options.strategy === TimeoutStrategy.Aggressive;
    if (signal?.aborted) {
      if (isAggressive) throw new TaskCancelledError();
      return call(firstAttempt(signal), NO_FIELDS); // It hears of it by its signal.
    }
    let timed: CallContext | undefined;
    const begin = (context: CallContext): Promise<T> | T => {
      timed = context;
      return call(context, NO_FIELDS) as Promise<T> | T; // A frame takes whatever has a `then`.
    };
    try {
      return await this.#frame.execute(begin, signal);
    } catch (thrown) {
      if (timed instanceof TimedAttempt && thrown === timed.expired) {
        if (!isAggressive) throw stoppedBy(thrown);
        throw new TaskCancelledError(`Operation timed out after ${this.#duration}ms`);
      }
      if (isAggressive && signal?.aborted && thrown === signal.reason) {
        throw new TaskCancelledError();
      }
      throw thrown;
    }
  }
}

/** What the call threw when it was bidden stop. */
const stoppedBy = (expired: unknown): unknown =>
  expired instanceof Error && "cause" in expired ? expired.cause : expired;

/** Each call has a timer of its own: nobody's time is up a moment late. */
class Limit implements TimeLimit {
  readonly isAggressive: boolean;
  readonly #duration: number;
  readonly #abortOnReturn: boolean;
  readonly #unref: boolean;
  readonly #onTimeUp: () => void;
  readonly #timers = new Map<TimedAttempt, Cancel>();
  #returned: unknown;

  constructor(
    duration: number,
    { strategy, abortOnReturn = true }: ITimeoutOptions,
    unref: boolean,
    onTimeUp: () => void,
  ) {
    this.isAggressive = strategy === TimeoutStrategy.Aggressive;
    this.#duration = duration;
    this.#abortOnReturn = abortOnReturn;
    this.#unref = unref;
    this.#onTimeUp = onTimeUp;
  }

  start(attempt: TimedAttempt): void {
    const clock = this.#unref ? backgroundClock : systemClock;
    const expire = (): void => attempt.expire();
    this.#timers.set(attempt, clock.after(this.#duration || 0, expire));
  }

  stop(attempt: TimedAttempt): void {
    this.#timers.get(attempt)?.();
    this.#timers.delete(attempt);
    if (!this.#abortOnReturn) return;
    this.#returned ??= aborted("The call has ended");
    attempt.abort(this.#returned);
  }

  leftMs(): number {
    return Infinity; // A retry further in is not told: it would not begin what has no time to end.
  }

  /** By its name what programs look for; by its message what it is. */
  timeUp(): Error {
    return aborted(`Operation timed out after ${this.#duration}ms`);
  }

  tellTimeUp(): void {
    this.#onTimeUp();
  }
}

const aborted = (message: string): Error => new DOMException(message, "AbortError");
