/**
 * The store: queue, promises, facts and the life of a disk, over whatever {@link Journal}.
 *
 * Everything that is queued in one turn of the event loop is one write of the journal. On a full
 * disk the reserve is given up at once, so that what is in flight and a cleanup still find room;
 * then the queue waits, and the clock tries again each second. A failed disk is never tried again:
 * a second fsync succeeds without having written what the first one lost (Rebello et al., USENIX
 * ATC 2020).
 */

import {
  type Cancel,
  type Clock,
  type ErrorReporter,
  reportError,
  wholeNumber,
} from "@kintsugi/policy/base";

import { decodeFact, encodeChange, encodeFact } from "./changes.ts";
import { CommitQueue, type PendingCommit } from "./commit-queue.ts";
import { StoreClosedError, StoreFailedError, StoreOverloadedError } from "./errors.ts";
import type { Journal, NumberedFact } from "./journal.ts";
import { Listeners } from "./listeners.ts";
import type { AnyTable, Cell, Change, Fact, FactLog, Query, Store, Table } from "./port.ts";
import { encodeQuery, encodeWhere } from "./queries.ts";
import { opened, type StoreInput, step } from "./store-state.ts";
import { decodeRow, encodeKey, storable, type TableShape } from "./table-shape.ts";

export interface JournaledStoreOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  /** Hears of what a listener throws. @defaultValue the platform's `reportError`, or a warning */
  readonly onListenerError?: ErrorReporter | undefined;
}

/** Changes that may wait for the disk; beyond that a commit is refused. */
const MAX_QUEUED_CHANGES = 100_000;

/** Commits of facts alone that may wait for a full disk; beyond that the oldest are dropped. */
const MAX_QUEUED_FACTS_WHEN_FULL = 1_000;

/** How often a full disk is tried again. */
const RETRY_MS = 1_000;

const DEFAULT_FACTS_LIMIT = 1_000;

