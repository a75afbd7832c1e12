/**
 * The board that is shared by all who watch: looked up while somebody does, and at no other time.
 *
 * The first fact after a quiet time is looked into at once; while facts come, ten times a second at most;
 * and once a second for ages and series. Two looks never run at once.
 */

import type { Cancel, Clock } from "@kintsugi/policy/base";

import { type BoardState, emptyBoard, update } from "./board-state.ts";
import { ViewReader, type ViewReaderOptions } from "./read-views.ts";

/** Between the beginnings of two looks, while facts come. A slow look is followed by as long a rest. */
const LOOK_EVERY_MS = 100;
/** Between two looks while nothing happens. */
const TICK_MS = 1_000;

export class Board {
  readonly #options: ViewReaderOptions;
  readonly #clock: Clock;
  readonly #watchers = new Set<() => void>();
  #state: BoardState = emptyBoard;
  /** One for each time that somebody watches: what an older one still brings is old news. */
  #reader: ViewReader | undefined;
  #unsubscribe: () => void = () => {};
  #cancel: Cancel = () => {};
  #isLooking = false;
  #isAsked = false;
  #earliestMs = Number.NEGATIVE_INFINITY;

  constructor(options: ViewReaderOptions) {
    this.#options = options;
    this.#clock = options.runtime.clock;
  }

  /** What was seen last, while somebody watches. */
  get state(): BoardState {
    return this.#state;
  }

  /** `listener` hears of the end of each look, changed or not. Returns the way to stop watching. */
  watch(listener: () => void): () => void {
    this.#watchers.add(listener);
    if (this.#watchers.size === 1) this.#begin();
    return () => {
      if (this.#watchers.delete(listener) && this.#watchers.size === 0) this.#rest();
    };
  }

  #begin(): void {
    this.#reader = new ViewReader(this.#options);
    this.#unsubscribe = this.#options.runtime.facts.subscribe((fact) => {
      this.#reader?.hear(fact);
      this.#ask();
    });
    this.#ask();
  }

  /** What was seen is let go: whoever comes next waits for a new look. */
  #rest(): void {
    this.#unsubscribe();
    this.#cancel();
    this.#reader = undefined;
    this.#isAsked = false;
    this.#state = emptyBoard;
  }

  #ask(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    if (!this.#isLooking) this.#plan(this.#earliestMs - this.#clock.monotonicMs());
  }

  #plan(ms: number): void {
    this.#cancel();
    this.#cancel = this.#clock.after(Math.max(0, ms), () => void this.#look());
  }

  async #look(): Promise<void> {
    const reader = this.#reader;
    if (!reader) return;
    this.#isLooking = true;
    this.#isAsked = false;
    const startedMs = this.#clock.monotonicMs();
    const views = await reader.read();
    const endedMs = this.#clock.monotonicMs();
    this.#isLooking = false;
    this.#earliestMs = Math.max(startedMs + LOOK_EVERY_MS, endedMs + (endedMs - startedMs));
    if (reader === this.#reader) {
      this.#state = update(this.#state, views);
      for (const watcher of this.#watchers) watcher();
    }
    if (!this.#reader) return;
    this.#plan((this.#isAsked ? this.#earliestMs : startedMs + TICK_MS) - endedMs);
  }
}
