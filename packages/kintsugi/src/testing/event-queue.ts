/**
 * What is due, in order of time; what is due at the same moment, in the order in which it was asked
 * for. A binary heap: both clocks of this room stand on it.
 */

import type { Cancel } from "@kintsugi/policy/base";

interface Entry {
  readonly atMs: number;
  /** Breaks ties, so that no order is ever left to chance. */
  readonly sequence: number;
  /** Undefined when it was cancelled: it is dropped when its time comes. */
  fn: (() => void) | undefined;
}

/** Cancelled entries that may lie in the heap before it is cleared of them. */
const CANCELLED_BEFORE_SWEEP = 1_024;

export class EventQueue {
  #heap: Entry[] = [];
  #sequence = 0;
  #cancelled = 0;

  /** How many are still to come. */
  get size(): number {
    return this.#heap.length - this.#cancelled;
  }

  /** When the next one is due; Infinity when there is none. */
  get nextAtMs(): number {
    this.#dropCancelled();
    return this.#heap[0]?.atMs ?? Infinity;
  }

  add(atMs: number, fn: () => void): Cancel {
    const entry: Entry = { atMs, sequence: this.#sequence, fn };
    this.#sequence += 1;
    this.#heap.push(entry);
    this.#rise(this.#heap.length - 1);
    return () => this.#cancel(entry);
  }

  /** Takes the first one out; undefined when there is none. */
  take(): { readonly atMs: number; readonly fn: () => void } | undefined {
    this.#dropCancelled();
    const entry = this.#pop();
    if (!entry?.fn) return undefined;
    const { atMs, fn } = entry;
    entry.fn = undefined; // A cancel that comes now is too late, and harmless.
    return { atMs, fn };
  }

  #cancel(entry: Entry): void {
    if (!entry.fn) return;
    entry.fn = undefined;
    this.#cancelled += 1;
    if (this.#cancelled > CANCELLED_BEFORE_SWEEP && this.#cancelled * 2 > this.#heap.length) {
      this.#sweep();
    }
  }

  #sweep(): void {
    this.#heap = this.#heap.filter(({ fn }) => fn).sort((a, b) => (isBefore(a, b) ? -1 : 1));
    this.#cancelled = 0;
  }

  #dropCancelled(): void {
    while (this.#heap[0] && !this.#heap[0].fn) {
      this.#pop();
      this.#cancelled -= 1;
    }
  }

  #pop(): Entry | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (this.#heap.length > 0 && last) {
      this.#heap[0] = last;
      this.#sink(0);
    }
    return first;
  }

  #rise(start: number): void {
    const heap = this.#heap;
    let index = start;
    const entry = heap[index];
    while (entry && index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above];
      if (!parent || isBefore(parent, entry)) break;
      heap[index] = parent;
      heap[above] = entry;
      index = above;
    }
  }

  #sink(start: number): void {
    const heap = this.#heap;
    let index = start;
    const entry = heap[index];
    while (entry) {
      const left = heap[2 * index + 1];
      const right = heap[2 * index + 2];
      if (!left) break;
      const [child, below] =
        right && isBefore(right, left) ? [right, 2 * index + 2] : [left, 2 * index + 1];
      if (isBefore(entry, child)) break;
      heap[index] = child;
      heap[below] = entry;
      index = below;
    }
  }
}

const isBefore = (a: Entry, b: Entry): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence);
