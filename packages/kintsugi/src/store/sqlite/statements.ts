/** Prepared statements, each made once. */

import type { DatabaseSync, StatementSync } from "node:sqlite";

import type { CellSet, TableShape } from "../table-shape.ts";
import { deleteRow, insertRow, putRow, selectRow, updateRow } from "./sql.ts";

/** Questions come in endless forms; those not asked for longest are made again when they are. */
const MAX_CACHED_QUESTIONS = 200;

/** The statements of one table. Updates are found by the masks of what they set and compare. */
export class TableStatements {
  readonly insert: StatementSync;
  readonly put: StatementSync;
  readonly delete: StatementSync;
  readonly get: StatementSync;
  readonly #database: DatabaseSync;
  readonly #shape: TableShape;
  readonly #updates = new Map<number, Map<number, StatementSync>>();

  constructor(database: DatabaseSync, shape: TableShape) {
    this.#database = database;
    this.#shape = shape;
    this.insert = database.prepare(insertRow(shape));
    this.put = database.prepare(putRow(shape));
    this.delete = database.prepare(deleteRow(shape));
    this.get = database.prepare(selectRow(shape));
    this.get.setReturnArrays(true);
  }

  update(set: CellSet, when: CellSet): StatementSync {
    let ofSet = this.#updates.get(set.mask);
    if (ofSet === undefined) {
      ofSet = new Map();
      this.#updates.set(set.mask, ofSet);
    }
    let statement = ofSet.get(when.mask);
    if (statement === undefined) {
      statement = this.#database.prepare(updateRow(this.#shape, set, when));
      ofSet.set(when.mask, statement);
    }
    return statement;
  }
}

/** Statements of questions by their text; the answers' rows are arrays. */
export class Questions {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      statement.setReturnArrays(true);
      this.#makeRoom();
    } else {
      this.#statements.delete(sql); // It goes to the end: the first is the oldest.
    }
    this.#statements.set(sql, statement);
    return statement;
  }

  #makeRoom(): void {
    if (this.#statements.size < MAX_CACHED_QUESTIONS) return;
    for (const oldest of this.#statements.keys()) {
      this.#statements.delete(oldest);
      return;
    }
  }
}
