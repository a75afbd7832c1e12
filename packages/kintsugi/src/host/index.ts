/** The machine: the only room that touches it. */

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
