/** A limit on the time of a call. */

export {
  TimeoutError,
  type TimeoutEvent,
  type TimeoutOptions,
  TimeoutPolicy,
} from "./timeout-policy.ts";
