/**
 * The way from a change of a component to the disk: row and facts in one commit. While the disk is
 * full, supervision goes on: what cannot be written waits here, the newest row of each component and
 * a bounded number of facts, and nobody waits for it.
 */

import { toError } from "@kintsugi/policy/base";

import { type Change, fact, put, remove, type Store } from "../store/index.ts";
import { type ComponentRow, componentTable } from "./tables.ts";
import type { SupervisionFact } from "./types.ts";

interface JournalOptions {
  readonly store: Store;
  readonly epochMs: () => number;
  /** Hears once that the store is lost. */
  readonly onFatal: (error: Error) => void;
}

/** Facts that wait for a full disk; the oldest give way. */
const MAX_HELD_FACTS = 500;

export class Journal {
  readonly #store: Store;
  readonly #epochMs: () => number;
  readonly #onFatal: (error: Error) => void;
  readonly #heldRows = new Map<string, Change>();
  /** Lets go of those who wait for commits that are on their way. */
  readonly #inFlight = new Set<() => void>();
  readonly #stopListening: () => void;
  #heldFacts: Change[] = [];
  #failed = false;

  constructor({ store, epochMs, onFatal }: JournalOptions) {
    this.#store = store;
    this.#epochMs = epochMs;
    this.#onFatal = onFatal;
    this.#stopListening = store.onState(({ kind }) => {
      if (kind === "full") for (const letGo of this.#inFlight) letGo();
    });
  }

  /** Resolves when it is on the disk, or the disk is full. Never rejects: that is `onFatal`'s. */
  write(row: ComponentRow, facts: readonly SupervisionFact[]): Promise<void> {
    return this.#take(row.name, put(componentTable, row), facts);
  }

  /** Drops the row of a component that is no more. */
  forget(name: string): Promise<void> {
    return this.#take(name, remove(componentTable, name), []);
  }

  close(): void {
    this.#stopListening();
  }

  #take(name: string, row: Change, facts: readonly SupervisionFact[]): Promise<void> {
    this.#heldRows.set(name, row);
    for (const { type, ...payload } of facts) {
      this.#heldFacts.push(fact(type, this.#epochMs(), payload));
    }
    const isStuck = this.#store.state.kind === "full" && this.#inFlight.size > 0;
    if (!isStuck) return this.#flush();
    this.#heldFacts = this.#heldFacts.slice(-MAX_HELD_FACTS);
    return Promise.resolve();
  }

  #flush(): Promise<void> {
    const changes = [...this.#heldRows.values(), ...this.#heldFacts];
    this.#heldRows.clear();
    this.#heldFacts = [];
    return new Promise((resolve) => {
      this.#inFlight.add(resolve);
      this.#store.commit(changes).then(
        () => {
          this.#inFlight.delete(resolve);
          resolve();
          if (this.#heldRows.size > 0 && this.#inFlight.size === 0) void this.#flush();
        },
        (error: unknown) => {
          this.#inFlight.delete(resolve);
          this.#fail(toError(error));
          resolve();
        },
      );
      if (this.#store.state.kind === "full") resolve();
    });
  }

  #fail(error: Error): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#onFatal(error);
  }
}