export class JournaledStore implements Store {
  readonly facts: FactLog;
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #queue = new CommitQueue({
    maxChanges: MAX_QUEUED_CHANGES,
    maxFactCommits: MAX_QUEUED_FACTS_WHEN_FULL,
  });
  readonly #factListeners: Listeners<Fact>;
  readonly #stateListeners: Listeners<Store["state"]>;
  readonly #shapeOf = (table: AnyTable): TableShape => this.#journal.shape(table);
  #state: Store["state"] = opened;
  #failure: StoreFailedError | undefined;
  #flushIsDue = false;
  /** The disk was full at the last try: only the clock tries again. */
  #isStuck = false;
  #factsDropped = 0;
  #cancelRetry: Cancel | undefined;

  constructor(options: JournaledStoreOptions) {
    const report = options.onListenerError ?? reportError;
    this.#journal = options.journal;
    this.#clock = options.clock;
    this.#factListeners = new Listeners(report);
    this.#stateListeners = new Listeners(report);
    this.facts = this.#factLog();
  }

  get state(): Store["state"] {
    return this.#state;
  }

  onState(listener: (state: Store["state"]) => void): () => void {
    return this.#stateListeners.add(listener);
  }

  commit(changes: readonly Change[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#mustBeAlive();
      if (!this.#queue.hasRoomFor(changes.length)) throw this.#overloaded();
      const encoded = changes.map((change) => encodeChange(change, this.#shapeOf));
      const droppable = encoded.length > 0 && encoded.every(({ kind }) => kind === "fact");
      this.#queue.add({ changes: encoded, droppable, resolve, reject });
      if (this.#isStuck) this.#factsDropped += this.#queue.dropOldestFacts();
      else this.#flushSoon();
    });
  }

  async get<Row extends object>(
    table: Table<Row>,
    ...key: readonly Cell[]
  ): Promise<Row | undefined> {
    const shape = this.#shapeFor(table);
    const cells = encodeKey(shape, key);
    return this.#read(() => {
      const found = this.#journal.get(shape, cells);
      return found && (decodeRow(shape, found) as Row);
    });
  }

  async list<Row extends object>(table: Table<Row>, query?: Query<Row>): Promise<readonly Row[]> {
    const shape = this.#shapeFor(table);
    const asked = encodeQuery(shape, (query ?? {}) as Query<Record<string, unknown>>);
    return this.#read(() => {
      const found = this.#journal.list(shape, asked);
      return found.map((cells) => decodeRow(shape, cells) as Row);
    });
  }

  async count<Row extends object>(table: Table<Row>, where?: Query<Row>["where"]): Promise<number> {
    const shape = this.#shapeFor(table);
    const criteria = encodeWhere(shape, where as Query<Record<string, unknown>>["where"]);
    return this.#read(() => this.#journal.count(shape, criteria));
  }

  async close(): Promise<void> {
    if (this.#failure !== undefined || this.#state.kind === "closed") return;
    this.#flush();
    if (this.#failure !== undefined) return; // A failed disk is not even closed: that would write.
    this.#cancelRetry?.();
    this.#become({ kind: "closed" });
    for (const commit of this.#queue.takeAll()) commit.reject(new StoreClosedError());
    this.#journal.close();
  }

  #factLog(): FactLog {
    const journal = this.#journal;
    return {
      after: async (id, { limit = DEFAULT_FACTS_LIMIT, types = [] } = {}) => {
        wholeNumber("id", id, 0);
        wholeNumber("limit", limit, 0);
        return this.#read(() => journal.factsAfter(id, limit, types.map(storable)));
      },
      latest: async (limit, types = []) => {
        wholeNumber("limit", limit, 0);
        return this.#read(() => journal.factsLatest(limit, types.map(storable)));
      },
      subscribe: (listener) => this.#factListeners.add(listener),
      get lastId() {
        return journal.lastFactId;
      },
      get firstId() {
        return journal.firstFactId;
      },
    };
  }

  #shapeFor<Row extends object>(table: Table<Row>): TableShape {
    return this.#journal.shape(table);
  }

  #mustBeAlive(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#state.kind === "closed") throw new StoreClosedError();
  }

  #overloaded(): StoreOverloadedError {
    const retryAfterMs = this.#isStuck ? RETRY_MS : 0;
    return new StoreOverloadedError(`${MAX_QUEUED_CHANGES} changes wait already`, retryAfterMs);
  }

  #read<T>(read: () => T): T {
    this.#mustBeAlive();
    try {
      return read();
    } catch (cause) {
      const failure = new StoreFailedError(this.#journal.file, cause);
      this.#rejectAll(failure);
      throw failure;
    }
  }

  #flushSoon(): void {
    if (this.#flushIsDue) return;
    this.#flushIsDue = true;
    this.#clock.immediate(() => {
      this.#flushIsDue = false;
      this.#flush();
    });
  }

  /** Writes what waits. True when nothing waits any more. */
  #flush(): boolean {
    if (this.#failure !== undefined || this.#state.kind === "closed") return false;
    if (this.#queue.isEmpty) return true;
    const wasFull = this.#state.kind === "full";
    const facts: NumberedFact[] = [];
    const left = this.#write(this.#queue.takeAll(), facts);
    this.#queue.putBack(left);
    this.#isStuck = left.length > 0;
    this.#publish(facts);
    if (this.#failure !== undefined) this.#rejectAll(this.#failure);
    else if (left.length > 0 && !wasFull) return this.#meetFullDisk();
    return left.length === 0;
  }

  /** Writes the commits in order. Returns those that found no room, or a failed disk. */
  #write(commits: readonly PendingCommit[], facts: NumberedFact[]): readonly PendingCommit[] {
    const written = this.#journal.write(commits.map(({ changes }) => changes));
    switch (written.kind) {
      case "written":
        for (const [index, commit] of commits.entries()) {
          const conflict = written.conflicts.get(index);
          if (conflict === undefined) commit.resolve();
          else commit.reject(conflict);
        }
        for (const fact of written.facts) facts.push(fact);
        return [];
      case "failed":
        this.#failure = new StoreFailedError(this.#journal.file, written.cause);
        return commits;
      case "full":
        return this.#state.kind === "full" ? this.#writeInHalves(commits, facts) : commits;
    }
  }

  /** What does not fit together may fit in part: a cleanup waits for no more than it must. */
  #writeInHalves(
    commits: readonly PendingCommit[],
    facts: NumberedFact[],
  ): readonly PendingCommit[] {
    if (commits.length === 1) return commits;
    const middle = commits.length >> 1;
    const left = this.#write(commits.slice(0, middle), facts);
    const later = commits.slice(middle);
    return left.length > 0 ? [...left, ...later] : this.#write(later, facts);
  }

  /** The first time: gives up the reserve, says so, and tries once more. */
  #meetFullDisk(): boolean {
    if (!this.#attempt(() => this.#journal.freeReserve())) return false;
    this.#queue.putBack([this.#ownFact("store.full", {})]);
    this.#retryLater();
    this.#become({ kind: "no room" });
    return this.#flush();
  }

  #retryLater(): void {
    this.#cancelRetry = this.#clock.after(RETRY_MS, () => {
      if (this.#flush()) this.#attempt(() => this.#takeRoom());
      if (this.#state.kind === "full") this.#retryLater();
    });
  }

  /** It is over when there is room for a reserve again. */
  #takeRoom(): void {
    const state = this.#state;
    if (state.kind !== "full" || !this.#journal.takeReserve()) return;
    const fullMs = Math.max(0, this.#clock.epochMs() - state.sinceMs);
    this.#queue.add(this.#ownFact("store.room", { fullMs, factsDropped: this.#factsDropped }));
    this.#factsDropped = 0;
    this.#flushSoon();
    this.#become({ kind: "room" });
  }

  /** False when the disk failed meanwhile. */
  #attempt(use: () => void): boolean {
    try {
      use();
      return true;
    } catch (cause) {
      this.#rejectAll(new StoreFailedError(this.#journal.file, cause));
      return false;
    }
  }

  /** A fact of the store itself; nobody waits for it. */
  #ownFact(type: string, payload: object): PendingCommit {
    const changes = [encodeFact({ type, atMs: this.#clock.epochMs(), payload })];
    return { changes, droppable: false, resolve: () => {}, reject: () => {} };
  }

  #publish(facts: readonly NumberedFact[]): void {
    if (this.#factListeners.isEmpty) return;
    for (const { id, fact } of facts) {
      const { type, atMs, payload, sourceId } = fact;
      this.#factListeners.tell(decodeFact(id, type, atMs, payload, sourceId));
    }
  }

  /** The end of the store, unless it has failed before: all that waits is told. */
  #rejectAll(failure: StoreFailedError): void {
    this.#failure = failure;
    this.#cancelRetry?.();
    for (const commit of this.#queue.takeAll()) commit.reject(failure);
    this.#become({ kind: "broke", message: failure.message });
  }

  #become(input: StoreInput): void {
    const next = step(this.#state, input, this.#clock.epochMs());
    if (next === this.#state || next.kind === this.#state.kind) return;
    this.#state = next;
    this.#stateListeners.tell(next);
  }
}
