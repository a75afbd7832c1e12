/** A store in memory, for tests, simulations and work that need not last. */

import { type Clock, type ErrorReporter, wholeNumber } from "@kintsugi/policy/base";
import { compareAt } from "./cell-order.ts";
import type { EncodedCommit } from "./changes.ts";
import { decodeFact, type EncodedChange, type EncodedFact, matchesType } from "./changes.ts";
import { ConflictError, newerTable, StoreUsageError } from "./errors.ts";
import { DEFAULT_MAX_FACTS, factsToTrim, MAX_SOURCE_IDS } from "./fact-limits.ts";
import type { CellQuery, Criterion, Journal, NumberedFact, Written } from "./journal.ts";
import { JournaledStore } from "./journaled-store.ts";
import { type MemoryDisk, type MemoryTable, memoryDisk } from "./memory-disk.ts";
import type { AnyTable, Fact, Store } from "./port.ts";
import { type Cells, keyOf, keyText, shapeOf, shapesOf, type TableShape } from "./table-shape.ts";

export interface MemoryStoreOptions {
  readonly clock: Clock;
  /** Tables of the store. @defaultValue each becomes known when it is first used */
  readonly tables?: readonly AnyTable[];
  /** Facts to keep; older ones are let go. @defaultValue 100_000 */
  readonly maxFacts?: number;
  /** Where an earlier store left its rows, and where faults are set. @defaultValue an empty disk */
  readonly disk?: MemoryDisk;
  /** Hears of what a listener throws. @defaultValue the platform's `reportError`, or a warning */
  readonly onListenerError?: ErrorReporter;
}

export function memoryStore(options: MemoryStoreOptions): Store {
  const journal = new MemoryJournal(options);
  return new JournaledStore({ ...options, journal });
}

class MemoryJournal implements Journal {
  readonly file = "in memory";
  readonly #disk: MemoryDisk;
  readonly #self = Symbol();
  readonly #maxFacts: number;
  readonly #learnsTables: boolean;
  /** How to take back what the commit in hand has done so far. */
  #undo: (() => void)[] = [];

