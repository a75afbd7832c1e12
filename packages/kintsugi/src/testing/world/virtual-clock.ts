/** The time of a simulated world: it moves only as fast as there is something to do. */

import { type Cancel, type Clock, systemClock } from "@kintsugi/policy/base";

import { EventQueue } from "../event-queue.ts";
import { START_EPOCH_MS } from "../manual-clock.ts";

/**
 * Firings that are handed to the platform at once. It follows all promises to their ends between any
 * two of them, and looks for real input only after the last: that look is what costs.
 */
const FIRINGS_PER_TURN = 64;

/** Firings without a millisecond passing that are taken for a circle without end. */
const FIRINGS_PER_MOMENT = 100_000;

export class VirtualClock implements Clock {
  readonly #queue = new EventQueue();
  #nowMs = 0;
  #offsetMs = START_EPOCH_MS;
  #running = false;
  #outside = 0;
  #firingsNow = 0;

  epochMs(): number {
    return Math.floor(this.#nowMs + this.#offsetMs);
  }

  /** Milliseconds since the world began. */
  monotonicMs(): number {
    return this.#nowMs;
  }

  after(ms: number, fn: () => void): Cancel {
    return this.#queue.add(this.#nowMs + Math.max(0, ms), fn);
  }

  immediate(fn: () => void): void {
    this.#queue.add(this.#nowMs, fn);
  }

  /** Sets the wall clock on, or back when negative. Spans and timers take no notice. */
  jump(ms: number): void {
    this.#offsetMs += ms;
  }

  /**
   * Lets the world go on until `untilMs` on its own clock, firing everything in order of time and, at
   * the same moment, in the order in which it was asked for.
   *
   * @throws what a timer outside of all simulated processes throws; the clock then stands there.
   */
  run(untilMs: number): Promise<void> {
    return this.#pump(untilMs, () => false);
  }

  /**
   * Lets the world go on until `work` is settled.
   *
   * @throws what `work` throws, or that it was not settled within `withinMs` of the world's time.
   */
  async until<T>(work: Promise<T>, withinMs = 60_000): Promise<T> {
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    work.then(settle, settle);
    const untilMs = this.#nowMs + withinMs;
    await this.#pump(untilMs, () => settled);
    if (!settled) throw new Error(`Not settled after ${withinMs} ms of the world's time`);
    return work;
  }

  /** Time stands still until `work` of the real world is done: the import of a module, say. */
  async outside<T>(work: Promise<T>): Promise<T> {
    this.#outside += 1;
    try {
      return await work;
    } finally {
      this.#outside -= 1;
    }
  }

  #pump(untilMs: number, isDone: () => boolean): Promise<void> {
    if (this.#running) throw new Error("The world runs already: await the first run");
    this.#running = true;
    return new Promise<void>((resolve, reject) => {
      let over = false;
      const turn = (): void => {
        if (over || this.#outside > 0) return;
        try {
          over = isDone() || !this.#fireNext(untilMs);
          if (over) resolve();
        } catch (error) {
          over = true;
          reject(error);
        }
      };
      const batch = (): void => {
        for (let count = 0; count < FIRINGS_PER_TURN; count += 1) systemClock.immediate(turn);
        systemClock.immediate(() => over || batch());
      };
      batch();
    }).finally(() => {
      this.#running = false;
    });
  }

  /** False when nothing more is due until then; the clock then stands at that time. */
  #fireNext(untilMs: number): boolean {
    if (this.#queue.nextAtMs > untilMs) {
      this.#nowMs = Math.max(this.#nowMs, untilMs);
      return false;
    }
    const due = this.#queue.take();
    if (!due) return false;
    this.#firingsNow = due.atMs > this.#nowMs ? 0 : this.#firingsNow + 1;
    if (this.#firingsNow > FIRINGS_PER_MOMENT) {
      throw new Error(`The world does not get past ${this.#nowMs} ms: something goes in a circle`);
    }
    this.#nowMs = Math.max(this.#nowMs, due.atMs);
    due.fn();
    return true;
  }
}
