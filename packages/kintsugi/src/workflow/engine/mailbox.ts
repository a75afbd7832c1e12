/** Signals that nobody has asked for yet, in the order in which they came. */

import type { SignalRow } from "../tables.ts";

export class Mailbox {
  readonly #letters: SignalRow[] = [];

  get size(): number {
    return this.#letters.length;
  }

  /** A letter that comes twice, once by hand and once from the store, is kept once. */
  add(letter: SignalRow): void {
    if (this.#letters.some(({ seq }) => seq === letter.seq)) return;
    this.#letters.push(letter);
    this.#letters.sort((a, b) => a.seq - b.seq);
  }

  take(name: string): SignalRow | undefined {
    const at = this.#letters.findIndex((letter) => letter.name === name);
    return at < 0 ? undefined : this.#letters.splice(at, 1)[0];
  }
}
