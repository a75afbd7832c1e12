/** Waits for the moment at which a life is to be struck. */

import type { AskedRuns } from "./asked-runs.ts";
import type { Moment } from "./moments.ts";

/** A life in which nothing leads to its moment is struck all the same. */
const LONGEST_LIFE_MS = 3_000;

export class Watch {
  /** Resolves at the moment. */
  readonly due: Promise<void>;
  readonly #moment: Moment;
  readonly #runs: AskedRuns;
  readonly #later: (ms: number, act: () => void) => void;
  readonly #strike: () => void;
  #effects = 0;
  #promises = 0;
  #requests = 0;
  /** Answers of this life; and the runs that quoted one, which proves that they recorded something. */
  readonly #answers = new Set<string>();
  readonly #moved = new Set<string>();

  /** `later` does something after so many milliseconds, unless all is over by then. */
  constructor(moment: Moment, runs: AskedRuns, later: (ms: number, act: () => void) => void) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.due = promise;
    this.#moment = moment;
    this.#runs = runs;
    this.#later = later;
    this.#strike = resolve;
    if (moment.kind === "in boot") later(moment.afterMs, resolve);
  }

  ready(): void {
    const { kind } = this.#moment;
    this.#in(kind === "any time" ? this.#moment.afterMs : LONGEST_LIFE_MS);
    this.#lookForCalm();
  }

  /** An effect has happened. False when nobody is to be told: the life ends before. */
  effect(run: string, quotes: readonly string[], nonce: string): boolean {
    this.#effects += 1;
    if (quotes.some((quote) => this.#answers.has(quote))) this.#moved.add(run);
    this.#answers.add(nonce);
    const isDue = this.#moment.kind === "before a reply" && this.#effects === this.#moment.nth;
    if (isDue) this.#strike();
    return !isDue;
  }

  /** The reply to the effect that was the `nth` has left. */
  replied(nth: number): void {
    if (this.#moment.kind === "after a reply" && nth === this.#moment.nth) {
      this.#in(this.#moment.afterMs);
    }
    this.#lookForCalm();
  }

  get effects(): number {
    return this.#effects;
  }

  /** The program was asked to take a run or a signal, or to cancel. */
  requested(): void {
    this.#requests += 1;
    if (this.#moment.kind === "after a request" && this.#requests === this.#moment.nth) {
      this.#in(this.#moment.afterMs);
    }
  }

  /** The program has said that it has a run or a signal. */
  promised(): void {
    this.#promises += 1;
    if (this.#moment.kind === "after a promise" && this.#promises === this.#moment.nth) {
      this.#in(this.#moment.afterMs);
    }
  }

  ended(): void {
    this.#lookForCalm();
  }

  #lookForCalm(): void {
    if (this.#moment.kind !== "calm") return;
    const waitsFor = this.#runs.suspects().filter(({ id }) => !this.#moved.has(id));
    if (waitsFor.length === 0) this.#in(this.#moment.afterMs);
  }

  #in(ms: number): void {
    if (ms === 0) this.#strike();
    else this.#later(ms, this.#strike);
  }
}
