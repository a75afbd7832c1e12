/** Opens the store on disk. */

import type { DatabaseSync } from "node:sqlite";

import { type Clock, type ErrorReporter, wholeNumber } from "@kintsugi/policy/base";

import { type Files, systemHost } from "../../host/index.ts";
import { DEFAULT_MAX_FACTS } from "../fact-limits.ts";
import { JournaledStore } from "../journaled-store.ts";
import type { AnyTable, Store } from "../port.ts";
import { shapesOf } from "../table-shape.ts";
import { inspect } from "./inspect.ts";
import { type Durability, openDatabase } from "./open-database.ts";
import { refuseOpening } from "./refusals.ts";
import { isOutOfRoom, noReserve, openReserve } from "./reserve.ts";
import { troubleOf } from "./result-codes.ts";
import { SqliteJournal } from "./sqlite-journal.ts";

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
 * Opens the store, or makes it.
 *
 * @throws {@link StoreUnusableError} when the file is corrupt, newer than this program, open
 * elsewhere or not ours, or its disk is full; nothing is changed then.
 * @throws {@link StoreUsageError} when a table is declared wrongly.
 * @example
 * const store = await openSqliteStore({ file, tables: [runs], clock: systemClock });
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { file, clock, onListenerError, durability = "power" } = options;
  const files = options.files ?? systemHost().files;
  const maxFacts = wholeNumber("maxFacts", options.maxFacts ?? DEFAULT_MAX_FACTS, 1);
  const shapes = shapesOf(options.tables);
  const isLogOutOfRoom = (): boolean => isOutOfRoom(`${file}-wal`, files);
  let database: DatabaseSync | undefined;
  try {
    inspect(file, shapes, files);
    database = openDatabase(file, shapes, durability);
    const reserve = options.reserveFile ? openReserve(options.reserveFile, files) : noReserve;
    const medium = { file, database, shapes, maxFacts, reserve, isLogOutOfRoom };
    const journal = new SqliteJournal(medium);
    return new JournaledStore({ journal, clock, onListenerError });
  } catch (error) {
    database?.close();
    throw refuseOpening(file, error, troubleOf(error) === "write" && isLogOutOfRoom());
  }
}
