/** The server's clock as the page knows it, and the beat at which ages are drawn anew. */

import type { Cancel, Clock } from "@kintsugi/policy/base";

/** Ages are drawn anew this often, milliseconds. */
const BEAT_MS = 250;

/** No message is under way for so many milliseconds: the server's clock was set back instead. */
const SET_BACK_MS = 10_000;

export class LiveClock {
  readonly #clock: Clock;
  readonly #listeners = new Set<() => void>();
  #aheadMs: number | undefined;
  #cancel: Cancel | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Takes the server's time from a message. Later ones only move it forward: the message that
   * was under way for the shortest time tells it best.
   *
   * @param isFirst Of its stream: it counts alone, as either clock may have been set since.
   */
  hear(atMs: number, isFirst: boolean): void {
    const aheadMs = atMs - this.#clock.monotonicMs();
    const known = isFirst ? aheadMs : (this.#aheadMs ?? aheadMs);
    this.#aheadMs = known - aheadMs > SET_BACK_MS ? aheadMs : Math.max(known, aheadMs);
  }

  /** Epoch milliseconds of the server; the page's own before the server was heard. */
  nowMs(): number {
    const aheadMs = this.#aheadMs;
    return aheadMs === undefined ? this.#clock.epochMs() : this.#clock.monotonicMs() + aheadMs;
  }

  /** Calls `fn` at each beat until it is told to stop. */
  subscribe(fn: () => void): () => void {
    this.#listeners.add(fn);
    this.#cancel ??= this.#plan();
    return () => {
      this.#listeners.delete(fn);
      if (this.#listeners.size > 0) return;
      this.#cancel?.();
      this.#cancel = undefined;
    };
  }

  #plan(): Cancel {
    return this.#clock.after(BEAT_MS, () => {
      this.#cancel = this.#plan();
      for (const listener of this.#listeners) listener();
    });
  }
}
