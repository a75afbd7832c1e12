/** The breaker that users of the peer know, on our circuit, timeout and bulkhead in one frame. */

import {
  anObject,
  type Cancel,
  mustBe,
  rejectSoon,
  reportError,
  systemRandom,
} from "../../base/index.ts";
import { BreakerClock } from "./breaker-clock.ts";
import { type CircuitKind, ResettingCircuit, type Stored } from "./circuit.ts";
import { type AnyListener, Emitter } from "./emitter.ts";
import { isOurs, ourError } from "./errors.ts";
import { Firings } from "./firings.ts";
import { timeoutMsOf } from "./frame.ts";
import type { CacheTransport as Transport } from "./memory-cache.ts";
import {
  type Options as BreakerOptions,
  type State as BreakerState,
  type Settings,
  settled,
  statusOf,
} from "./options.ts";
import { Status as BreakerStatus, type StatusOptions as BreakerStatusOptions } from "./status.ts";
import type { Bucket as BreakerBucket, Stats as BreakerStats } from "./window.ts";

/** What a breaker tells of, in the order in which it happens. `latencyMs` is counted from `fire`. */
export type BreakerEvents<TI extends unknown[], TR> = {
  /** A call has come. */
  readonly fire: readonly [args: TI];
  /** It was refused, the circuit being open or waiting for its trial. */
  readonly reject: readonly [error: Error];
  /** Its time was up; `failure` follows. */
  readonly timeout: readonly [error: Error, latencyMs: number, args: TI];
  /** It has succeeded, or failed in a way that the error filter lets pass: then with the error. */
  readonly success: readonly [result: TR, latencyMs: number];
  readonly failure: readonly [error: Error, latencyMs: number, args: TI];
  readonly open: readonly [];
  readonly close: readonly [];
  /** The time of an open circuit is over: the next call is the trial. */
  readonly halfOpen: readonly [resetTimeout: number];
  /** The fallback has answered, perhaps with a promise. */
  readonly fallback: readonly [result: unknown, error: Error];
  /** There was no place for it; `failure` follows. */
  readonly semaphoreLocked: readonly [error: Error, latencyMs: number];
  readonly healthCheckFailed: readonly [error: Error];
  readonly shutdown: readonly [];
  readonly cacheHit: readonly [];
  readonly cacheMiss: readonly [];
  readonly coalesceCacheHit: readonly [];
  readonly coalesceCacheMiss: readonly [];
};

/** Those that are listed for who joins all of them to figures, whether somebody listens or not. */
const COUNTED: readonly string[] = [
  "success",
  "failure",
  "fallback",
  "timeout",
  "fire",
  "reject",
  "cacheHit",
  "cacheMiss",
  "coalesceCacheHit",
  "coalesceCacheMiss",
  "open",
  "close",
  "semaphoreLocked",
];

/**
 * Fires an action under a circuit, a time limit and a limit of calls at once.
 *
 * @example
 * const breaker = new CircuitBreaker(fetchPrice, { timeout: 3_000, resetTimeout: 30_000 });
 * breaker.fallback(() => "unknown");
 * breaker.on("open", () => console.log("prices are down"));
 * const price = await breaker.fire("EUR");
 */
export class CircuitBreaker<TI extends unknown[] = unknown[], TR = unknown> extends Emitter<
  BreakerEvents<TI, TR>
