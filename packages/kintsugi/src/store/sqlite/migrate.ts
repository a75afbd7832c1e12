/** Brings the tables of a file to the shapes that the program knows, in one transaction. */

import type { DatabaseSync } from "node:sqlite";

import { StoreUsageError } from "../errors.ts";
import type { Column, TableShape } from "../table-shape.ts";
import { FORMAT_VERSION, OWN_TABLES, pragma, tableVersions } from "./format.ts";
import { addColumn, createIndex, createTable, sqlType } from "./sql.ts";

/**
 * Adds the tables and columns that are missing. It writes in any case, also where nothing is: a
 * disk without room is found out here, before work is accepted.
 *
 * @throws {@link StoreUsageError} when a shape contradicts the table that is there.
 */
export function migrate(database: DatabaseSync, shapes: readonly TableShape[]): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    if (pragma(database, "user_version") === 0) for (const sql of OWN_TABLES) database.exec(sql);
    database.exec(`PRAGMA user_version = ${FORMAT_VERSION}`);
    const versions = tableVersions(database);
    for (const shape of shapes) migrateTable(database, shape, versions.get(shape.name));
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

function migrateTable(database: DatabaseSync, shape: TableShape, found: number | undefined): void {
  if (found === undefined) database.exec(createTable(shape));
  else
    for (const column of missingColumns(database, shape, found)) {
      database.exec(addColumn(shape, column));
    }
  for (const positions of shape.indexes) database.exec(createIndex(shape, positions));
  if (found === shape.version) return;
  const record = database.prepare("INSERT OR REPLACE INTO kintsugi_tables VALUES (?, ?)");
  record.run(shape.name, shape.version);
}

/** Columns of the shape that the table has not. Those it has must be as the shape says. */
function missingColumns(
  database: DatabaseSync,
  shape: TableShape,
  found: number,
): readonly Column[] {
  const rows = database.prepare("SELECT name, type, pk FROM pragma_table_info(?)").all(shape.name);
  const there = new Map(rows.map(({ name, type, pk }) => [name, { type, isKey: Number(pk) > 0 }]));
  return shape.columns.filter((column) => {
    const path = `${shape.name}.${column.name}`;
    const known = there.get(column.name);
    if (known === undefined && column.since > found) return true;
    if (known === undefined) {
      throw new StoreUsageError(path, `is not in the file, whose table has version ${found}`);
    }
    if (known.type === sqlType(column) && known.isKey === column.isKey) return false;
    throw new StoreUsageError(
      path,
      "is of another type in the file, or stands in the key of one only",
    );
  });
}
