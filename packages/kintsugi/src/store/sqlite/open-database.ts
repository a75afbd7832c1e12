/** Opens the database for writing: the settings that its promises rest on. */

import { DatabaseSync } from "node:sqlite";

import type { TableShape } from "../table-shape.ts";
import { APPLICATION_ID, CHECKPOINT_PAGES, pragma } from "./format.ts";
import { refuseNewer } from "./inspect.ts";
import { migrate } from "./migrate.ts";
import { refuseForeign, refuseWithoutLog } from "./refusals.ts";

/**
 * What a commit survives once its promise has resolved: `power`, the loss of power; `process`, only
 * the death of the process, for a fraction of the time.
 */
export type Durability = "power" | "process";

/**
 * Measured with real power cuts: in WAL mode NORMAL lost acknowledged commits in each of 30 cuts,
 * FULL none. NORMAL syncs only at checkpoints (https://sqlite.org/pragma.html#pragma_synchronous).
 */
const SYNCHRONOUS: Readonly<Record<Durability, string>> = { power: "FULL", process: "NORMAL" };

/**
 * Opens the file, which was looked at before, and brings its tables up to date.
 *
 * @throws what SQLite says, StoreUnusableError, or StoreUsageError for a wrongly changed table.
 */
export function openDatabase(
  file: string,
  shapes: readonly TableShape[],
  durability: Durability,
): DatabaseSync {
  const database = new DatabaseSync(file, { defensive: true });
  try {
    // One process has the file: no other can come between, and the index of the log needs no file.
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA trusted_schema = OFF");
    markAsOurs(file, database);
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = ${SYNCHRONOUS[durability]};
      PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
      PRAGMA temp_store = MEMORY;
      PRAGMA cell_size_check = ON`);
    if (pragma(database, "journal_mode") !== "wal") throw refuseWithoutLog(file);
    refuseNewer(file, database, shapes);
    migrate(database, shapes);
    // The versions go into the database itself: who looks at it next needs no log to refuse it.
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Marks an empty file before it has a log: the mark must never be in the log alone. */
function markAsOurs(file: string, database: DatabaseSync): void {
  const found = pragma(database, "application_id");
  if (found === APPLICATION_ID) return;
  const { tables } = database.prepare("SELECT count(*) AS tables FROM sqlite_schema").get() ?? {};
  if (found !== 0 || tables !== 0) throw refuseForeign(file);
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
}
