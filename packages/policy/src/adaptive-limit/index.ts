/** Limits that are learnt: on calls at once, and on calls to what turns them away. */

export {
  AdaptiveLimiter,
  type AdaptiveLimiterOptions,
  type AdaptiveLimiterStats,
  adaptiveNeeds,
  type LimitChange,
} from "./adaptive-limiter.ts";
export {
  AdaptiveThrottle,
  type AdaptiveThrottleOptions,
  type AdaptiveThrottleStats,
} from "./adaptive-throttle.ts";
export { LoadShedError } from "./load-shed-error.ts";
