/** What says when a circuit opens. */

import { systemClock } from "../../base/index.ts";
import { CircuitState } from "./circuit-state.ts";

/** Looks at how the calls of a circuit end. */
export interface IBreaker {
  /** What it remembers, as JSON: read to store it, set to take it up again. */
  state: unknown;
  /** A call has succeeded; half-open, enough of them have to close the circuit. */
  success(state: CircuitState): void;
  /** A call has failed. Returns true where the circuit is to open. */
  failure(state: CircuitState): boolean;
}

/** Opens after so many failures in a row. */
export class ConsecutiveBreaker implements IBreaker {
  /** Failures since the last success. */
  state = 0;
  readonly #threshold: number;

  constructor(threshold: number) {
    this.#threshold = threshold;
  }

  success(): void {
    this.state = 0;
  }

  failure(): boolean {
    this.state += 1;
    return this.state >= this.#threshold;
  }
}

export interface ICountBreakerOptions {
  /** Share of failures in the window above which it opens; between 0 and 1. */
  threshold: number;
  /** Calls in the window; whole, from 1. */
  size: number;
  /** Calls that must be in the window before the share says something; whole, 1 to `size`. @defaultValue size */
  minimumNumberOfCalls?: number;
}

/** Opens when too many of the last calls have failed. */
export class CountBreaker implements IBreaker {
  readonly threshold: number;
  readonly minimumNumberOfCalls: number;
  /** A ring: whether each call succeeded, null where there was none. */
  samples: (boolean | null)[];
  /** Where the next one goes. */
  currentSample = 0;
  failures = 0;
  successes = 0;

  /** @throws {@link RangeError} when an option is out of its range. */
  constructor({ threshold, size, minimumNumberOfCalls = size }: ICountBreakerOptions) {
    this.threshold = share("CountBreaker threshold", threshold);
    whole("CountBreaker size", size, Number.MAX_SAFE_INTEGER);
    this.minimumNumberOfCalls = whole(
      "CountBreaker minimumNumberOfCalls",
      minimumNumberOfCalls,
      size,
    );
    this.samples = Array.from({ length: size }, () => null);
  }

  get state(): unknown {
    const { samples, currentSample, failures, successes } = this;
    return { samples: [...samples], currentSample, failures, successes };
  }

  set state(value: unknown) {
    Object.assign(this, structuredClone(value));
  }

  success(state: CircuitState): void {
    if (state === CircuitState.HalfOpen) this.#clear();
    this.#note(true);
  }

  failure(state: CircuitState): boolean {
    this.#note(false);
    if (state !== CircuitState.Closed) return true;
    const calls = this.successes + this.failures;
    return calls >= this.minimumNumberOfCalls && this.failures > this.threshold * calls;
  }

  #note(isSuccess: boolean): void {
    const forgotten = this.samples[this.currentSample];
    if (forgotten === true) this.successes -= 1;
    if (forgotten === false) this.failures -= 1;
    if (isSuccess) this.successes += 1;
    else this.failures += 1;
    this.samples[this.currentSample] = isSuccess;
    this.currentSample = (this.currentSample + 1) % this.samples.length;
  }

  #clear(): void {
    this.samples.fill(null);
    this.failures = 0;
    this.successes = 0;
  }
}

export interface ISamplingBreakerOptions {
  /** Share of failures above which it opens; between 0 and 1. */
  threshold: number;
  /** Milliseconds that it looks back. */
  duration: number;
  /**
   * Calls a second that there must be before the share says something.
   * @defaultValue as many as make five failures a second at the threshold
   */
  minimumRps?: number;
}

interface SampleWindow {
  /** Milliseconds since the epoch. */
  startedAt: number;
  failures: number;
  successes: number;
}

/** Opens when too many of the calls of the last while have failed. */
export class SamplingBreaker implements IBreaker {
  readonly threshold: number;
  /** Calls a millisecond. */
  readonly minimumRpms: number;
  /** Milliseconds: what was asked for, in whole windows. */
  readonly duration: number;
  /** Milliseconds of each window. */
  readonly windowSize: number;
  /** A ring: five of them, or one for each second. */
  windows: SampleWindow[];
  /** Where the calls of now go. */
  currentWindow = 0;
  currentFailures = 0;
  currentSuccesses = 0;

  /** @throws {@link RangeError} when the threshold is out of its range. */
  constructor({ threshold, duration, minimumRps }: ISamplingBreakerOptions) {
    this.threshold = share("SamplingBreaker threshold", threshold);
    const count = Math.max(5, Math.ceil(duration / 1_000));
    this.windowSize = Math.round(duration / count);
    this.duration = this.windowSize * count;
    this.minimumRpms = (minimumRps || 5 / threshold) / 1_000; // Zero means none was named.
    this.windows = Array.from({ length: count }, () => emptyWindow(0));
  }

  get state(): unknown {
    const { windows, currentWindow, currentFailures, currentSuccesses } = this;
    return {
      windows: windows.map((window) => ({ ...window })),
      currentWindow,
      currentFailures,
      currentSuccesses,
    };
  }

  set state(value: unknown) {
    Object.assign(this, structuredClone(value));
  }

  success(state: CircuitState): void {
    if (state === CircuitState.HalfOpen) this.#clear();
    this.#window().successes += 1;
    this.currentSuccesses += 1;
  }

  failure(state: CircuitState): boolean {
    this.#window().failures += 1;
    this.currentFailures += 1;
    if (state !== CircuitState.Closed) return true;
    const calls = this.currentSuccesses + this.currentFailures;
    const isEnough = calls >= this.duration * this.minimumRpms;
    return isEnough && this.currentFailures > this.threshold * calls;
  }

  /** The window of now. A wall clock that was set back begins a new one. */
  #window(): SampleWindow {
    const nowMs = systemClock.epochMs();
    const current = this.windows[this.currentWindow] ?? emptyWindow(0);
    const ageMs = nowMs - current.startedAt;
    if (ageMs >= 0 && ageMs < this.windowSize) return current;
    return this.#turn(nowMs);
  }

  /** Begins a window in the place of the eldest, and forgets those that a pause has made too old. */
  #turn(nowMs: number): SampleWindow {
    const begun = emptyWindow(nowMs);
    this.currentWindow = (this.currentWindow + 1) % this.windows.length;
    this.windows[this.currentWindow] = begun;
    this.windows = this.windows.map((window) =>
      nowMs - window.startedAt > this.duration ? emptyWindow(window.startedAt) : window,
    );
    this.currentFailures = sum(this.windows, ({ failures }) => failures);
    this.currentSuccesses = sum(this.windows, ({ successes }) => successes);
    return begun;
  }

  #clear(): void {
    this.windows = this.windows.map(() => emptyWindow(0));
    this.currentFailures = 0;
    this.currentSuccesses = 0;
  }
}

const emptyWindow = (startedAt: number): SampleWindow => ({
  startedAt,
  failures: 0,
  successes: 0,
});

const sum = (windows: readonly SampleWindow[], figure: (window: SampleWindow) => number): number =>
  windows.reduce((total, window) => total + figure(window), 0);

function share(option: string, value: number): number {
  if (value > 0 && value < 1) return value;
  throw new RangeError(`${option} must be between 0 and 1, got ${value}`);
}

function whole(option: string, value: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return value;
  throw new RangeError(`${option} must be a whole number from 1 to ${most}, got ${value}`);
}
