/** The surface of opossum 10 over our policies: a program changes its import line, and stays as it is. */

// What `require` of this module gives, as the peer's does.
export {
  type BreakerEvents,
  CircuitBreaker,
  CircuitBreaker as default,
  CircuitBreaker as "module.exports",
} from "./breaker.ts";
export { type AnyListener, Emitter, type EventMap } from "./emitter.ts";
export type { OpossumCode, OpossumError } from "./errors.ts";
export { type CacheTransport, MemoryCache } from "./memory-cache.ts";
export type { Options, ResetOn, Settings, State } from "./options.ts";
export { type RotateController, Status, type StatusOptions } from "./status.ts";
export type { Bucket, Counter, Stats } from "./window.ts";
