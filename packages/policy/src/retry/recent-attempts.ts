/** What began lately, in slices of a window; the oldest slice is forgotten as a whole. */

const SLICES = 10;

/** Counts in place: every attempt under a budget passes here. */
export class RecentAttempts {
  readonly #sliceMs: number;
  readonly #attempts = new Uint32Array(SLICES);
  readonly #retries = new Uint32Array(SLICES);
  /** Number of the newest slice since the clock's start; slice `n` stands at place `n % SLICES`. */
  #newest = 0;
  #attemptTotal = 0;
  #retryTotal = 0;

  constructor(windowMs: number) {
    this.#sliceMs = windowMs / SLICES;
  }

  addAttempt(nowMs: number): void {
    this.#moveTo(nowMs);
    const place = this.#newest % SLICES;
    this.#attempts[place] = (this.#attempts[place] ?? 0) + 1;
    this.#attemptTotal += 1;
  }

  addRetry(nowMs: number): void {
    this.#moveTo(nowMs);
    const place = this.#newest % SLICES;
    this.#retries[place] = (this.#retries[place] ?? 0) + 1;
    this.#retryTotal += 1;
  }

  /** Retries that may start now, where so many are borne for each call and so many in any case. */
  retriesLeft(ratio: number, floor: number, nowMs: number): number {
    this.#moveTo(nowMs);
    // A retry is an attempt, and earns none.
    const calls = Math.max(0, this.#attemptTotal - this.#retryTotal);
    // The hair's breadth is for products such as 0.2 times 15 that fall short of a whole.
    return Math.max(0, Math.floor(floor + ratio * calls + 1e-9) - this.#retryTotal);
  }

  #moveTo(nowMs: number): void {
    const newest = Math.floor(nowMs / this.#sliceMs);
    const oldest = Math.max(this.#newest + 1, newest - SLICES + 1);
    for (let slice = oldest; slice <= newest; slice += 1) {
      const place = slice % SLICES;
      this.#attemptTotal -= this.#attempts[place] ?? 0;
      this.#retryTotal -= this.#retries[place] ?? 0;
      this.#attempts[place] = 0;
      this.#retries[place] = 0;
    }
    this.#newest = newest;
  }
}
