/**
 * The log of facts in its table. Ids are given here, one after the other: the newest fact is never
 * trimmed, so the next id follows from what is there and none is used twice.
 */

import type { DatabaseSync, StatementSync } from "node:sqlite";

import { decodeFact, type EncodedFact } from "../changes.ts";
import { factsToTrim, MAX_SOURCE_IDS } from "../fact-limits.ts";
import type { NumberedFact } from "../journal.ts";
import type { Fact } from "../port.ts";
import type { Questions } from "./statements.ts";

/** Where the log stands. Never changed in place: what a rollback undoes is the value before. */
export interface FactPosition {
  readonly firstId: number;
  readonly lastId: number;
  /** Source ids that are remembered. */
  readonly sources: number;
}

export const FACT_TABLES: readonly string[] = [
  `CREATE TABLE kintsugi_facts (
     id INTEGER PRIMARY KEY, type TEXT NOT NULL, at_ms REAL NOT NULL, payload TEXT NOT NULL,
     source_id TEXT
   ) STRICT`,
  `CREATE TABLE kintsugi_fact_sources (
     place INTEGER PRIMARY KEY, source_id TEXT NOT NULL UNIQUE
   ) STRICT`,
];

type FactRow = readonly [number, string, number, string, string | null];

export class FactTable {
  /** Where the log stands in the transaction that is open, or after the last commit. */
  position: FactPosition;
  readonly #maxFacts: number;
  readonly #questions: Questions;
  readonly #insert: StatementSync;
  readonly #insertSource: StatementSync;
  readonly #trim: StatementSync;
  readonly #trimSources: StatementSync;

  constructor(database: DatabaseSync, questions: Questions, maxFacts: number) {
    this.#maxFacts = maxFacts;
    this.#questions = questions;
    this.#insert = database.prepare("INSERT INTO kintsugi_facts VALUES (?, ?, ?, ?, ?)");
    this.#insertSource = database.prepare(
      "INSERT INTO kintsugi_fact_sources (source_id) VALUES (?) ON CONFLICT DO NOTHING",
    );
    this.#trim = database.prepare("DELETE FROM kintsugi_facts WHERE id < ?");
    this.#trimSources = database.prepare(
      `DELETE FROM kintsugi_fact_sources WHERE place IN
         (SELECT place FROM kintsugi_fact_sources ORDER BY place LIMIT ?)`,
    );
    this.position = readPosition(questions);
  }

  /** Undefined when a fact of the same source was taken in before. */
  append(fact: EncodedFact): NumberedFact | undefined {
    const { firstId, lastId, sources } = this.position;
    if (fact.sourceId !== null && this.#insertSource.run(fact.sourceId).changes === 0) {
      return undefined;
    }
    const id = lastId + 1;
    this.#insert.run(id, fact.type, fact.atMs, fact.payload, fact.sourceId);
    this.position = {
      firstId: firstId === 0 ? id : firstId,
      lastId: id,
      sources: fact.sourceId === null ? sources : sources + 1,
    };
    return { id, fact };
  }

  trim(): void {
    const { firstId, lastId, sources } = this.position;
    const excess = firstId === 0 ? 0 : factsToTrim(lastId - firstId + 1, this.#maxFacts);
    if (excess > 0) {
      this.#trim.run(firstId + excess);
      this.position = { ...this.position, firstId: firstId + excess };
    }
    if (sources > MAX_SOURCE_IDS) {
      this.#trimSources.run(sources - MAX_SOURCE_IDS);
      this.position = { ...this.position, sources: MAX_SOURCE_IDS };
    }
  }

  after(id: number, limit: number, types: readonly string[]): readonly Fact[] {
    return this.#select("id > ?", [id], types, "ASC", limit);
  }

  latest(limit: number, types: readonly string[]): readonly Fact[] {
    return this.#select("TRUE", [], types, "DESC", limit).toReversed();
  }

  #select(
    where: string,
    bound: readonly number[],
    types: readonly string[],
    direction: "ASC" | "DESC",
    limit: number,
  ): readonly Fact[] {
    const oneOf = types.length === 0 ? "TRUE" : types.map(typeCondition).join(" OR ");
    const statement = this.#questions.prepare(
      `SELECT id, type, at_ms, payload, source_id FROM kintsugi_facts
        WHERE ${where} AND (${oneOf}) ORDER BY id ${direction} LIMIT ?`,
    );
    const rows = statement.all(...bound, ...types.flatMap(typeBounds), limit);
    return (rows as unknown as FactRow[]).map((row) => decodeFact(...row));
  }
}

const typeCondition = (type: string): string =>
  type.endsWith(".") ? "(type >= ? AND type < ?)" : "type = ?";

/** A slash is what follows a dot: all that begins with "run." lies from there to "run/". */
const typeBounds = (type: string): readonly string[] =>
  type.endsWith(".") ? [type, `${type.slice(0, -1)}/`] : [type];

function readPosition(questions: Questions): FactPosition {
  // Two questions in one: SQLite finds a lone min or max at once, and scans for both together.
  const ids = questions.prepare(
    `SELECT coalesce((SELECT min(id) FROM kintsugi_facts), 0),
            coalesce((SELECT max(id) FROM kintsugi_facts), 0)`,
  );
  const [firstId, lastId] = ids.get() as unknown as readonly [number, number];
  const count = questions.prepare("SELECT count(*) FROM kintsugi_fact_sources");
  const [sources] = count.get() as unknown as readonly [number];
  return { firstId, lastId, sources };
}
