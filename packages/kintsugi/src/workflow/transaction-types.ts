/** What whoever writes a transaction of a workflow sees. */

import type { Cell, Query, Table } from "../store/index.ts";

/** Changes to tables of the user, in the very commit that records the step. */
export interface Transaction {
  /** As it was committed, with what this transaction has made of it. */
  get<Row extends object>(table: Table<Row>, ...key: readonly Cell[]): Promise<Row | undefined>;
  /** As committed; to be asked before the transaction changes rows of the table. */
  list<Row extends object>(table: Table<Row>, query?: Query<Row>): Promise<readonly Row[]>;
  /** A row that must not be there yet. */
  insert<Row extends object>(table: Table<Row>, row: Row): void;
  /** A row that takes the place of the one with its key. */
  put<Row extends object>(table: Table<Row>, row: Row): void;
  /** Columns of a row that must be there. */
  update<Row extends object>(table: Table<Row>, key: readonly Cell[], set: Partial<Row>): void;
  remove<Row extends object>(table: Table<Row>, ...key: readonly Cell[]): void;
}
