/** Time that stands still until a test moves it. */

import { type Cancel, type Clock, systemClock } from "../base/index.ts";

export class SteppedClock implements Clock {
  readonly #timers = new Set<{ readonly atMs: number; readonly fn: () => void }>();
  #nowMs = 0;

  epochMs(): number {
    return 1_767_225_600_000 + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(ms: number, fn: () => void): Cancel {
    const timer = { atMs: this.#nowMs + ms, fn };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  immediate(fn: () => void): void {
    systemClock.immediate(fn);
  }

  /** Moves on, and fires what comes due; between two, `settled` is waited for. */
  async advance(ms: number, settled: () => Promise<void>): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settled();
    for (let due = this.#next(untilMs); due; due = this.#next(untilMs)) {
      this.#timers.delete(due);
      this.#nowMs = due.atMs;
      due.fn();
      await settled();
    }
    this.#nowMs = untilMs;
  }

  #next(untilMs: number): { readonly atMs: number; readonly fn: () => void } | undefined {
    const due = [...this.#timers].filter(({ atMs }) => atMs <= untilMs);
    return due.sort((a, b) => a.atMs - b.atMs)[0];
  }
}
