/**
 * Deadlines of calls that all have the same time: one timer for all of them, set only while one of
 * them is out.
 *
 *     add ──▶ open ─── the next tick reads the clock ──▶ due at a known time ──▶ expire
 *               └───────────────┬──────────────────────────────┘
 *                            remove
 *
 * A call that begins between two ticks is taken to have begun at the second: no clock is read for it.
 * So it may come late by the span between two ticks, and never early. One that begins when none is open
 * reads the clock itself, and is in time.
 */

import type { Cancel, Clock } from "./clock.ts";

export interface Deadline {
  /** Milliseconds by the clock of its list, {@link OPEN} or {@link UNLISTED}. */
  dueMs: number;
  earlier: Deadline | undefined;
  later: Deadline | undefined;
  /** The time is up; it is no longer listed. */
  expire(): void;
}

/** In no list. */
export const UNLISTED = -2;

/** Listed since the last tick. */
const OPEN = -1;

/** Ticks in the time of a call: it is late by a sixty-fourth of its time, 1.6 %, at most. */
const TICKS = 64;

/** The first tick finds out whether calls are short; a process that ends waits no longer for it. */
const FIRST_TICK_MS = 1;

/** As platforms have no timers of less than a millisecond. */
const SHORTEST_TICK_MS = 1;

/** Where calls have the same time, who comes first is due first: the list is in order by itself. */
export class Deadlines {
  readonly #afterMs: number;
  readonly #clock: Clock;
  /** Undefined too where there is but one: to note it would cost each lone call a write barrier, 5 ns. */
  #eldest: Deadline | undefined;
  #last: Deadline | undefined;
  #cancel: Cancel | undefined;
  /** Nothing is open: the timer, if there is one, is set for the first deadline. */
  #isQuiet = true;
  /** The timer has fired since the list was empty, so that calls are long against it. */
  #isLong = false;
  /** When the timer is set for. */
  #tickMs = 0;
  /** Not a number before its first use. */
  #startMs = Number.NaN;

  constructor(afterMs: number, clock: Clock) {
    this.#afterMs = afterMs;
    this.#clock = clock;
  }

  add(deadline: Deadline): void {
    deadline.dueMs = OPEN;
    const last = this.#last;
    if (last) {
      deadline.earlier = last;
      last.later = deadline;
      this.#eldest ??= last;
    }
    this.#last = deadline;
    if (this.#isQuiet) this.#begin(deadline);
  }

  remove(deadline: Deadline): void {
    if (deadline.dueMs === UNLISTED) return;
    const { earlier, later } = deadline;
    if (earlier) earlier.later = later;
    else this.#eldest = later;
    if (later) later.earlier = earlier;
    else this.#last = earlier;
    deadline.earlier = undefined;
    deadline.later = undefined;
    deadline.dueMs = UNLISTED;
    // After short calls it is left to its first tick: to set it with each call costs more than the call.
    if (!this.#first && this.#isLong) this.#rest();
  }

  /** Milliseconds until it is due, at most: one that is open has begun some time ago. */
  leftMs({ dueMs }: Deadline): number {
    if (dueMs === UNLISTED) return Infinity;
    return dueMs === OPEN ? this.#afterMs : dueMs - this.#nowMs();
  }

  get #first(): Deadline | undefined {
    return this.#eldest ?? this.#last;
  }

  #begin(deadline: Deadline): void {
    const nowMs = this.#nowMs();
    deadline.dueMs = Math.ceil(nowMs) + this.#afterMs;
    this.#tickAfter(this.#first === deadline ? FIRST_TICK_MS : this.#afterMs / TICKS, nowMs);
  }

  /** Ticks after `ms`, or where the first deadline is due before, then. */
  #tickAfter(ms: number, nowMs: number): void {
    this.#cancel?.();
    this.#isQuiet = ms === Infinity;
    const dueMs = this.#first?.dueMs ?? OPEN;
    const leftMs = dueMs === OPEN ? Infinity : dueMs - nowMs;
    const waitMs = Math.ceil(Math.min(Math.max(SHORTEST_TICK_MS, ms), leftMs));
    this.#tickMs = nowMs + waitMs;
    this.#cancel = this.#clock.after(waitMs, this.#tick);
  }

  readonly #tick = (): void => {
    this.#cancel = undefined;
    this.#isLong = false; // What ends meanwhile must not stop what is set below.
    const nowMs = this.#tickedMs();
    for (let open = this.#last; open?.dueMs === OPEN; open = open.earlier) {
      open.dueMs = Math.ceil(nowMs) + this.#afterMs;
    }
    for (let due = this.#first; due && isDue(due, nowMs); due = this.#first) {
      this.remove(due);
      due.expire();
    }
    this.#rest();
    if (!this.#first) return;
    this.#isLong = true;
    this.#tickAfter(this.#last?.dueMs === OPEN ? this.#afterMs / TICKS : Infinity, nowMs);
  };

  #rest(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#isQuiet = true;
    this.#isLong = false;
  }

  /** Timers are early by no more than a millisecond; where they are, as in tests of others, the clock is. */
  #tickedMs(): number {
    const earlyMs = this.#tickMs - this.#nowMs();
    if (earlyMs > 1) this.#startMs -= earlyMs;
    return this.#nowMs();
  }

  /** Since its first use: whole deadlines are then small integers for many days. */
  #nowMs(): number {
    const nowMs = this.#clock.monotonicMs();
    if (Number.isNaN(this.#startMs)) this.#startMs = nowMs;
    return nowMs - this.#startMs;
  }
}

const isDue = ({ dueMs }: Deadline, nowMs: number): boolean => dueMs !== OPEN && dueMs <= nowMs;
