/** Chaos: faults on purpose, so that the policies around a call are seen at work before they must. */

import {
  aClock,
  aFunction,
  aNumber,
  aRandom,
  aSwitch,
  type Call,
  type CallContext,
  type Clock,
  CutContext,
  checkOptions,
  type ErrorReporter,
  firstAttempt,
  givenSignal,
  hearAbort,
  KintsugiError,
  type Listener,
  type Needs,
  notify,
  numberBetween,
  type Policy,
  type Random,
  type Role,
  reportError,
  seededRandom,
  sleep,
  systemClock,
  systemRandom,
} from "../base/index.ts";
import { type ChaosRates, draw } from "./chaos-state.ts";

export interface ChaosOptions<R = never> {
  /** Whether faults happen; {@link ChaosPolicy.enable} switches them on later. @defaultValue false */
  readonly enabled?: boolean;
  /** Share of calls that wait first, 0 to 1. @defaultValue 0 */
  readonly latencyRate?: number;
  /** Least milliseconds of such a wait, 0 to 1e9. @defaultValue 0 */
  readonly latencyMinMs?: number;
  /** Most milliseconds of such a wait, `latencyMinMs` to 1e9. @defaultValue `latencyMinMs` or 1_000 */
  readonly latencyMaxMs?: number;
  /** Share of calls that fail without being made, 0 to 1. @defaultValue 0 */
  readonly errorRate?: number;
  /** What such a call throws. @defaultValue a {@link ChaosError} */
  readonly error?: (context: CallContext) => unknown;
  /** Share of calls that are answered without being made, 0 to 1; needs `result`. @defaultValue 0 */
  readonly resultRate?: number;
  /** What such a call returns; what it throws, the call throws. @defaultValue none */
  readonly result?: (context: CallContext) => R | Promise<R>;
  /** Share of calls that are made, and whose signal is aborted on their way, 0 to 1. @defaultValue 0 */
  readonly abortRate?: number;
  /** Milliseconds from the start of such a call to its abort, 0 to 1e9. @defaultValue 0 */
  readonly abortAfterMs?: number;
  /** Which calls may be hit. @defaultValue all */
  readonly when?: (context: CallContext) => boolean;
  /** The same seed hits the same calls, in the order in which they start. @defaultValue none */
  readonly seed?: string | number;
  /** Hears of every fault, before it happens. @defaultValue nobody */
  readonly onFault?: Listener<ChaosEvent>;
  /** Hears of what `onFault` throws. @defaultValue the platform's `reportError`, or a warning */
  readonly onListenerError?: ErrorReporter;
  /** Waits, and aborts. @defaultValue the system's */
  readonly clock?: Clock;
  /** Chooses the calls that are hit. @defaultValue from `seed`, or the system's */
  readonly random?: Random;
}

export const chaosNeeds: Needs<ChaosOptions<unknown>> = {
  enabled: aSwitch,
  latencyRate: aNumber,
  latencyMinMs: aNumber,
  latencyMaxMs: aNumber,
  errorRate: aNumber,
  error: aFunction,
  resultRate: aNumber,
  result: aFunction,
  abortRate: aNumber,
  abortAfterMs: aNumber,
  when: aFunction,
  seed: {
    words: "a text or a finite number",
    fits: (value) => typeof value === "string" || Number.isFinite(value),
  },
  onFault: aFunction,
  onListenerError: aFunction,
  clock: aClock,
  random: aRandom,
};

export interface ChaosEvent {
  readonly fault: "latency" | "error" | "result" | "abort";
  readonly attempt: number;
  /** Milliseconds of a wait, or until an abort; 0 for the others. */
  readonly ms: number;
}

/** Counted since the policy was made. */
export interface ChaosStats {
  readonly enabled: boolean;
  /** Calls that could have been hit: it was enabled, and `when` held. */
  readonly calls: number;
  readonly latency: number;
  readonly error: number;
  readonly result: number;
  readonly abort: number;
}

/** A fault that was made on purpose; also the reason of a signal that was aborted so. */
export class ChaosError extends KintsugiError {
  override readonly name = "ChaosError";
  readonly code = "KINTSUGI_CHAOS";
  readonly fault: "error" | "abort";

  constructor(fault: "error" | "abort") {
    super(fault === "error" ? "Chaos failed the call" : "Chaos aborted the call");
    this.fault = fault;
  }
}

