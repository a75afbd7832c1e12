/** What a runtime stands on: the machine, and a store behind the lock of the data folder. */

import { KintsugiError } from "@kintsugi/policy/base";

import { tables as chaosTables } from "../chaos/index.ts";
import type { KintsugiConfig } from "../config/index.ts";
import { tables as healTables } from "../heal/index.ts";
import {
  acquireOwnerLock,
  type Host,
  type InstancePaths,
  instancePaths,
  systemHost,
} from "../host/index.ts";
import { type AnyTable, openSqliteStore, type Store } from "../store/index.ts";
import { tables as superviseTables } from "../supervise/index.ts";
import { workflowTables } from "../workflow/index.ts";
import { tables as runtimeTables } from "./tables.ts";

export interface System {
  readonly host: Host;
  readonly store: Store;
  readonly paths: InstancePaths;
  /** Gives back what was opened, after the runtime has stopped. */
  readonly close?: () => Promise<void>;
}

/** Another process owns the data folder. */
export class FolderOwnedError extends KintsugiError {
  override readonly name = "FolderOwnedError";
  readonly code = "KINTSUGI_FOLDER_OWNED";
  readonly folder: string;

  constructor(folder: string) {
    super(`Another program owns the data folder ${folder}; stop it first, or name another folder`);
    this.folder = folder;
  }
}

/** The tables of all rooms. */
export const allTables: readonly AnyTable[] = [
  ...workflowTables,
  ...superviseTables,
  ...healTables,
  ...chaosTables,
  ...runtimeTables,
];

/**
 * Takes the data folder for this process.
 *
 * @throws {@link FolderOwnedError} when another process has it, {@link StoreUnusableError} when the
 * database cannot be used, and what the host throws when the folder cannot be written.
 */
export async function openSystem(
  { dataDir, workflows }: KintsugiConfig,
  host: Host = systemHost(),
  onLocked: (paths: InstancePaths) => void = () => {},
  tables: readonly AnyTable[] = [],
): Promise<System> {
  const paths = instancePaths(dataDir, host.env, { make: true });
  const lock = acquireOwnerLock(paths.storeLock);
  if (!lock) throw new FolderOwnedError(dataDir);
  try {
    onLocked(paths);
    const store = await openSqliteStore({
      file: paths.store,
      reserveFile: paths.storeReserve,
      clock: host.clock,
      files: host.files,
      tables: [...allTables, ...tables],
      durability: workflows.durability,
    });
    const close = async (): Promise<void> => {
      await store.close();
      lock.release();
    };
    return { host, store, paths, close };
  } catch (error) {
    lock.release();
    throw error;
  }
}
