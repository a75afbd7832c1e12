/**
 * What LangGraph's SqliteSaver asks of better-sqlite3, on node:sqlite: better-sqlite3 has no build for
 * every Node. The settings are those of better-sqlite3, which is compiled with NORMAL for a log ahead.
 */

import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";

type Arguments = readonly (SQLInputValue | undefined)[];

/** better-sqlite3 takes undefined for NULL. */
const bound = (values: Arguments): SQLInputValue[] => values.map((value) => value ?? null);

class Statement {
  readonly #statement: StatementSync;

  constructor(statement: StatementSync) {
    this.#statement = statement;
  }

  run(...values: Arguments): unknown {
    return this.#statement.run(...bound(values));
  }

  get(...values: Arguments): unknown {
    return this.#statement.get(...bound(values));
  }

  all(...values: Arguments): unknown {
    return this.#statement.all(...bound(values));
  }
}

export interface BetterSqlite {
  exec(sql: string): void;
  pragma(text: string): void;
  prepare(sql: string): Statement;
  transaction<Values extends readonly unknown[]>(
    change: (...values: Values) => void,
  ): (...values: Values) => void;
}

export function asBetterSqlite(file: string): BetterSqlite {
  const database = new DatabaseSync(file);
  database.exec("PRAGMA synchronous = NORMAL");
  return {
    exec: (sql) => database.exec(sql),
    pragma: (text) => database.exec(`PRAGMA ${text}`),
    prepare: (sql) => new Statement(database.prepare(sql)),
    transaction:
      (change) =>
      (...values) => {
        database.exec("BEGIN");
        try {
          change(...values);
          database.exec("COMMIT");
        } catch (error) {
          database.exec("ROLLBACK");
          throw error;
        }
      },
  };
}
