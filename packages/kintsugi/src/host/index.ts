/** The machine: the only room that touches it. */

export {
  FolderUnusableError,
  SocketInUseError,
  SocketPathTooLongError,
  SocketUnreachableError,
  UnsupportedPlatformError,
} from "./errors.ts";
export { lastLines } from "./files.ts";
export {
  type InstancePaths,
  type InstancePathsOptions,
  instancePaths,
  logFiles,
  pathsOf,
} from "./instance-paths.ts";
export {
  type LoopStall,
  type LoopWatch,
  type LoopWatchOptions,
  watchEventLoop,
} from "./loop-watch.ts";
export { type OwnProgram, ownProgram, siblingProgram } from "./own-program.ts";
export { acquireOwnerLock } from "./owner-lock.ts";
export type {
  Connection,
  ExitReason,
  Fetch,
  Files,
  Host,
  MarkedProcess,
  OwnerLock,
  ProcessHandle,
  ProcessIdentity,
  ProcessSample,
  ProcessSpec,
  Processes,
  SocketServer,
  Sockets,
} from "./ports.ts";
export { type SystemHostOptions, systemHost } from "./system-host.ts";
