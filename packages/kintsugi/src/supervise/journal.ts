/**
 * The way from a change of a component to the disk: row and facts in one commit. While the disk is
 * full, supervision goes on: what cannot be written waits here, the newest row of each component and
 * a bounded number of facts, and nobody waits for it.
 */

import { type Cancel, type Clock, toError } from "@kintsugi/policy/base";

import {
  type Change,
  fact,
  put,
  remove,
  type Store,
  StoreOverloadedError,
} from "../store/index.ts";
import { type ComponentRow, componentTable } from "./tables.ts";
import type { SupervisionFact } from "./types.ts";

interface JournalOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Hears once that the store is lost. */
  readonly onFatal: (error: Error) => void;
}

/** Facts that wait for the store; the oldest give way. */
const MAX_HELD_FACTS = 500;

/** Rest before a commit that the store turned away is tried again. */
const MIN_RETRY_MS = 100;

export class Journal {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #onFatal: (error: Error) => void;
  readonly #heldRows = new Map<string, Change>();
  /** Lets go of those who wait for commits that are on their way. */
  readonly #inFlight = new Set<() => void>();
  readonly #stopListening: () => void;
  #heldFacts: Change[] = [];
  #factsDropped = 0;
  /** Planned while the store has turned something away. */
  #retry: Cancel | undefined;
  #failed = false;
  #isClosed = false;

  constructor({ store, clock, onFatal }: JournalOptions) {
    this.#store = store;
    this.#clock = clock;
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
    this.#isClosed = true;
    this.#retry?.();
    this.#stopListening();
  }

  #take(name: string, row: Change, facts: readonly SupervisionFact[]): Promise<void> {
    this.#heldRows.set(name, row);
    for (const { type, ...payload } of facts) {
      this.#heldFacts.push(fact(type, this.#clock.epochMs(), payload));
    }
    const isFull = this.#store.state.kind === "full" && this.#inFlight.size > 0;
    if (!isFull && !this.#retry) return this.#flush();
    this.#dropOldest();
    return Promise.resolve();
  }

  #flush(): Promise<void> {
    const rows = new Map(this.#heldRows);
    const facts = this.#markDropped();
    this.#heldRows.clear();
    this.#heldFacts = [];
    return new Promise((resolve) => {
      this.#inFlight.add(resolve);
      this.#store.commit([...rows.values(), ...facts]).then(
        () => {
          this.#inFlight.delete(resolve);
          resolve();
          if (this.#heldRows.size > 0 && this.#inFlight.size === 0) void this.#flush();
        },
        (error: unknown) => {
          this.#inFlight.delete(resolve);
          if (error instanceof StoreOverloadedError) this.#tryAgain(error, rows, facts);
          else this.#fail(toError(error));
          resolve();
        },
      );
      if (this.#store.state.kind === "full") resolve();
    });
  }

  /** Nothing of the commit happened: it is held with what has come since, which is newer. */
  #tryAgain(
    { retryAfterMs }: StoreOverloadedError,
    rows: ReadonlyMap<string, Change>,
    facts: readonly Change[],
  ): void {
    for (const [name, row] of rows) if (!this.#heldRows.has(name)) this.#heldRows.set(name, row);
    this.#heldFacts = [...facts, ...this.#heldFacts];
    this.#dropOldest();
    if (this.#isClosed) return;
    this.#retry ??= this.#clock.after(Math.max(MIN_RETRY_MS, retryAfterMs), () => {
      this.#retry = undefined;
      void this.#flush();
    });
  }

  #dropOldest(): void {
    const tooMany = Math.max(0, this.#heldFacts.length - MAX_HELD_FACTS);
    this.#factsDropped += tooMany;
    this.#heldFacts = this.#heldFacts.slice(tooMany);
  }

  /** The first fact after the gap says how many are missing. */
  #markDropped(): readonly Change[] {
    const factsDropped = this.#factsDropped;
    const [first, ...rest] = this.#heldFacts;
    if (factsDropped === 0 || first?.kind !== "fact") return this.#heldFacts;
    this.#factsDropped = 0;
    const payload = { ...first.fact.payload, factsDropped };
    return [{ ...first, fact: { ...first.fact, payload } }, ...rest];
  }

  #fail(error: Error): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#onFatal(error);
  }
}
