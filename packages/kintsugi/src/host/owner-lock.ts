/** One owner for a data folder. */

import type { DatabaseSync } from "node:sqlite";

import { toError } from "@kintsugi/policy/base";

import { FolderUnusableError } from "./errors.ts";
import type { OwnerLock } from "./ports.ts";

/** Result codes of SQLite: https://sqlite.org/rescode.html */
const SQLITE_BUSY = 5;
const SQLITE_NOTADB = 26;

/**
 * On a file that it may not write, SQLite turns an exclusive transaction into a shared one without a
 * word; a write that is never committed makes it complain. Its journal stays in memory: no third file.
 */
const TAKE = "PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE; PRAGMA user_version = 1";

/** Two that come at the same moment may each find the other in the way; one of them gets it then. */
const PATIENCE_MS = 250;

/**
 * Takes the lock on `path`, or returns undefined when a living process has it. It is an exclusive
 * transaction on a database of its own: the kernel drops it when the process dies, in whatever way.
 *
 * Nobody may open that file by `fs` in the process that holds the lock: POSIX drops all locks of a
 * process on a file when it closes any descriptor of it (https://sqlite.org/howtocorrupt.html, 2.2).
 *
 * @throws {@link FolderUnusableError} when the file cannot be made or is something else.
 */
export function acquireOwnerLock(path: string): OwnerLock | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = openDatabase(path);
    database.exec(TAKE);
  } catch (error) {
    database?.close();
    if (resultCode(error) === SQLITE_BUSY) return undefined;
    throw new FolderUnusableError(path, whyNot(path, error), error);
  }
  const held = database;
  const release = (): void => {
    process.off("exit", release);
    if (held.isOpen) held.close();
  };
  // The process itself holds on to it: a lock that nobody refers to would be collected, and dropped.
  process.once("exit", release);
  return { release };
}

/** Loaded when a lock is taken: a command that only looks at a program needs no SQLite. */
function openDatabase(path: string): DatabaseSync {
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
  return new DatabaseSync(path, { timeout: PATIENCE_MS });
}

/** The low byte is the code, what is above it only refines it. */
const resultCode = (error: unknown): number =>
  Number((error as { readonly errcode?: unknown }).errcode) & 0xff;

function whyNot(path: string, error: unknown): string {
  const cure =
    resultCode(error) === SQLITE_NOTADB
      ? "it is something else; move it away, or use another data folder"
      : "make its folder writable for this user, or use another data folder";
  return `The lock ${path} cannot be taken (${toError(error).message}): ${cure}`;
}
