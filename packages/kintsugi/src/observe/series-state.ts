/**
 * The last ten minutes by second, as a bounded ring. It has no clock and no timer: every input brings its
 * time, a second begins with the first input in it, and those without any are zeros when they are read.
 * It is changed in place, for calls come by the ten thousand in a second.
 *
 * Seconds are those of the wall clock. When that is set back, what lies after the new time is forgotten:
 * it would be shown again, and added to, when the clock comes there for the second time.
 */

import type { Series } from "./types.ts";

/** Seconds that are kept. */
export const SERIES_SECONDS = 600;

const SECOND_MS = 1_000;

/** Times of calls that are kept of each second, at most. */
const MOST_TIMES = 128;

/** A clock that is corrected by less goes on in the second where it was. */
const TOLERATED_SECONDS = 1;

interface Slot {
  second: number;
  calls: number;
  failed: number;
  retries: number;
  steps: number;
  /** The time of every `stride`-th call of the second, in the order in which they ended. */
  readonly times: number[];
  stride: number;
}

export class SeriesState {
  readonly #slots: (Slot | undefined)[] = new Array<undefined>(SERIES_SECONDS).fill(undefined);
  /** Before it nobody counted, or it has been forgotten. */
  #first: number;
  #newest: number;

  /** @param startMs - epoch milliseconds, as all times here */
  constructor(startMs: number) {
    this.#first = Math.floor(startMs / SECOND_MS);
    this.#newest = this.#first;
  }

  /** A call has ended. */
  call(isFailure: boolean, retries: number, durationMs: number, nowMs: number): void {
    const slot = this.#slot(nowMs);
    if (slot.calls % slot.stride === 0) keepTime(slot, durationMs);
    slot.calls += 1;
    if (isFailure) slot.failed += 1;
    slot.retries += retries;
  }

  /** A step was recorded. */
  step(nowMs: number): void {
    this.#slot(nowMs).steps += 1;
  }

  /** From the second of `sinceMs` to that of `nowMs`, which is always there; at most all that is kept. */
  read(nowMs: number, sinceMs: number = Number.NEGATIVE_INFINITY): Series {
    const newest = this.#move(nowMs);
    const since = Math.floor(sinceMs / SECOND_MS);
    const first = since > this.#first ? Math.min(since, newest) : this.#first;
    const slots = Array.from({ length: newest - first + 1 }, (_, at) => this.#at(first + at));
    return {
      startMs: first * SECOND_MS,
      everyMs: SECOND_MS,
      calls: slots.map((slot) => slot?.calls ?? 0),
      failed: slots.map((slot) => slot?.failed ?? 0),
      retries: slots.map((slot) => slot?.retries ?? 0),
      p95Ms: slots.map((slot) => (slot ? percentile95(slot.times) : null)),
      steps: slots.map((slot) => slot?.steps ?? 0),
    };
  }

  #at(second: number): Slot | undefined {
    const slot = this.#slots[second % SERIES_SECONDS];
    return slot?.second === second ? slot : undefined;
  }

  #slot(nowMs: number): Slot {
    const second = this.#move(nowMs);
    const place = second % SERIES_SECONDS;
    const slot = this.#slots[place];
    if (slot?.second === second) return slot;
    const fresh = { second, calls: 0, failed: 0, retries: 0, steps: 0, times: [], stride: 1 };
    this.#slots[place] = fresh;
    return fresh;
  }

  /** The second that it is now. */
  #move(nowMs: number): number {
    const second = Math.floor(nowMs / SECOND_MS);
    if (second >= this.#newest - TOLERATED_SECONDS) {
      this.#newest = Math.max(this.#newest, second);
      this.#first = Math.max(this.#first, this.#newest - SERIES_SECONDS + 1);
      return this.#newest;
    }
    for (const [place, slot] of this.#slots.entries()) {
      const isKept = slot && slot.second >= this.#first && slot.second <= second;
      if (!isKept) this.#slots[place] = undefined;
    }
    this.#newest = second;
    this.#first = Math.min(this.#first, second);
    return second;
  }
}

/** When there is no room, every second time goes, and from here on every second call alone is kept. */
function keepTime(slot: Slot, durationMs: number): void {
  const { times } = slot;
  if (times.length >= MOST_TIMES) {
    for (let at = 0; at < MOST_TIMES / 2; at += 1) times[at] = times[at * 2] ?? 0;
    times.length = MOST_TIMES / 2;
    slot.stride *= 2;
  }
  times.push(durationMs);
}

/** The smallest of the times that 95 in a hundred do not pass. */
function percentile95(times: readonly number[]): number | null {
  const ordered = times.toSorted((a, b) => a - b);
  return ordered[Math.ceil(ordered.length * 0.95) - 1] ?? null;
}
