/** How many of the latest calls failed, in a window that slides and never grows. */

interface Slot {
  readonly startMs: number;
  calls: number;
  failed: number;
}

export interface CallCounts {
  readonly calls: number;
  readonly failed: number;
}

/** The window slides by a twentieth of its length, so that it holds 21 numbers however many calls come. */
const SLOTS = 20;

/** Its slots are changed in place: it is asked at every call. */
export class CallWindow {
  readonly #windowMs: number;
  readonly #slotMs: number;
  readonly #slots: Slot[] = [];

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
    this.#slotMs = Math.max(1, Math.ceil(windowMs / SLOTS));
  }

  /** @param atMs - epoch milliseconds */
  record(failed: boolean, atMs: number): void {
    this.#slide(atMs);
    const startMs = atMs - (atMs % this.#slotMs);
    let newest = this.#slots.at(-1);
    if (!newest || newest.startMs < startMs) {
      newest = { startMs, calls: 0, failed: 0 };
      this.#slots.push(newest);
    }
    newest.calls += 1;
    if (failed) newest.failed += 1;
  }

  counts(nowMs: number): CallCounts {
    this.#slide(nowMs);
    let calls = 0;
    let failed = 0;
    for (const slot of this.#slots) {
      calls += slot.calls;
      failed += slot.failed;
    }
    return { calls, failed };
  }

  #slide(nowMs: number): void {
    const newest = this.#slots.at(-1);
    // A wall clock that was set back would keep what it counted for hours: begin anew.
    if (newest && nowMs < newest.startMs - this.#windowMs) this.#slots.length = 0;
    while (this.#slots[0] && this.#slots[0].startMs <= nowMs - this.#windowMs) this.#slots.shift();
  }
}
