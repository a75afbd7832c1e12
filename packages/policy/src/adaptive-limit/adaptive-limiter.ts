/** Adaptive limiter: as many calls at once as the other side answers without a queue. */

import {
  type Attempt,
  aClock,
  aFunction,
  aName,
  aNumber,
  aRandom,
  aSwitch,
  type Call,
  type CallContext,
  type Clock,
  checkOptions,
  type ErrorReporter,
  type Guard,
  GuardedPolicy,
  type Listener,
  type Needs,
  notify,
  numberBetween,
  type Policy,
  type Random,
  REFUSED,
  type RejectedError,
  type Role,
  reportError,
  systemClock,
  systemRandom,
  type Verdict,
  wholeNumber,
} from "../base/index.ts";
import { judgeByTables } from "../classify/index.ts";
import { type CallEnd, Cohort, isOverload } from "./cohort.ts";
import { allowed, type LimitRules, type LimitState, learn, unmeasured } from "./limit-state.ts";
import { LoadShedError } from "./load-shed-error.ts";

export interface AdaptiveLimiterOptions {
  /** Names what is called in errors and events: `"search"`. */
  readonly name: string;
  /** Calls at once before anything is learnt; whole, from `minLimit` to `maxLimit`. @defaultValue 20, or the nearer of these */
  readonly initialLimit?: number;
  /** Never fewer than these, a whole number from 1. @defaultValue 1 */
  readonly minLimit?: number;
  /** Never more than these, a whole number from 1. @defaultValue 200 */
  readonly maxLimit?: number;
  /** Milliseconds after which a window of calls is looked at, a whole number from 1. @defaultValue 500 */
  readonly windowMs?: number;
  /** Calls that a window must hold, a whole number from 1. @defaultValue 10 */
  readonly minSamples?: number;
  /**
   * How much longer a call may take than where nothing queues before the limit shrinks, as a factor from
   * 1 to 10. @defaultValue 1.1
   */
  readonly tolerance?: number;
  /** Share of the way to a lower limit that one window goes, above 0 to 1. @defaultValue 0.5 */
  readonly smoothing?: number;
  /**
   * Milliseconds, a whole number from 1, after which half the limit holds for one window, to measure
   * what a call takes without a queue; up to 15 % more by chance. @defaultValue 30_000
   */
  readonly probeIntervalMs?: number;
  /** Hears of every change of the limit, probes included. @defaultValue nobody */
  readonly onLimit?: Listener<LimitChange>;
  /** Hears of what `onLimit` throws. @defaultValue the platform's `reportError`, or a warning */
  readonly onListenerError?: ErrorReporter;
  /** Gives its refusals the stack of the caller, for several times the price. @defaultValue false */
  readonly captureStack?: boolean;
  /** Tells the time. @defaultValue the system's */
  readonly clock?: Clock;
  /** Where chance comes from. @defaultValue the system's */
  readonly random?: Random;
}

export const adaptiveNeeds: Needs<AdaptiveLimiterOptions> = {
  name: aName,
  initialLimit: aNumber,
  minLimit: aNumber,
  maxLimit: aNumber,
  windowMs: aNumber,
  minSamples: aNumber,
  tolerance: aNumber,
  smoothing: aNumber,
  probeIntervalMs: aNumber,
  onLimit: aFunction,
  onListenerError: aFunction,
  captureStack: aSwitch,
  clock: aClock,
  random: aRandom,
};

export interface LimitChange {
  readonly limiter: string;
  readonly from: number;
  readonly to: number;
}

/** Counted since the limiter was made, but for those that are as of now. */
export interface AdaptiveLimiterStats {
  readonly name: string;
  readonly state: LimitState["kind"];
  /** How many calls may run at once now. */
  readonly limit: number;
  /** Calls that run now, and work that goes on after its call. */
  readonly inFlight: number;
  /** Milliseconds that a call takes where nothing queues; Infinity until it is measured. */
  readonly baselineMs: number;
  readonly successes: number;
  /** Calls that failed as they do under overload. */
  readonly dropped: number;
  /** Calls that failed and say nothing about load. */
  readonly ignored: number;
  readonly rejected: number;
}

/**
 * It has no queue: put a `Bulkhead` with one around it where calls may wait.
 *
 * @example
 * const limiter = new AdaptiveLimiter({ name: "search", maxLimit: 500 });
 * const hits = await limiter.execute(() => search(query));
 */
export class AdaptiveLimiter implements Policy, Guard {
  readonly name: string;
  readonly #rules: LimitRules;
  readonly #windowMs: number;
  readonly #minSamples: number;
  readonly #probeIntervalMs: number;
  readonly #onLimit: Listener<LimitChange> | undefined;
  readonly #onListenerError: ErrorReporter;
  readonly #captureStack: boolean;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #policy = new GuardedPolicy(this, judgeByTables);
  readonly #counts = { successes: 0, dropped: 0, ignored: 0, rejected: 0 };
  readonly #cohort = new Cohort();
  #state: LimitState;
  #limit: number;
  #inFlight = 0;

