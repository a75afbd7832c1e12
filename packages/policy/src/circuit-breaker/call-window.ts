/** The windows of window-state.ts as calls pass them: changed in place, and the same price at any size. */

import {
  FAILED,
  FINE,
  type Mark,
  SLOW,
  type Tally,
  TENTHS,
  tenthOf,
  type WindowLimits,
} from "./window-state.ts";

export interface CallWindow extends Tally {
  /** Takes in how a call ended; `nowMs` counts where the window is one of time. */
  note(mark: Mark, nowMs: number): void;
  /** Forgets what is too old by now. */
  forget(nowMs: number): void;
  clear(): void;
}

/** @param failures That a consecutive window begins with. */
export function callWindow(limits: WindowLimits, failures = 0): CallWindow {
  switch (limits.window) {
    case "consecutive":
      return new FailuresInARow(failures);
    case "count":
      return new LastCalls(limits.windowSize);
    case "time":
      return new RecentCalls(limits.windowMs);
  }
}

/** Whether what the one window has seen says something in the other. */
export function isSameWindow(one: WindowLimits, other: WindowLimits): boolean {
  if (one.window !== other.window) return false;
  return one.windowSize === other.windowSize && one.windowMs === other.windowMs;
}

class FailuresInARow implements CallWindow {
  failures: number;

  constructor(failures: number) {
    this.failures = failures;
  }

  get calls(): number {
    return this.failures;
  }

  get slow(): number {
    return 0;
  }

  note(mark: Mark): void {
    this.failures = (mark & FAILED) === 0 ? 0 : this.failures + 1;
  }

  forget(): void {}

  clear(): void {
    this.failures = 0;
  }
}

/** A ring of marks. Until something goes wrong all marks are alike, and their number is enough. */
class LastCalls implements CallWindow {
  calls = 0;
  failures = 0;
  slow = 0;
  readonly #size: number;
  #ring: Uint8Array | undefined = undefined;
  /** Where the next mark goes. */
  #next = 0;

  constructor(size: number) {
    this.#size = size;
  }

  note(mark: Mark): void {
    if (!this.#ring && mark === FINE) {
      if (this.calls < this.#size) this.calls += 1;
      return;
    }
    this.#ring ??= new Uint8Array(this.#size); // As after marks that are fine, wherever it begins.
    if (this.calls < this.#size) this.calls += 1;
    else this.#count(this.#ring[this.#next] as Mark, -1); // A ring has no holes.
    this.#ring[this.#next] = mark;
    this.#count(mark, 1);
    this.#next = this.#next + 1 === this.#size ? 0 : this.#next + 1;
  }

  forget(): void {}

  clear(): void {
    this.#ring = undefined;
    this.calls = 0;
    this.failures = 0;
    this.slow = 0;
  }

  #count(mark: Mark, change: 1 | -1): void {
    if ((mark & FAILED) !== 0) this.failures += change;
    if ((mark & SLOW) !== 0) this.slow += change;
  }
}

/** Calls, failures and slow ones of each tenth. */
const FIGURES = 3;

/** A ring of tenths. The first call makes it: what was fine before a failure counts in the rate. */
class RecentCalls implements CallWindow {
  calls = 0;
  failures = 0;
  slow = 0;
  readonly #windowMs: number;
  #ring: Int32Array | undefined = undefined;
  #tenth = 0;
  /** When it ends, and where it stands in the ring: noted, as a call is mostly in the tenth of the last. */
  #endMs = -Infinity;
  #place = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  note(mark: Mark, nowMs: number): void {
    if (nowMs >= this.#endMs) this.forget(nowMs);
    this.#ring ??= new Int32Array(TENTHS * FIGURES);
    const ring = this.#ring;
    const place = this.#place;
    this.calls += 1;
    ring[place] = (ring[place] ?? 0) + 1;
    if (mark !== FINE) this.#add(ring, place, 0, mark & FAILED, (mark & SLOW) / SLOW);
  }

  forget(nowMs: number): void {
    const tenth = tenthOf(nowMs, this.#windowMs);
    const ring = this.#ring;
    const passed = ring ? Math.min(tenth - this.#tenth, TENTHS) : 0;
    for (let step = 1; ring && step <= passed; step += 1) {
      const place = placeOf(this.#tenth + step);
      const [calls = 0, failures = 0, slow = 0] = ring.subarray(place, place + FIGURES);
      this.#add(ring, place, -calls, -failures, -slow);
    }
    this.#tenth = tenth;
    this.#endMs = ((tenth + 1) * this.#windowMs) / TENTHS;
    this.#place = placeOf(tenth);
  }

  clear(): void {
    this.#ring = undefined;
    this.calls = 0;
    this.failures = 0;
    this.slow = 0;
  }

  #add(ring: Int32Array, place: number, calls: number, failures: number, slow: number): void {
    ring[place] = (ring[place] ?? 0) + calls;
    ring[place + 1] = (ring[place + 1] ?? 0) + failures;
    ring[place + 2] = (ring[place + 2] ?? 0) + slow;
    this.calls += calls;
    this.failures += failures;
    this.slow += slow;
  }
}

const placeOf = (tenth: number): number => (tenth % TENTHS) * FIGURES;
