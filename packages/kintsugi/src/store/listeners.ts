import { type ErrorReporter, notify } from "@kintsugi/policy/base";

/** More than this many listeners are a leak, not an audience. */
const MAX_LISTENERS = 1_000;

/** Those who hear of something. None of them can break it, and each may leave while it is told. */
export class Listeners<Event> {
  readonly #listeners = new Map<symbol, (event: Event) => void>();
  readonly #report: ErrorReporter;

  constructor(report: ErrorReporter) {
    this.#report = report;
  }

  get isEmpty(): boolean {
    return this.#listeners.size === 0;
  }

  /** Returns the way to leave, which is harmless when taken twice. */
  add(listener: (event: Event) => void): () => void {
    if (this.#listeners.size >= MAX_LISTENERS) {
      throw new RangeError(`A store has at most ${MAX_LISTENERS} listeners of a kind`);
    }
    const place = Symbol();
    this.#listeners.set(place, listener);
    return () => void this.#listeners.delete(place);
  }

  tell(event: Event): void {
    for (const listener of this.#listeners.values()) notify(listener, event, this.#report);
  }
}
