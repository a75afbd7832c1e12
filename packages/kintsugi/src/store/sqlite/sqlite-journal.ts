/** The journal on SQLite: one transaction for all that was queued in a turn of the event loop. */

import type { DatabaseSync, StatementSync } from "node:sqlite";

import type { EncodedChange, EncodedCommit } from "../changes.ts";
import { ConflictError, StoreUsageError } from "../errors.ts";
import type { CellQuery, Criterion, Journal, NumberedFact, Written } from "../journal.ts";
import type { Fact } from "../port.ts";
import { type Cells, keyOf, keyText, type TableShape } from "../table-shape.ts";
import { FactTable } from "./fact-table.ts";
import { CHECKPOINT_PAGES } from "./format.ts";
import type { Reserve } from "./reserve.ts";
import { troubleOf } from "./result-codes.ts";
import { countRows, selectRows } from "./sql.ts";
import { Questions, TableStatements } from "./statements.ts";

export interface SqliteJournalOptions {
  readonly file: string;
  /** Open, migrated, and nobody else's. */
  readonly database: DatabaseSync;
  readonly shapes: readonly TableShape[];
  readonly maxFacts: number;
  readonly reserve: Reserve;
  /** Asked when a write failed for a reason that SQLite does not tell. */
  readonly isLogOutOfRoom: () => boolean;
}

export class SqliteJournal implements Journal {
  readonly file: string;
  readonly #database: DatabaseSync;
  readonly #shapes: ReadonlyMap<string, TableShape>;
  readonly #statements: ReadonlyMap<TableShape, TableStatements>;
  readonly #questions: Questions;
  readonly #facts: FactTable;
  readonly #reserve: Reserve;
  readonly #isLogOutOfRoom: () => boolean;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #savepoint: StatementSync;
  readonly #release: StatementSync;

  constructor(options: SqliteJournalOptions) {
    const { database, shapes } = options;
    this.file = options.file;
    this.#database = database;
    this.#shapes = new Map(shapes.map((shape) => [shape.name, shape]));
    this.#statements = new Map(
      shapes.map((shape) => [shape, new TableStatements(database, shape)]),
    );
    this.#questions = new Questions(database);
    this.#facts = new FactTable(database, this.#questions, options.maxFacts);
    this.#reserve = options.reserve;
    this.#isLogOutOfRoom = options.isLogOutOfRoom;
    this.#begin = database.prepare("BEGIN IMMEDIATE");
    this.#commit = database.prepare("COMMIT");
    this.#savepoint = database.prepare("SAVEPOINT one");
    this.#release = database.prepare("RELEASE one");
  }

  get firstFactId(): number {
    return this.#facts.position.firstId;
  }

  get lastFactId(): number {
    return this.#facts.position.lastId;
  }

  shape(table: { readonly name: string }): TableShape {
    const shape = this.#shapes.get(table.name);
    if (shape === undefined) throw new StoreUsageError(table.name, "is no table of this store");
    return shape;
  }

  write(commits: readonly EncodedCommit[]): Written {
    const before = this.#facts.position;
    try {
      return this.#transact(commits);
    } catch (error) {
      this.#facts.position = before;
      return this.#judge(error);
    }
  }

  get(shape: TableShape, key: Cells): Cells | undefined {
    return this.#of(shape).get.get(...key) as unknown as Cells | undefined;
  }

  list(shape: TableShape, query: CellQuery): readonly Cells[] {
    const { sql, cells } = selectRows(shape, query);
    return this.#questions.prepare(sql).all(...cells) as unknown as Cells[];
  }

  count(shape: TableShape, where: readonly Criterion[]): number {
    const { sql, cells } = countRows(shape, where);
    const [found] = this.#questions.prepare(sql).get(...cells) as unknown as readonly [number];
    return found;
  }

  factsAfter(id: number, limit: number, types: readonly string[]): readonly Fact[] {
    return this.#facts.after(id, limit, types);
  }

  factsLatest(limit: number, types: readonly string[]): readonly Fact[] {
    return this.#facts.latest(limit, types);
  }

  /**
   * Writes the log back and cuts it first: where that works out, it gives more room than the
   * reserve. Then no checkpoint comes between, for one that does not work out would eat up the
   * reserve.
   */
  freeReserve(): void {
    try {
      this.#database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch (error) {
      if (this.#judge(error).kind === "failed") throw error;
    }
    this.#database.exec("PRAGMA wal_autocheckpoint = 0");
    this.#reserve.free();
  }

  takeReserve(): boolean {
    if (!this.#reserve.take()) return false;
    this.#database.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    return true;
  }

  close(): void {
    this.#database.close();
  }

  #transact(commits: readonly EncodedCommit[]): Written {
    const conflicts = new Map<number, ConflictError>();
    const facts: NumberedFact[] = [];
    this.#begin.run();
    for (let index = 0; index < commits.length; index += 1) {
      const conflict = this.#apply(commits[index] ?? [], facts);
      if (conflict !== undefined) conflicts.set(index, conflict);
    }
    this.#facts.trim();
    this.#commit.run();
    return { kind: "written", conflicts, facts };
  }

  /** All of it or, after a conflict, nothing. A lone statement needs no savepoint for that. */
  #apply(changes: EncodedCommit, facts: NumberedFact[]): ConflictError | undefined {
    const [only] = changes;
    if (only === undefined) return undefined;
    if (changes.length === 1) return this.#applyOne(only, facts);

    const position = this.#facts.position;
    const published = facts.length;
    this.#savepoint.run();
    for (const change of changes) {
      const conflict = this.#applyOne(change, facts);
      if (conflict === undefined) continue;
      this.#database.exec("ROLLBACK TO one; RELEASE one");
      this.#facts.position = position;
      facts.length = published;
      return conflict;
    }
    this.#release.run();
    return undefined;
  }

  #applyOne(change: EncodedChange, facts: NumberedFact[]): ConflictError | undefined {
    if (change.kind === "fact") {
      const numbered = this.#facts.append(change);
      if (numbered !== undefined) facts.push(numbered);
      return undefined;
    }
    const { shape } = change;
    const statements = this.#of(shape);
    switch (change.kind) {
      case "insert":
        if (statements.insert.run(...change.cells).changes === 1) return undefined;
        return new ConflictError(shape.name, keyText(keyOf(shape, change.cells)));
      case "put":
        statements.put.run(...change.cells);
        return undefined;
      case "update": {
        const { set, key, when } = change;
        const update = statements.update(set, when);
        if (update.run(...set.cells, ...key, ...when.cells).changes === 1) return undefined;
        return new ConflictError(shape.name, keyText(key));
      }
      case "delete":
        statements.delete.run(...change.key);
        return undefined;
    }
  }

  /** What an error of the disk means. Whatever was begun is undone, by SQLite or here. */
  #judge(error: unknown): Written {
    const trouble = troubleOf(error);
    const isFull = trouble === "full" || (trouble === "write" && this.#isLogOutOfRoom());
    if (!isFull) return { kind: "failed", cause: error };
    try {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      return { kind: "full" };
    } catch (cause) {
      return { kind: "failed", cause };
    }
  }

  #of(shape: TableShape): TableStatements {
    const statements = this.#statements.get(shape);
    if (statements === undefined)
      throw new StoreUsageError(shape.name, "is no table of this store");
    return statements;
  }
}
