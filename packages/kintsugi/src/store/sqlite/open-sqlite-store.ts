/** Opens the store on disk. */

import { type Clock, type ErrorReporter, wholeNumber } from "@kintsugi/policy/base";
import { DatabaseSync } from "node:sqlite";

import { type Files, systemHost } from "../../host/index.ts";
import { DEFAULT_MAX_FACTS } from "../fact-limits.ts";
import { JournaledStore } from "../journaled-store.ts";
import type { AnyTable, Store } from "../port.ts";
import { shapesOf, type TableShape } from "../table-shape.ts";
import { APPLICATION_ID, pragma } from "./format.ts";
import { inspect, refuseNewer } from "./inspect.ts";
import { migrate } from "./migrate.ts";
import { refuseForeign, refuseOpening } from "./refusals.ts";
import { isOutOfRoom, noReserve, openReserve } from "./reserve.ts";
import { troubleOf } from "./result-codes.ts";
import { SqliteJournal } from "./sqlite-journal.ts";

/**
 * What a commit survives once its promise has resolved: `power`, the loss of power; `process`, only
 * the death of the process, for a fraction of the time.
 */
export type Durability = "power" | "process";

export interface SqliteStoreOptions {
  /** The database; its log lies beside it. Made when it is not there; its folder must be. */
  readonly file: string;
  /** Tables of the store; those that the file lacks are added. */
  readonly tables: readonly AnyTable[];
  readonly clock: Clock;
  /** Where 1 MiB of room is kept back for a full disk. @defaultValue none is kept */
  readonly reserveFile?: string;
  /** Facts to keep; older ones are let go. @defaultValue 100_000 */
  readonly maxFacts?: number;
  /** @defaultValue "power" */
  readonly durability?: Durability;
  /** Hears of what a listener throws. @defaultValue the platform's `reportError`, or a warning */
  readonly onListenerError?: ErrorReporter;
  /** @defaultValue those of this machine */
  readonly files?: Files;
}

/**
 * Measured with real power cuts: in WAL mode NORMAL lost acknowledged commits in each of 30 cuts, FULL
 * none. NORMAL syncs only at checkpoints (https://sqlite.org/pragma.html#pragma_synchronous).
 */
const SYNCHRONOUS: Readonly<Record<Durability, string>> = { power: "FULL", process: "NORMAL" };

/** Pages of 4 KiB. A log that is kept and written over costs half of one that grows. */
const CHECKPOINT_PAGES = 4_000;

/**
 * Opens the store, or makes it.
 *
 * @throws {@link StoreUnusableError} when the file is corrupt, newer than this program, open elsewhere
 * or not ours, or its disk is full; nothing is changed then.
 * @throws {@link StoreUsageError} when a table is declared wrongly.
 * @example
 * const store = await openSqliteStore({ file: "store.sqlite", tables: [runs], clock: systemClock });
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { file, clock, onListenerError } = options;
  const files = options.files ?? systemHost().files;
  const maxFacts = wholeNumber("maxFacts", options.maxFacts ?? DEFAULT_MAX_FACTS, 1);
  const shapes = shapesOf(options.tables);
  const outOfRoom = (): boolean => isOutOfRoom(`${file}-wal`, files);
  try {
    inspect(file, shapes, files);
    const database = openToWrite(file, shapes, SYNCHRONOUS[options.durability ?? "power"]);
    const reserve = options.reserveFile ? openReserve(options.reserveFile, files) : noReserve;
    const journal = new SqliteJournal({
      file,
      database,
      shapes,
      maxFacts,
      reserve,
      isOutOfRoom: outOfRoom,
    });
    return new JournaledStore({ journal, clock, onListenerError });
  } catch (error) {
    throw refuseOpening(file, error, troubleOf(error) === "write" && outOfRoom());
  }
}

function openToWrite(
  file: string,
  shapes: readonly TableShape[],
  synchronous: string,
): DatabaseSync {
  const database = new DatabaseSync(file, { defensive: true });
  try {
    // One process has the file: no other can come between, and the index of the log needs no file.
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA trusted_schema = OFF");
    markAsOurs(file, database);
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = ${synchronous};
      PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
      PRAGMA temp_store = MEMORY;
      PRAGMA cell_size_check = ON`);
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

/** Marks a file that is still empty, before it has a log: the mark must never be in the log alone. */
function markAsOurs(file: string, database: DatabaseSync): void {
  const found = pragma(database, "application_id");
  if (found === APPLICATION_ID) return;
  const { tables } = database.prepare("SELECT count(*) AS tables FROM sqlite_schema").get() ?? {};
  if (found !== 0 || tables !== 0) throw refuseForeign(file);
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
}
