/** Timeout: a call has only so much time. */

import {
  type Call,
  type CallContext,
  type Clock,
  type ErrorReporter,
  firstAttempt,
  givenSignal,
  KintsugiError,
  type Listener,
  notify,
  numberBetween,
  type Policy,
  reportError,
  systemClock,
} from "../base/index.ts";
import { TimedContext } from "./timed-context.ts";

export interface TimeoutOptions {
  /** Milliseconds that a call may take. */
  readonly timeoutMs: number;
  /**
   * `aggressive` returns when the time is up, whatever the call does; `cooperative` bids it stop by its
   * signal and waits until it has. @defaultValue "aggressive"
   */
  readonly mode?: "aggressive" | "cooperative";
  /** Names the call in the error. @defaultValue none */
  readonly name?: string;
  /** Hears of every call whose time is up. */
  readonly onTimeout?: Listener<TimeoutEvent>;
  /** Hears of what `onTimeout` throws. @defaultValue the platform's `reportError`, or a warning */
  readonly onListenerError?: ErrorReporter;
  readonly clock?: Clock;
}

export interface TimeoutEvent {
  readonly attempt: number;
  readonly timeoutMs: number;
}

/** The call took too long. It did run, and may have had its effect; also the reason of its signal. */
export class TimeoutError extends KintsugiError {
  /** As the platform's own: code that looks for the name of an aborted signal's reason finds it. */
  override readonly name = "TimeoutError";
  readonly code = "KINTSUGI_TIMEOUT";
  readonly timeoutMs: number;

  constructor(timeoutMs: number, name?: string) {
    super(`${name ? `"${name}"` : "The call"} took longer than ${timeoutMs} ms`);
    this.timeoutMs = timeoutMs;
  }
}

/**
 * @example
 * const policy = new TimeoutPolicy({ timeoutMs: 10_000 });
 * const page = await policy.execute(({ signal }) => fetch(url, { signal }));
 */
export class TimeoutPolicy implements Policy {
  readonly #timeoutMs: number;
  readonly #isAggressive: boolean;
  readonly #name: string | undefined;
  readonly #onTimeout: Listener<TimeoutEvent> | undefined;
  readonly #onListenerError: ErrorReporter;
  readonly #clock: Clock;

  /** @throws {@link RangeError} when `timeoutMs` is not a number above 0. */
  constructor(options: TimeoutOptions) {
    this.#timeoutMs = numberBetween("timeoutMs", options.timeoutMs, Number.MIN_VALUE, 1e12);
    this.#isAggressive = options.mode !== "cooperative";
    this.#name = options.name;
    this.#onTimeout = options.onTimeout;
    this.#onListenerError = options.onListenerError ?? reportError;
    this.#clock = options.clock ?? systemClock;
  }

  /**
   * Makes the call, unless `signal` is aborted already. A later abort is passed on to it and is never
   * taken for a time-out; the aggressive mode then returns at once as well.
   *
   * @throws {@link TimeoutError} when the time was up first; otherwise whatever `call` throws.
   */
  execute<T>(call: Call<T>, signal?: AbortSignal): Promise<T> {
    return this.within(call, firstAttempt(signal));
  }

  within<T>(call: Call<T>, context: CallContext): Promise<T> {
    const outer = givenSignal(context);
    if (outer?.aborted) return Promise.reject(outer.reason);
    return this.#isAggressive ? this.#race(call, context, outer) : this.#wait(call, context);
  }

  async #wait<T>(call: Call<T>, context: CallContext): Promise<T> {
    const timed = new TimedContext(context);
    let late: TimeoutError | undefined;
    const cancel = this.#clock.after(this.#timeoutMs, () => {
      late = this.#expire(timed);
    });
    try {
      return await call(timed);
    } catch (thrown) {
      // What a call throws when it was bidden stop is only how it stopped.
      if (late && thrown !== late) late.cause = thrown;
      throw late ?? thrown;
    } finally {
      cancel();
      timed.close();
    }
  }

  #race<T>(call: Call<T>, context: CallContext, outer: AbortSignal | undefined): Promise<T> {
    const timed = new TimedContext(context);
    return new Promise<T>((resolve, reject) => {
      const end = (): void => {
        cancel();
        timed.close();
        outer?.removeEventListener("abort", abandon);
      };
      const abandon = (): void => {
        end();
        timed.leave(work);
        reject(outer?.reason);
      };
      const cancel = this.#clock.after(this.#timeoutMs, () => {
        const late = this.#expire(timed);
        end();
        timed.leave(work);
        reject(late);
      });
      const run = async (): Promise<T> => call(timed);
      const work = run();
      // Both stay attached: a call that fails after its time is up is nobody's unhandled rejection.
      work.then(
        (value) => {
          end();
          resolve(value);
        },
        (thrown: unknown) => {
          end();
          reject(thrown);
        },
      );
      outer?.addEventListener("abort", abandon, { once: true });
    });
  }

  #expire(timed: TimedContext): TimeoutError {
    const late = new TimeoutError(this.#timeoutMs, this.#name);
    timed.expire(late);
    const event = { attempt: timed.attempt, timeoutMs: this.#timeoutMs };
    if (this.#onTimeout) notify(this.#onTimeout, event, this.#onListenerError);
    return late;
  }
}
