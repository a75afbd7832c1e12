/** The HTTP API of a runtime: loopback, bearer tokens, JSON, server-sent events. */

export { AddressUnusableError, PortInUseError, TokensUnreadableError } from "./errors.ts";
export type { CodeShelf } from "./kept-codes.ts";
export { type KeptPort, startAtKeptPort } from "./kept-port.ts";
export type {
  HealingTotals,
  LiveDelta,
  LiveIncident,
  LiveProgram,
  LiveRows,
  LiveRun,
  LiveSection,
  LiveSnapshot,
  RowChanges,
} from "./live/views.ts";
export type {
  CallView,
  PlaybookView,
  ReadinessView,
  RuntimeForServer,
  StatusView,
} from "./runtime-port.ts";
export {
  type RunningServer,
  type ServerLimits,
  type ServerOptions,
  startServer,
} from "./server.ts";
export type { SessionCode } from "./sessions.ts";
export {
  type Caller,
  type CliTokenOptions,
  ensureCliToken,
  type Scope,
  type SessionView,
  type TokenStore,
  type TokenStoreOptions,
  tokenStore,
} from "./tokens.ts";
