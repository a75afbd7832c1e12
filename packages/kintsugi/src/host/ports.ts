/**
 * Everything the rooms above may ask of the machine. The system's adapters live beside this file; the
 * simulated ones in `testing`. What is not here, nobody does.
 */

import type { Clock, Random } from "@kintsugi/policy/base";

export interface Host {
  readonly clock: Clock;
  readonly random: Random;
  readonly processes: Processes;
  readonly sockets: Sockets;
  readonly fetch: Fetch;
  readonly files: Files;
  /** The environment as it was when the host was made. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The global `fetch` of the platform, or a simulated one. */
export type Fetch = typeof globalThis.fetch;

// --- processes ---------------------------------------------------------------------------------

/** Names one process for ever: a pid that is used again has other start ticks or another boot. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the kernel's own ticks, as text: compared, never computed with. */
  readonly startTicks: string;
  /** Which boot of the machine that was. */
  readonly bootId: string;
}

export interface ProcessSpec {
  /** A program and its arguments; never a line for a shell. */
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment of the child; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Files opened for append: a child has no pipe to its parent, so that it may outlive it. */
  readonly stdoutFile: string;
  readonly stderrFile: string;
}

/** How a process ended. An adopted one tells nothing: it was not our child. */
export type ExitReason =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "signalled"; readonly signal: string }
  | { readonly kind: "spawn-failed"; readonly message: string }
  | { readonly kind: "unknown" };

/** A living process that we started or adopted. */
export interface ProcessHandle {
  /** Absent only when the program could not be started; then `exited` says why. */
  readonly identity: ProcessIdentity | undefined;
  readonly exited: Promise<ExitReason>;
}

export interface ProcessSample {
  readonly rssBytes: number;
  /** CPU time used since the start, user and system. */
  readonly cpuMs: number;
}

/** A process found by the marker that it carries in its environment. */
export interface MarkedProcess {
  readonly identity: ProcessIdentity;
  readonly env: Readonly<Record<string, string>>;
  /** True for a process that leads its own group, as all that we spawn do. */
  readonly leader: boolean;
}

export interface Processes {
  readonly self: ProcessIdentity;
  /** Starts a detached process that leads a group of its own. Never throws. */
  spawn(spec: ProcessSpec): ProcessHandle;
  /** Watches a process that another runtime started. Its end is seen within 250 ms. */
  adopt(identity: ProcessIdentity): ProcessHandle;
  /** Same pid, same start, same boot, and neither a zombie nor dead. */
  isAlive(identity: ProcessIdentity): boolean;
  /**
   * Signals the process, or with `group` all of its group, after checking that the identity still holds;
   * a group is signalled even when only its leader has died. False when there was nobody left to signal.
   */
  signal(identity: ProcessIdentity, signal: "SIGTERM" | "SIGKILL", group?: boolean): boolean;
  /** Undefined when the process is gone or the platform cannot tell. */
  sample(identity: ProcessIdentity): ProcessSample | undefined;
  /** All living processes whose environment has `name=value`. */
  findMarked(name: string, value: string): readonly MarkedProcess[];
}

// --- sockets -----------------------------------------------------------------------------------

/** A stream of text between two processes of one machine. */
export interface Connection {
  /** Queues text; lost without a word when the other side has gone, which `onClose` tells. */
  write(text: string): void;
  close(): void;
  /** At most one listener each; what arrives before it is set is kept. */
  onData(listener: (text: string) => void): void;
  /** Called once, also when it was closed before. */
  onClose(listener: () => void): void;
}

export interface SocketServer {
  close(): Promise<void>;
}

export interface Sockets {
  /**
   * Listens on a Unix socket, readable by its owner alone. A stale socket file is replaced.
   *
   * @throws when another process answers there, or the path is longer than the kernel takes.
   */
  listen(path: string, onConnection: (connection: Connection) => void): Promise<SocketServer>;
  /** @throws when nobody listens. */
  connect(path: string): Promise<Connection>;
}

// --- files -------------------------------------------------------------------------------------

/** Small files of ours: identities, switches, logs. Not for the database (one `readFile` drops its lock). */
export interface Files {
  /** Undefined when there is no such file. @throws what the machine says otherwise. */
  read(path: string): string | undefined;
  /** The same for what is no text. */
  readBytes(path: string): Uint8Array | undefined;
  /** Names of the files in a folder, sorted; folders are left out. [] when there is no such folder. */
  list(folder: string): readonly string[];
  /** Whole or not at all, and on the disk when it returns: written beside, synced, renamed. */
  writeAtomic(path: string, text: string, mode?: number): void;
  /** The same where there is no such file yet; false, and nothing is changed, where there is one. */
  writeNew(path: string, text: string, mode?: number): boolean;
  /** Appends in one write. */
  append(path: string, text: string): void;
  /** Makes the folder and those above it, with the given mode. */
  makeFolder(path: string, mode?: number): void;
  /** Durable when it returns: no power cut brings it back. Harmless when there is no such file. */
  remove(path: string): void;
  exists(path: string): boolean;
  /** 0 when there is no such file. */
  sizeBytes(path: string): number;
  /** The last `maxBytes` of a file as text, from the start of a line; "" when there is no such file. */
  tail(path: string, maxBytes: number): string;
  /** Copies to `path.1` and empties the file, as its writers hold it open for append. */
  rotate(path: string): void;
}

// --- ownership ---------------------------------------------------------------------------------

/** A lock that the kernel holds for this process and drops at its death. */
export interface OwnerLock {
  release(): void;
}
