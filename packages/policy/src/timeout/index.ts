/** Limits on the time of a call, and on the silence of a stream. */

export {
  IdleLimit,
  IdleTimeoutError,
  type IdleTimeoutOptions,
  idleTimeout,
  watchedStream,
} from "./idle-timeout.ts";
export {
  TimeoutError,
  type TimeoutEvent,
  type TimeoutOptions,
  TimeoutPolicy,
  timeoutNeeds,
} from "./timeout-policy.ts";
