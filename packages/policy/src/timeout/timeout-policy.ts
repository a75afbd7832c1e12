/** Timeout: a call has only so much time. */

import {
  aClock,
  aFunction,
  aNumber,
  aSwitch,
  aText,
  type Call,
  type CallContext,
  type Clock,
  checkOptions,
  Deadlines,
  type ErrorReporter,
  Frame,
  KintsugiError,
  type Layer,
  type Listener,
  limitStack,
  type Needs,
  notify,
  numberBetween,
  oneOf,
  type Policy,
  type Role,
  reportError,
  required,
  systemClock,
  type TimedAttempt,
  type TimeLimit,
} from "../base/index.ts";
import { judgeByTables } from "../classify/index.ts";
import { OwnTimers } from "./own-timers.ts";

export interface TimeoutOptions {
  /** Milliseconds that a call may take, above 0 to 1e12; never less, and at most 1/64 more where calls overlap. */
  readonly timeoutMs: number;
  /**
   * `aggressive` returns when the time is up, whatever the call does; `cooperative` bids it stop by its
   * signal and waits until it has. @defaultValue "aggressive"
   */
  readonly mode?: "aggressive" | "cooperative";
  /**
   * Aborts the signal also when the call has ended, for who ends by it what the call has begun. A body that
   * is read later is then cut off. @defaultValue false
   */
  readonly abortOnReturn?: boolean;
  /** A timer of its own for each call, so that none is late. @defaultValue false: one timer for all */
  readonly exact?: boolean;
  /** Names the call in the error. @defaultValue none */
  readonly name?: string;
  /** Hears of every call whose time is up, after it was bidden stop. @defaultValue nobody */
  readonly onTimeout?: Listener<TimeoutEvent>;
  /** Hears of what `onTimeout` throws. @defaultValue the platform's `reportError`, or a warning */
  readonly onListenerError?: ErrorReporter;
  /** Tells the time. @defaultValue the system's */
  readonly clock?: Clock;
}

export const timeoutNeeds: Needs<TimeoutOptions> = {
  timeoutMs: required(aNumber),
  mode: oneOf(["aggressive", "cooperative"]),
  abortOnReturn: aSwitch,
  exact: aSwitch,
  name: aText,
  onTimeout: aFunction,
  onListenerError: aFunction,
  clock: aClock,
};

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
    const depth = limitStack(0); // It would lead to a timer.
    super(`${name ? `"${name}"` : "The call"} took longer than ${timeoutMs} ms`);
    limitStack(depth);
    this.timeoutMs = timeoutMs;
  }
}

/**
 * @example
 * const policy = new TimeoutPolicy({ timeoutMs: 10_000 });
 * const page = await policy.execute(({ signal }) => fetch(url, { signal }));
 */
export class TimeoutPolicy implements Policy {
  readonly #limit: Limit;
  #frame: Frame | undefined = undefined;

  /** @throws {@link RangeError} when an option is out of its range, of a wrong kind, or not known. */
  constructor(options: TimeoutOptions) {
    checkOptions("TimeoutPolicy", options, timeoutNeeds);
    numberBetween("timeoutMs", options.timeoutMs, Number.MIN_VALUE, 1e12);
    this.#limit = new Limit(options);
  }

  get layer(): Layer {
    return { kind: "time-limit", limit: this.#limit };
  }

  get role(): Role {
    return this.#limit.role;
  }

  /**
   * Makes the call, unless `signal` is aborted already. A later abort is passed on to it and is never
   * taken for a time-out; the aggressive mode then returns at once as well.
   *
   * @throws {@link TimeoutError} when the time was up first; otherwise whatever `call` throws.
   */
  execute<T>(call: Call<T>, signal?: AbortSignal): Promise<T> {
    return this.#framed().execute(call, signal);
  }

  within<T>(call: Call<T>, context: CallContext): Promise<T> {
    return this.#framed().within(call, context);
  }

  #framed(): Frame {
    this.#frame ??= new Frame({ judge: judgeByTables, limit: this.#limit });
    return this.#frame;
  }
}

class Limit implements TimeLimit {
  readonly isAggressive: boolean;
  readonly #options: TimeoutOptions;
  /** Made with the first call. */
  #deadlines: Deadlines | OwnTimers | undefined = undefined;
  /** The reason of every signal whose call has ended: one is as good as a thousand, which cost more. */
  #ended: DOMException | undefined = undefined;

  constructor(options: TimeoutOptions) {
    this.isAggressive = options.mode !== "cooperative";
    this.#options = options;
  }

  get role(): Role {
    const { timeoutMs, name } = this.#options;
    return {
      kind: "timeout",
      state: this,
      ...(name !== undefined && { name }),
      stopsAfterMs: timeoutMs,
      returnsAfterMs: this.isAggressive ? timeoutMs : Infinity,
    };
  }

  start(attempt: TimedAttempt): void {
    this.#deadlines ??= deadlinesOf(this.#options);
    this.#deadlines.add(attempt);
  }

  stop(attempt: TimedAttempt): void {
    this.#deadlines?.remove(attempt);
    if (!this.#options.abortOnReturn) return;
    this.#ended ??= new DOMException("The call has ended", "AbortError");
    attempt.abort(this.#ended);
  }

  leftMs(attempt: TimedAttempt): number {
    return this.#deadlines?.leftMs(attempt) ?? Infinity;
  }

  timeUp(): TimeoutError {
    return new TimeoutError(this.#options.timeoutMs, this.#options.name);
  }

  tellTimeUp({ attempt }: TimedAttempt): void {
    const { timeoutMs, onTimeout, onListenerError = reportError } = this.#options;
    if (onTimeout) notify(onTimeout, { attempt, timeoutMs }, onListenerError);
  }
}

function deadlinesOf({
  timeoutMs,
  exact,
  clock = systemClock,
}: TimeoutOptions): Deadlines | OwnTimers {
  return exact ? new OwnTimers(timeoutMs, clock) : new Deadlines(timeoutMs, clock);
}
