/**
 * The last starts of a queue that limits them: a log of as many as the limit counts. Unlike a token bucket
 * it holds in every stretch of time, wherever that begins: no burst of twice the limit fits around a full one.
 */

export class StartWindow {
  readonly #limit: number;
  readonly #periodMs: number;
  /** Epoch milliseconds, the oldest first. */
  #starts: number[];

  /** `starts`: those known of before, the oldest first. */
  constructor(limit: number, periodMs: number, starts: readonly number[]) {
    this.#limit = limit;
    this.#periodMs = periodMs;
    this.#starts = starts.slice(-limit);
  }

  /** When one more may begin: at `nowMs`, or later. */
  nextAtMs(nowMs: number): number {
    this.#forgetFuture(nowMs);
    const [oldest] = this.#starts;
    if (oldest === undefined || this.#starts.length < this.#limit) return nowMs;
    return Math.max(nowMs, oldest + this.#periodMs);
  }

  /** Notes a start, and lets go of one that no longer counts. */
  add(atMs: number): void {
    this.#starts.push(atMs);
    if (this.#starts.length > this.#limit) this.#starts.shift();
  }

  /** A clock that was set back must not hold the queue for longer than a period. */
  #forgetFuture(nowMs: number): void {
    if ((this.#starts.at(-1) ?? nowMs) <= nowMs) return;
    this.#starts = this.#starts.map((atMs) => Math.min(atMs, nowMs));
  }
}
