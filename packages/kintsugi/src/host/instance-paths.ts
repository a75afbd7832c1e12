/** Where a program keeps what lasts (the data folder) and its sockets (the run folder). */

import { createHash } from "node:crypto";
import { chmodSync, lstatSync, mkdirSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

import { errnoOf } from "./errno.ts";
import { FolderUnusableError, SocketPathTooLongError } from "./errors.ts";
import { SOCKET_PATH_LIMIT_BYTES } from "./sockets.ts";

/** All paths of one program, absolute. Each file has one writer, named behind it. */
export interface InstancePaths {
  /** Names the data folder in a few letters: the first 12 hex digits of the SHA-256 of its path. */
  readonly instance: string;
  readonly dataDir: string;
  readonly runDir: string;
  /** The watchdog listens here. */
  readonly watchdogSocket: string;
  /** The runtime listens here for its components. */
  readonly componentSocket: string;
  /** The SQLite database. Runtime. */
  readonly store: string;
  /** Owner lock of the data folder. Runtime; never opened but by SQLite. */
  readonly storeLock: string;
  /** Freed when the disk is full. Runtime. */
  readonly storeReserve: string;
  /** Identity of the runtime. Runtime. */
  readonly runtimeFile: string;
  /** Watchdog; never opened but by SQLite. */
  readonly watchdogLock: string;
  /** Identity of the watchdog. Watchdog. */
  readonly watchdogFile: string;
  /** Restarts and back-off. Watchdog. */
  readonly watchdogState: string;
  /** One JSON line an event. Watchdog. */
  readonly watchdogEvents: string;
  /** Whoever stops or resumes the program. */
  readonly killSwitch: string;
  /** Hashes of the bearer tokens. Runtime. */
  readonly tokens: string;
  /** The token of the command line. Runtime. */
  readonly cliToken: string;
  /** Hashes of the one-time codes that open the dashboard. Runtime. */
  readonly sessionCodes: string;
  /** The port that the server listened at last, where any free one will do. Runtime. */
  readonly serverPort: string;
  /** Output of the processes. */
  readonly logsDir: string;
  /** Reports of event loops that stalled. */
  readonly hangsDir: string;
}

interface InstancePathsOptions {
  /** Makes both folders, for their owner alone (mode 700). @defaultValue false */
  readonly make?: boolean;
}

/** Sockets stay this much below the kernel's own limit, so that a name may still grow by a letter. */
const SOCKET_PATH_GOAL_BYTES = 99;

const OWNER_ONLY = 0o700;

/**
 * The paths of the program whose data folder is `dataDir`. Links are followed, so that one folder has
 * one instance by whatever way it is reached.
 *
 * @throws {@link FolderUnusableError} when a folder cannot be made, or the run folder is not ours.
 * @throws {@link SocketPathTooLongError} when no folder for the sockets has a path that is short enough.
 */
export function instancePaths(
  dataDir: string,
  env: Readonly<Record<string, string | undefined>>,
  options: InstancePathsOptions = {},
): InstancePaths {
  if (options.make) makeDataFolder(resolve(dataDir));
  const realDataDir = realPath(resolve(dataDir));
  const instance = instanceOf(realDataDir);
  const runDir = runFolder(env, instance);
  checkOwner(dirname(runDir));
  if (options.make) makeRunFolder(runDir);
  return pathsOf(realDataDir, runDir);
}

/** The same as plain text: nothing is looked up on the disk. */
export function pathsOf(dataDir: string, runDir: string): InstancePaths {
  return {
    instance: instanceOf(dataDir),
    dataDir,
    runDir,
    watchdogSocket: join(runDir, "watchdog.sock"),
    componentSocket: join(runDir, "components.sock"),
    store: join(dataDir, "store.sqlite"),
    storeLock: join(dataDir, "store.lock"),
    storeReserve: join(dataDir, "store.reserve"),
    runtimeFile: join(dataDir, "runtime.json"),
    watchdogLock: join(dataDir, "watchdog.lock"),
    watchdogFile: join(dataDir, "watchdog.json"),
    watchdogState: join(dataDir, "watchdog-state.json"),
    watchdogEvents: join(dataDir, "watchdog-events.jsonl"),
    killSwitch: join(dataDir, "kill-switch.json"),
    tokens: join(dataDir, "tokens.json"),
    cliToken: join(dataDir, "cli-token"),
    sessionCodes: join(dataDir, "session-codes.json"),
    serverPort: join(dataDir, "server-port"),
    logsDir: join(dataDir, "logs"),
    hangsDir: join(dataDir, "hangs"),
  };
}

/** Where a process of ours writes: `name` is a component, "runtime" or "watchdog". */
export function logFiles(
  paths: Pick<InstancePaths, "logsDir">,
  name: string,
): { readonly stdoutFile: string; readonly stderrFile: string } {
  return {
    stdoutFile: join(paths.logsDir, `${name}.out.log`),
    stderrFile: join(paths.logsDir, `${name}.err.log`),
  };
}

const instanceOf = (realDataDir: string): string =>
  createHash("sha256").update(realDataDir).digest("hex").slice(0, 12);

/** Follows links as far as the path exists; what is still to be made is taken as written. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    const above = dirname(path);
    if (errnoOf(error) !== "ENOENT" || above === path) throw unusable(path, "reached", error);
    return join(realPath(above), basename(path));
  }
}

function makeDataFolder(dataDir: string): void {
  try {
    makeMissing(dataDir);
  } catch (error) {
    throw unusable(dataDir, "made", error);
  }
}

/**
 * One folder after the other: Node's recursive `mkdir` calls a read-only file system a missing file, and
 * below /proc it never returns.
 */
function makeMissing(folder: string): void {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found?.isDirectory()) return;
  if (!found && dirname(folder) !== folder) makeMissing(dirname(folder));
  mkdirSync(folder, { mode: OWNER_ONLY });
}

