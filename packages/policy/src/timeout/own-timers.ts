/** Deadlines for who must have them to the millisecond: a timer for each. */

import { type Cancel, type Clock, type Deadline, UNLISTED } from "../base/index.ts";

export class OwnTimers {
  readonly #afterMs: number;
  readonly #clock: Clock;
  readonly #timers = new Map<Deadline, Cancel>();

  constructor(afterMs: number, clock: Clock) {
    this.#afterMs = afterMs;
    this.#clock = clock;
  }

  add(deadline: Deadline): void {
    deadline.dueMs = this.#clock.monotonicMs() + this.#afterMs;
    const expire = (): void => {
      this.#forget(deadline);
      deadline.expire();
    };
    this.#timers.set(deadline, this.#clock.after(this.#afterMs, expire));
  }

  remove(deadline: Deadline): void {
    this.#timers.get(deadline)?.();
    this.#forget(deadline);
  }

  leftMs({ dueMs }: Deadline): number {
    return dueMs === UNLISTED ? Infinity : dueMs - this.#clock.monotonicMs();
  }

  #forget(deadline: Deadline): void {
    this.#timers.delete(deadline);
    deadline.dueMs = UNLISTED;
  }
}
