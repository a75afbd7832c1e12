/** The time of one breaker. */

import { backgroundClock, type Cancel, type Clock, systemClock } from "../../base/index.ts";

/**
 * It is never behind a timer that it has set. Tests of users move timers by hand, and some of their tools
 * leave `performance` as it is: by that clock alone an open circuit would never see its time come.
 */
export class BreakerClock implements Clock {
  /** The same time, with timers that keep no process from ending. */
  readonly background: Clock;
  readonly #clock: Clock;
  #aheadMs = 0;

  /** @param clock A manual one, for tests. @defaultValue the system's */
  constructor(clock: Clock | undefined) {
    this.#clock = clock ?? systemClock;
    const timers = clock ?? backgroundClock;
    this.background = {
      epochMs: () => this.epochMs(),
      monotonicMs: () => this.monotonicMs(),
      after: (ms, fn) => this.#after(timers, ms, fn),
      immediate: (fn) => this.immediate(fn),
    };
  }

  epochMs(): number {
    return this.#clock.epochMs();
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs() + this.#aheadMs;
  }

  after(ms: number, fn: () => void): Cancel {
    return this.#after(this.#clock, ms, fn);
  }

  immediate(fn: () => void): void {
    this.#clock.immediate(fn);
  }

  #after(timers: Clock, ms: number, fn: () => void): Cancel {
    const dueMs = this.monotonicMs() + ms;
    return timers.after(ms, () => {
      const behindMs = dueMs - this.monotonicMs();
      if (behindMs > 1) this.#aheadMs += behindMs; // Real timers are early by no more than a millisecond.
      fn();
    });
  }
}