/** The session's own folder where there is one, else the one for temporary files. */
function runFolder(env: Readonly<Record<string, string | undefined>>, instance: string): string {
  const owner = `kintsugi-${ownUserId()}`;
  const temporary = env["TMPDIR"] || "/tmp";
  const session = env["XDG_RUNTIME_DIR"];
  const bases = session && isFolder(session) ? [session, temporary, "/tmp"] : [temporary, "/tmp"];
  const folders = bases.map((base) => join(resolve(base), owner, instance));
  const fitting = folders.find((folder) => isShort(join(folder, "components.sock")));
  if (fitting !== undefined) return fitting;
  throw new SocketPathTooLongError(folders[0] ?? instance, SOCKET_PATH_LIMIT_BYTES);
}

const isShort = (path: string): boolean => Buffer.byteLength(path) <= SOCKET_PATH_GOAL_BYTES;

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** In a folder where all may write, somebody else may have been there first. */
function checkOwner(folder: string): void {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isDirectory()) {
    throw new FolderUnusableError(folder, `${folder} is no folder; remove it and try again`);
  }
  if (found.uid === ownUserId()) return;
  throw new FolderUnusableError(
    folder,
    `The folder ${folder} belongs to user ${found.uid}, not to ${ownUserId()}; ` +
      "remove it, or set XDG_RUNTIME_DIR to a folder of your own",
  );
}

function makeRunFolder(runDir: string): void {
  const above = dirname(runDir);
  try {
    mkdirSync(runDir, { recursive: true, mode: OWNER_ONLY });
    chmodSync(above, OWNER_ONLY); // It may be older than we are, and looser.
  } catch (error) {
    throw unusable(runDir, "made", error);
  }
  checkOwner(above);
}

/** 0 on platforms that have no users of this kind. */
const ownUserId = (): number => process.getuid?.() ?? 0;

/** What a folder that cannot be made is told for, in the words of a person. */
const REASONS: Readonly<Record<string, string>> = {
  EROFS: "it lies on a read-only file system",
  EACCES: "its owner does not allow it",
  EPERM: "its owner does not allow it",
  ENOTDIR: "a part of its path is a file",
  EEXIST: "a file of that name is in the way",
  ENOSPC: "the disk is full",
};

function unusable(folder: string, verb: string, error: unknown): FolderUnusableError {
  const told = error instanceof Error ? error.message : String(error);
  const reason = REASONS[errnoOf(error) ?? ""] ?? told;
  const message = `The folder ${folder} cannot be ${verb}: ${reason}; name another one, or mend that`;
  return new FolderUnusableError(folder, message, error);
}
