/** The machine: the only room that touches it. */

export { SocketInUseError, SocketUnreachableError } from "./errors.ts";
export { causeOf, lastLines } from "./files.ts";
export {
  type InstancePaths,
  instancePaths,
  logFiles,
  pathsOf,
} from "./instance-paths.ts";
export { type LoopTime, loopTime } from "./loop-time.ts";
export { type LoopStall, watchEventLoop } from "./loop-watch.ts";
export { keepCompiled, type OwnProgram, ownProgram, siblingProgram } from "./own-program.ts";
export { acquireOwnerLock } from "./owner-lock.ts";
export type {
  Connection,
  ExitReason,
  Fetch,
  Files,
  Host,
  MarkedProcess,
  OwnerLock,
  Processes,
  ProcessHandle,
  ProcessIdentity,
  ProcessSample,
  ProcessSpec,
  SocketServer,
  Sockets,
} from "./ports.ts";
export { systemHost } from "./system-host.ts";
