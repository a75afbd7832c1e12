/** Limits on how many calls and tokens there are in a window of time. */

export { RateLimiter, type Reservation } from "./rate-limiter.ts";
export {
  limiterNeeds,
  type RateClaim,
  RateLimitedError,
  type RateLimiterOptions,
  type RateLimiterStats,
  type RateLimits,
  type RatePause,
  type RateRejection,
  rateClaimNeeds,
  rateNeeds,
} from "./rate-options.ts";
export type { Budget } from "./rate-state.ts";