  /** @throws {@link RangeError} when an option is out of its range. */
  constructor(options: AdaptiveLimiterOptions) {
    checkOptions("AdaptiveLimiter", options, adaptiveNeeds);
    const minLimit = wholeNumber("minLimit", options.minLimit ?? 1, 1);
    const maxLimit = wholeNumber("maxLimit", options.maxLimit ?? 200, minLimit);
    const nearest = Math.min(maxLimit, Math.max(minLimit, 20));
    const firstLimit = wholeNumber("initialLimit", options.initialLimit ?? nearest, 1);
    this.name = options.name;
    this.#rules = {
      minLimit,
      maxLimit,
      tolerance: numberBetween("tolerance", options.tolerance ?? 1.1, 1, 10),
      smoothing: numberBetween("smoothing", options.smoothing ?? 0.5, Number.MIN_VALUE, 1),
    };
    this.#windowMs = wholeNumber("windowMs", options.windowMs ?? 500, 1);
    this.#minSamples = wholeNumber("minSamples", options.minSamples ?? 10, 1);
    this.#probeIntervalMs = wholeNumber("probeIntervalMs", options.probeIntervalMs ?? 30_000, 1);
    this.#onLimit = options.onLimit;
    this.#onListenerError = options.onListenerError ?? reportError;
    this.#captureStack = options.captureStack ?? false;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
    this.#state = unmeasured(numberBetween("initialLimit", firstLimit, minLimit, maxLimit));
    this.#limit = allowed(this.#state, this.#rules);
    this.#cohort.start(this.#clock.monotonicMs(), 0);
  }

  /**
   * Makes the call, if as many as the limit says do not run already.
   *
   * A call that is aborted says nothing about load; work that it leaves behind holds its place until it ends.
   *
   * @throws {@link LoadShedError} if they do, otherwise whatever `call` throws.
   */
  execute<T>(call: Call<T>, signal?: AbortSignal): Promise<T> {
    return this.#policy.execute(call, signal);
  }

  within<T>(call: Call<T>, context: CallContext): Promise<T> {
    return this.#policy.within(call, context);
  }

  get role(): Role {
    return { kind: "adaptive limiter", state: this, name: this.name };
  }

  stats(): AdaptiveLimiterStats {
    return {
      name: this.name,
      state: this.#state.kind,
      limit: this.#limit,
      inFlight: this.#inFlight,
      baselineMs: this.#state.baselineMs,
      ...this.#counts,
    };
  }

  tryAdmit(): number {
    if (this.#inFlight >= this.#limit) return REFUSED;
    this.#inFlight += 1;
    const nowMs = this.#clock.monotonicMs();
    this.#cohort.closeIfFull(nowMs, this.#windowMs, this.#minSamples);
    return this.#cohort.join(nowMs, this.#inFlight);
  }

  refusal(): RejectedError {
    this.#counts.rejected += 1;
    return new LoadShedError(this.name, "limit", this.#captureStack);
  }

  settle(permit: number, attempt: Attempt, verdict: Verdict | undefined): void {
    const { zombie } = attempt;
    if (zombie)
      zombie.then(this.#leave, this.#leave); // The other side still works on it.
    else this.#inFlight -= 1;
    const nowMs = this.#clock.monotonicMs();
    const end = endOf(verdict);
    this.#counts[end] += 1;
    this.#cohort.end(permit, nowMs, end);
    this.#cohort.closeIfFull(nowMs, this.#windowMs, this.#minSamples);
    if (this.#cohort.isOver) this.#learn(nowMs);
  }

  readonly #leave = (): void => {
    this.#inFlight -= 1;
  };

  #learn(nowMs: number): void {
    const window = this.#cohort.window;
    if (window) {
      const nextProbeAtMs = nowMs + this.#probeIntervalMs * (1 + 0.15 * this.#random.next());
      this.#state = learn(this.#state, this.#rules, window, nowMs, nextProbeAtMs);
    }
    this.#cohort.start(nowMs, this.#inFlight);
    this.#become(allowed(this.#state, this.#rules));
  }

  #become(limit: number): void {
    const from = this.#limit;
    this.#limit = limit;
    if (from === limit || !this.#onLimit) return;
    notify(this.#onLimit, { limiter: this.name, from, to: limit }, this.#onListenerError);
  }
}

function endOf(verdict: Verdict | undefined): CallEnd {
  if (!verdict) return "successes";
  return isOverload(verdict) ? "dropped" : "ignored";
}
