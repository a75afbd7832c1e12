/** What the runtime itself keeps: how far it has read in the files of others. */

import type { AnyTable, Table } from "../store/index.ts";

/** The last line of a file that was taken in; the file grows at its end and loses its beginning. */
export interface ReadMarkRow {
  readonly file: string;
  readonly lastId: string;
}

export const readMarkTable: Table<ReadMarkRow> = {
  name: "read_marks",
  version: 1,
  key: ["file"],
  columns: { file: { type: "text" }, lastId: { type: "text" } },
};

export const tables: readonly AnyTable[] = [readMarkTable as unknown as AnyTable];
