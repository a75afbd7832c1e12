/** Deadlines for who must have them to the millisecond: a timer for each. */

import type { Cancel, Clock, Deadline } from "../base/index.ts";

export class OwnTimers {
  readonly #afterMs: number;
  readonly #clock: Clock;
  readonly #timers = new Map<Deadline, Cancel>();

  constructor(afterMs: number, clock: Clock) {
    this.#afterMs = afterMs;
    this.#clock = clock;
  }

  add(deadline: Deadline): void {
    const expire = (): void => {
      this.#timers.delete(deadline);
      deadline.expire();
    };
    this.#timers.set(deadline, this.#clock.after(this.#afterMs, expire));
  }

  remove(deadline: Deadline): void {
    this.#timers.get(deadline)?.();
    this.#timers.delete(deadline);
  }
}
