/** What a file of ours looks like: its marks, its own tables and the versions of its format. */

import type { DatabaseSync } from "node:sqlite";

import { FACT_TABLES } from "./fact-table.ts";

/** "KTSG" in ASCII: in the header of each file of ours, and of no other program's. */
export const APPLICATION_ID = 0x4b545347;

/** The version of what the store keeps for itself; each table of a room has its own. */
export const FORMAT_VERSION = 1;

/**
 * Pages of 4 KiB in the log before it is written back. A log that is kept and written over costs
 * half of one that grows: measured 6,900 syncs a second against 3,200.
 */
export const CHECKPOINT_PAGES = 4_000;

export const OWN_TABLES: readonly string[] = [
  `CREATE TABLE kintsugi_tables (name TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL)
     WITHOUT ROWID, STRICT`,
  ...FACT_TABLES,
];

/** A number that the database keeps, such as `user_version`. */
export function pragma(database: DatabaseSync, name: string): unknown {
  const row = database.prepare(`PRAGMA ${name}`).get();
  return row && Object.values(row)[0];
}

/** Versions of the rooms' tables by name; none in a file that was only just begun. */
export function tableVersions(database: DatabaseSync): ReadonlyMap<string, number> {
  const known = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'kintsugi_tables'");
  if (known.get() === undefined) return new Map();
  const rows = database.prepare("SELECT name, version FROM kintsugi_tables").all();
  return new Map(rows.map(({ name, version }) => [String(name), Number(version)]));
}