/**
 * Innermost in a pipeline it is the dependency that misbehaves, and all policies around it are tested.
 * It does nothing until it is enabled, by the option or by `enable()`.
 *
 * @example
 * const chaos = new ChaosPolicy({ enabled: isStaging, errorRate: 0.05, seed: "tuesday" });
 * const guarded = pipeline(new RetryPolicy(), new TimeoutPolicy({ timeoutMs: 2_000 }), chaos);
 */
export class ChaosPolicy<R = never> implements Policy<R> {
  declare readonly alternative?: R;
  readonly #options: ChaosOptions<R>;
  readonly #rates: ChaosRates;
  readonly #abortAfterMs: number;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #counts = { calls: 0, latency: 0, error: 0, result: 0, abort: 0 };
  #isEnabled: boolean;

  /** @throws {@link RangeError} when an option is out of its range, or `result` is missing. */
  constructor(options: ChaosOptions<R> = {}) {
    checkOptions("ChaosPolicy", options, chaosNeeds);
    const { enabled = false, latencyMinMs = 0, seed, random } = options;
    this.#options = options;
    this.#rates = {
      latencyRate: rate("latencyRate", options.latencyRate),
      latencyMinMs: numberBetween("latencyMinMs", latencyMinMs, 0, 1e9),
      latencyMaxMs: numberBetween(
        "latencyMaxMs",
        options.latencyMaxMs ?? (latencyMinMs || 1_000),
        latencyMinMs,
        1e9,
      ),
      errorRate: rate("errorRate", options.errorRate),
      resultRate: rate("resultRate", options.resultRate),
      abortRate: rate("abortRate", options.abortRate),
    };
    if (this.#rates.resultRate > 0 && !options.result) {
      throw new RangeError("resultRate must come with result");
    }
    this.#abortAfterMs = numberBetween("abortAfterMs", options.abortAfterMs ?? 0, 0, 1e9);
    this.#clock = options.clock ?? systemClock;
    this.#random = random ?? (seed === undefined ? systemRandom : seededRandom(seed));
    this.#isEnabled = enabled;
  }

  /** From the next call on. */
  enable(): void {
    this.#isEnabled = true;
  }

  /** From the next call on; faults that are on their way still happen. */
  disable(): void {
    this.#isEnabled = false;
  }

  get role(): Role {
    return { kind: "chaos", state: this };
  }

  stats(): ChaosStats {
    return { enabled: this.#isEnabled, ...this.#counts };
  }

  /**
   * Makes the call, or does to it what chance says. An abort ends a wait at once.
   *
   * @throws {@link ChaosError} or what `error` gives, in place of the call; or whatever `call` throws.
   */
  execute<T>(call: Call<T>, signal?: AbortSignal): Promise<T | R> {
    return this.within(call, firstAttempt(signal));
  }

  async within<T>(call: Call<T>, context: CallContext): Promise<T | R> {
    givenSignal(context)?.throwIfAborted();
    if (!this.#isEnabled || this.#options.when?.(context) === false) return call(context);
    this.#counts.calls += 1;
    const { latencyMs, end } = draw(this.#rates, this.#random);
    if (latencyMs !== undefined) {
      this.#tell("latency", context, latencyMs);
      await sleep(this.#clock, latencyMs, givenSignal(context));
    }
    switch (end) {
      case "call":
        return call(context);
      case "error":
        this.#tell("error", context, 0);
        throw this.#options.error ? this.#options.error(context) : new ChaosError("error");
      case "result":
        this.#tell("result", context, 0);
        return this.#options.result?.(context) as R;
      case "abort":
        this.#tell("abort", context, this.#abortAfterMs);
        return this.#aborted(call, context);
    }
  }

  /** The call is made, and it is the call that must hear it: one that does not listen goes on. */
  async #aborted<T>(call: Call<T>, context: CallContext): Promise<T> {
    const outer = givenSignal(context);
    const own = new CutContext(context.attempt, outer, context);
    const abort = (): void => own.cut(new ChaosError("abort"));
    const cancel = this.#clock.after(this.#abortAfterMs, abort);
    if (outer?.aborted) own.cut(outer.reason);
    const link = outer && hearAbort(outer, { forsake: (reason) => own.cut(reason) });
    try {
      return await call(own);
    } finally {
      cancel();
      link?.leave();
    }
  }

  #tell(fault: ChaosEvent["fault"], { attempt }: CallContext, ms: number): void {
    this.#counts[fault] += 1;
    const { onFault, onListenerError = reportError } = this.#options;
    if (onFault) notify(onFault, { fault, attempt, ms }, onListenerError);
  }
}

const rate = (option: string, value = 0): number => numberBetween(option, value, 0, 1);