> {
  /** What is fired. */
  action: AnyListener;
  /** As they are in force; changes count from the next call on. */
  readonly options: Settings;
  readonly status: BreakerStatus;
  readonly name: string;
  readonly group: string;
  /** Calls that must be in the window before a failure opens it. */
  readonly volumeThreshold: number;
  readonly #clock: BreakerClock;
  readonly #circuit: ResettingCircuit;
  readonly #firings: Firings;
  readonly #checks = new Set<Cancel>();
  /** Monotonic; -Infinity where it needs no warming up. */
  readonly #warmUntilMs: number;
  #isEnabled: boolean;
  #isShutdown = false;
  #openedAtMs: number | undefined;

  /** @throws {@link TypeError} when there is no action, or an option cannot work. */
  constructor(
    action: (...args: TI) => PromiseLike<TR> | TR,
    options?: BreakerOptions<TI> | undefined,
  );
  /** @param action A value that is always the answer. */
  constructor(action: unknown, options?: BreakerOptions<TI> | undefined);
  constructor(action: unknown, options: BreakerOptions<TI> = {}) {
    mustBe("The options of CircuitBreaker", options, anObject);
    const report = options.onListenerError ?? reportError;
    super(report);
    if (!action) throw new TypeError(`action must be a function or a value, got ${action}`);
    this.action = isFunction(action) ? action : () => Promise.resolve(action);
    const clock = new BreakerClock(options.clock);
    this.options = settled(options as BreakerOptions<never[]>, clock); // Only the action knows its arguments.
    this.status = statusOf(this.options, clock.background);
    const { state, maxFailures, name, group } = this.options;
    if (maxFailures) console.error(DEPRECATED);
    this.name = name || this.action.name || systemRandom.uuid();
    this.group = group || this.name;
    this.volumeThreshold = Number.isInteger(options.volumeThreshold)
      ? Number(options.volumeThreshold)
      : 0;
    this.#clock = clock;
    this.#isEnabled = (state ?? options).enabled !== false;
    const isCold = state?.warmUp || options.allowWarmUp === true;
    this.#warmUntilMs = isCold ? clock.monotonicMs() + this.options.rollingCountTimeout : -Infinity;
    this.#openedAtMs = state?.lastTimerAt;
    this.#circuit = this.#makeCircuit(state);
    this.#firings = new Firings({ breaker: this, circuit: this.#circuit, clock, report });
    this.#circuit.start();
    if (this.opened) this.#opened();
    if (state?.shutdown) this.shutdown();
  }

  /** Whether a breaker made the error, not an action. */
  static isOurError(error: unknown): boolean {
    return isOurs(error);
  }

  /** Figures to begin with, for the option `status`. */
  static newStatus(options: BreakerStatusOptions): BreakerStatus {
    return new BreakerStatus(options);
  }

  get enabled(): boolean {
    return this.#isEnabled;
  }

  get closed(): boolean {
    return !this.#isShutdown && this.#circuit.kind === "closed";
  }

  /** Also after a shutdown, where a call that was out has failed since. */
  get opened(): boolean {
    return this.#circuit.kind === "open";
  }

  get halfOpen(): boolean {
    return this.#circuit.kind === "half-open";
  }

  /** Whether the next call is the trial that closes it or opens it. */
  get pendingClose(): boolean {
    return this.#circuit.isPending;
  }

  get isShutdown(): boolean {
    return this.#isShutdown;
  }

  /** Whether no failure opens it yet. */
  get warmUp(): boolean {
    return this.#clock.monotonicMs() < this.#warmUntilMs;
  }

  get stats(): BreakerStats {
    return this.status.stats;
  }

  /** What is left of `capacity`. */
  get semaphore(): { readonly count: number } {
    return { count: this.#firings.places };
  }

  /** What it is and what it has counted, for the options `state` and `status` of a later process. */
  toJSON(): { state: BreakerState; status: BreakerStats } {
    const { name, enabled, closed, opened: open, halfOpen, warmUp, isShutdown: shutdown } = this;
    const lastTimerAt = this.#openedAtMs;
    return {
      state: { name, enabled, closed, open, halfOpen, warmUp, shutdown, lastTimerAt },
      status: this.stats,
    };
  }

  /** Answers for calls that fail or are refused; it is given their arguments and the error. */
  fallback(answer: (...args: [...TI, Error]) => unknown): this;
  fallback(answer: AnyListener | CircuitBreaker): this;
  fallback(answer: AnyListener | CircuitBreaker): this {
    this.#firings.fallback =
      answer instanceof CircuitBreaker ? (...args) => answer.fire(...args) : answer;
    return this;
  }

  /** @throws what the action throws, or an error of which {@link CircuitBreaker.isOurError} is true. */
  fire(...args: TI): Promise<TR> {
    return this.#fire(this.action, args);
  }

  /** As `fire`, with the action's `this`. */
  call(context: unknown, ...args: TI): Promise<TR> {
    return this.#fire(context, args);
  }

  /** Opens it, also where it is half-open or disabled; after `resetTimeout` it tries again. */
  open(): void {
    if (this.#isShutdown) return;
    this.#circuit.resetMs = this.options.resetTimeout;
    this.#circuit.open();
  }

  close(): void {
    if (!this.#isShutdown) this.#circuit.close();
  }

  enable(): void {
    this.#isEnabled = true;
    this.status.startListeneningForRotateEvent();
  }

  /** Lets calls through unprotected and uncounted, but for `fire`. */
  disable(): void {
    this.#isEnabled = false;
    this.status.removeRotateBucketControllerListener();
  }

  /** For good: no listener, no timer and no answer is kept, and calls are refused. */
  shutdown(): void {
    this.emit("shutdown");
    this.disable();
    this.removeAllListeners();
    this.#circuit.stop();
    for (const cancel of this.#checks) cancel();
    this.#checks.clear();
    this.status.shutdown();
    this.#isShutdown = true;
    this.clearCache();
  }

  /** Forgets the answers that are kept and shared. */
  clearCache(): void {
    this.#firings.answers.clear();
  }

  /**
   * Checks now, and `intervalMs` after each check again; the circuit opens when one fails. A check that
   * hangs is waited for, and none is made after the shutdown.
   *
   * @throws {@link TypeError} when `check` is no function, or `intervalMs` no number.
   */
  healthCheck(check: (this: this) => unknown, intervalMs = 5_000): void {
    if (!isFunction(check)) throw new TypeError("Health check function must be a function");
    const everyMs = Number(intervalMs || 5_000);
    if (Number.isNaN(everyMs)) throw new TypeError("Health check interval must be a number");
    void this.#check(check, everyMs);
  }

  /** That of the controller; undefined where there is none. */
  getSignal(): AbortSignal | undefined {
    return this.getAbortController()?.signal;
  }

  getAbortController(): AbortController | undefined {
    if (this.closed) this.#renewController();
    return this.options.abortController;
  }

  /** Also those that it counts by itself, though nobody listens. */
  override eventNames(): (string | symbol)[] {
    return [...new Set([...COUNTED, ...super.eventNames()])];
  }

  #fire(context: unknown, args: TI): Promise<TR> {
    if (!this.#isShutdown) return this.#firings.fire(context, args) as Promise<TR>; // The action's.
    const { captureStack = false } = this.options;
    return rejectSoon(ourError("The circuit has been shutdown.", "ESHUTDOWN", captureStack));
  }

  #makeCircuit(state: Partial<BreakerState> | undefined): ResettingCircuit {
    const { resetTimeout, timeout } = this.options;
    return new ResettingCircuit({
      name: this.name,
      resetMs: resetTimeout,
      timeoutMs: timeoutMsOf(timeout),
      clock: this.#clock,
      initial: storedOf(state),
      onChange: (kind) => this.#changed(kind),
    });
  }

  #changed(kind: CircuitKind): void {
    if (this.#isShutdown) return;
    switch (kind) {
      case "open":
        this.#openedAtMs = undefined;
        this.#opened();
        this.emit("open");
        return;
      case "half-open":
        this.#renewController();
        this.emit("halfOpen", this.options.resetTimeout);
        return;
      case "closed":
        this.#renewController();
        this.status.close();
        this.emit("close");
    }
  }

  #opened(): void {
    this.#openedAtMs ??= this.#clock.epochMs();
    this.status.open();
  }

  #renewController(): void {
    const { autoRenewAbortController, abortController } = this.options;
    if (autoRenewAbortController && abortController?.signal?.aborted) {
      this.options.abortController = new AbortController();
    }
  }

  async #check(check: (this: this) => unknown, everyMs: number): Promise<void> {
    const startedMs = this.#clock.monotonicMs();
    try {
      await Reflect.apply(check, this, []);
    } catch (thrown) {
      if (!this.#isShutdown) {
        this.emit("healthCheckFailed", thrown as Error); // As the check threw it.
        this.open();
      }
    }
    if (this.#isShutdown) return;
    const leftMs = Math.max(0, everyMs - (this.#clock.monotonicMs() - startedMs));
    const cancel = this.#clock.background.after(leftMs, () => {
      this.#checks.delete(cancel);
      void this.#check(check, everyMs);
    });
    this.#checks.add(cancel);
  }
}

/** The names that the types of the peer have, for who writes `CircuitBreaker.Options`. */
export declare namespace CircuitBreaker {
  export type Options<TI extends unknown[] = unknown[]> = BreakerOptions<TI>;
  export type Status = BreakerStatus;
  export type StatusOptions = BreakerStatusOptions;
  export type State = BreakerState;
  export type Stats = BreakerStats;
  export type Bucket = BreakerBucket;
  export type Window = BreakerBucket[];
  export type CacheTransport = Transport;
}

const DEPRECATED = "options.maxFailures is deprecated. Please use options.errorThresholdPercentage";

const isFunction = (value: unknown): value is AnyListener => typeof value === "function";

function storedOf(state: Partial<BreakerState> | undefined): Stored {
  if (state?.closed !== false) return { kind: "closed" };
  if (state.halfOpen) return { kind: "half-open" };
  return { kind: "open", openedAtMs: state.lastTimerAt };
}