  constructor(options: MemoryStoreOptions) {
    this.#maxFacts = wholeNumber("maxFacts", options.maxFacts ?? DEFAULT_MAX_FACTS, 1);
    this.#disk = options.disk ?? memoryDisk();
    this.#learnsTables = options.tables === undefined;
    const shapes = shapesOf(options.tables ?? []);
    for (const shape of shapes) refuseNewer(this.#disk, shape);
    for (const shape of shapes) addTable(this.#disk, shape);
    this.#disk.owner = this.#self;
  }

  get firstFactId(): number {
    return this.#disk.facts[0]?.id ?? 0;
  }

  get lastFactId(): number {
    return this.#disk.facts.at(-1)?.id ?? 0;
  }

  shape(table: AnyTable): TableShape {
    const known = this.#disk.tables.get(table.name);
    if (known !== undefined) return known.shape;
    if (!this.#learnsTables) throw new StoreUsageError(table.name, "is no table of this store");
    const shape = shapeOf(table);
    addTable(this.#disk, shape);
    return shape;
  }

  write(commits: readonly EncodedCommit[]): Written {
    if (this.#disk.owner !== this.#self) return { kind: "failed", cause: lostDisk() };
    if (this.#disk.condition === "full" && !this.#usesUpRoom(commits)) return { kind: "full" };
    if (this.#disk.condition === "broken") {
      return { kind: "failed", cause: new Error("the disk is broken") };
    }
    const conflicts = new Map<number, ConflictError>();
    const facts: NumberedFact[] = [];
    for (const [index, changes] of commits.entries()) {
      const own: NumberedFact[] = [];
      const conflict = this.#apply(changes, own);
      if (conflict === undefined) facts.push(...own);
      else conflicts.set(index, conflict);
    }
    this.#trimFacts();
    return { kind: "written", conflicts, facts };
  }

  get(shape: TableShape, key: Cells): Cells | undefined {
    return this.#rows(shape).get(keyText(key));
  }

  list(shape: TableShape, query: CellQuery): readonly Cells[] {
    const { order, after, descending } = query;
    const sign = descending ? -1 : 1;
    const isLater = (row: Cells): boolean => {
      if (after === undefined) return true;
      const cells = order.map((position) => row[position] ?? null);
      return sign * compareAt(cells, after, [...after.keys()]) > 0;
    };
    return [...this.#rows(shape).values()]
      .filter((row) => matches(row, query.where) && isLater(row))
      .sort((a, b) => sign * compareAt(a, b, order))
      .slice(0, query.limit);
  }

  count(shape: TableShape, where: readonly Criterion[]): number {
    let found = 0;
    for (const row of this.#rows(shape).values()) if (matches(row, where)) found += 1;
    return found;
  }

  factsAfter(id: number, limit: number, types: readonly string[]): readonly Fact[] {
    const first = Math.max(0, id + 1 - this.firstFactId);
    const found: NumberedFact[] = [];
    for (let at = first; at < this.#disk.facts.length && found.length < limit; at += 1) {
      const numbered = this.#disk.facts[at];
      if (numbered && matchesType(numbered.fact.type, types)) found.push(numbered);
    }
    return found.map(published);
  }

  factsLatest(limit: number, types: readonly string[]): readonly Fact[] {
    const found: NumberedFact[] = [];
    for (let at = this.#disk.facts.length - 1; at >= 0 && found.length < limit; at -= 1) {
      const numbered = this.#disk.facts[at];
      if (numbered && matchesType(numbered.fact.type, types)) found.push(numbered);
    }
    return found.reverse().map(published);
  }

  freeReserve(): void {}

  takeReserve(): boolean {
    return this.#disk.condition === "well";
  }

  close(): void {
    if (this.#disk.owner === this.#self) this.#disk.owner = undefined;
  }

  #rows(shape: TableShape): Map<string, Cells> {
    if (this.#disk.owner !== this.#self) throw lostDisk();
    return tableOf(this.#disk, shape).rows;
  }

  #usesUpRoom(commits: readonly EncodedCommit[]): boolean {
    const changes = commits.reduce((sum, { length }) => sum + length, 0);
    if (changes > this.#disk.room) return false;
    this.#disk.room -= changes;
    return true;
  }

  /** Does all of it or, after a conflict, nothing of it. */
  #apply(changes: EncodedCommit, facts: NumberedFact[]): ConflictError | undefined {
    this.#undo = [];
    for (const change of changes) {
      const conflict = this.#applyOne(change, facts);
      if (conflict === undefined) continue;
      for (const undo of this.#undo.reverse()) undo();
      return conflict;
    }
    return undefined;
  }

  #applyOne(change: EncodedChange, facts: NumberedFact[]): ConflictError | undefined {
    if (change.kind === "fact") return this.#append(change, facts);
    const { shape } = change;
    const { rows } = tableOf(this.#disk, shape);
    switch (change.kind) {
      case "insert":
      case "put": {
        const key = keyText(keyOf(shape, change.cells));
        if (change.kind === "insert" && rows.has(key)) return new ConflictError(shape.name, key);
        return this.#setRow(rows, key, change.cells);
      }
      case "update": {
        const key = keyText(change.key);
        const row = rows.get(key);
        const { set, when } = change;
        const fits = when.positions.every((position, at) => row?.[position] === when.cells[at]);
        if (row === undefined || !fits) return new ConflictError(shape.name, key);
        const next = [...row];
        for (const [at, position] of set.positions.entries())
          next[position] = set.cells[at] ?? null;
        return this.#setRow(rows, key, next);
      }
      case "delete":
        return this.#setRow(rows, keyText(change.key), undefined);
    }
  }

  #setRow(rows: Map<string, Cells>, key: string, row: Cells | undefined): undefined {
    const before = rows.get(key);
    this.#undo.push(() => (before === undefined ? rows.delete(key) : rows.set(key, before)));
    if (row === undefined) rows.delete(key);
    else rows.set(key, row);
  }

  #append(fact: EncodedFact, appended: NumberedFact[]): undefined {
    const { facts, sourceIds } = this.#disk;
    const { sourceId } = fact;
    if (sourceId !== null) {
      if (sourceIds.has(sourceId)) return;
      sourceIds.add(sourceId);
      this.#undo.push(() => sourceIds.delete(sourceId));
    }
    const numbered = { id: this.lastFactId + 1, fact };
    facts.push(numbered);
    this.#undo.push(() => facts.pop());
    appended.push(numbered);
  }

  #trimFacts(): void {
    const { facts, sourceIds } = this.#disk;
    const excess = factsToTrim(facts.length, this.#maxFacts);
    if (excess > 0) this.#disk.facts = facts.slice(excess);
    for (const sourceId of sourceIds) {
      if (sourceIds.size <= MAX_SOURCE_IDS) return;
      sourceIds.delete(sourceId);
    }
  }
}

const lostDisk = (): Error => new Error("another store was opened on its disk");

const published = ({ id, fact }: NumberedFact): Fact =>
  decodeFact(id, fact.type, fact.atMs, fact.payload, fact.sourceId);

const matches = (row: Cells, where: readonly Criterion[]): boolean =>
  where.every(({ position, anyOf }) => anyOf.includes(row[position] ?? null));

function tableOf(disk: MemoryDisk, shape: TableShape): MemoryTable {
  const table = disk.tables.get(shape.name);
  if (table === undefined) throw new RangeError(`"${shape.name}" is not on the disk`);
  return table;
}

function refuseNewer(disk: MemoryDisk, shape: TableShape): void {
  const found = disk.tables.get(shape.name)?.shape.version ?? 0;
  if (found > shape.version) throw newerTable("in memory", shape, found);
}

/** Adds the table, or to its rows the columns that they lack. */
function addTable(disk: MemoryDisk, shape: TableShape): void {
  const before = disk.tables.get(shape.name);
  const rows = new Map<string, Cells>();
  for (const [key, row] of before?.rows ?? []) {
    const cells = shape.columns.map(({ name, initial }) => {
      const position = before?.shape.position.get(name);
      return position === undefined ? initial : (row[position] ?? null);
    });
    rows.set(key, cells);
  }
  disk.tables.set(shape.name, { shape, rows });
}
