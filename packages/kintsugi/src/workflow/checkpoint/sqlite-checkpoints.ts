/** Checkpoints in an SQLite file of their own. */

import { resolve } from "node:path";

import { backgroundClock, type Clock } from "@kintsugi/policy/base";

import { type Files, systemHost } from "../../host/index.ts";
import { type Durability, openSqliteStore, type Store } from "../../store/index.ts";
import type { CheckpointStore } from "./port.ts";
import { checkpointTables, storeCheckpoints } from "./store-checkpoints.ts";

export interface SqliteCheckpointOptions {
  /** The database; its log lies beside it. Made when it is not there, as its folder is. */
  readonly file: string;
  /** What an acknowledged save survives. @defaultValue "power" */
  readonly durability?: Durability;
  /** @defaultValue the system's; it keeps no process alive */
  readonly clock?: Clock;
  /** @defaultValue those of this machine */
  readonly files?: Files;
}

/** To be closed when nobody saves any more: until then no other process can open the file. */
export interface SqliteCheckpoints extends CheckpointStore {
  /** Finishes what is under way, and gives the file back. The next call would open it again. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * The file is opened when it is first used. Where it cannot be, each call says why, and the next tries again.
 *
 * @example
 * await using store = sqliteCheckpoints({ file: "states.sqlite" });
 * const checkpoint = new WorkflowCheckpoint("crawl-7", { store });
 */
export function sqliteCheckpoints(options: SqliteCheckpointOptions): SqliteCheckpoints {
  const { durability, clock = backgroundClock, files = systemHost().files } = options;
  const file = resolve(options.file); // The program may change its folder before the first save.
  let opening: Promise<Store> | undefined;
  const open = async (): Promise<Store> => {
    try {
      files.makeFolder(resolve(file, ".."));
      const settings = { file, clock, files, tables: checkpointTables };
      return await openSqliteStore(durability ? { ...settings, durability } : settings);
    } catch (error) {
      opening = undefined;
      throw error;
    }
  };
  const close = async (): Promise<void> => {
    const opened = opening;
    opening = undefined;
    await (await opened)?.close();
  };
  const checkpoints = storeCheckpoints(() => {
    opening ??= open();
    return opening;
  });
  return { ...checkpoints, close, [Symbol.asyncDispose]: close };
}
