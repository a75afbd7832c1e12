/** How long to wait before the next attempt, when nobody asks for a certain wait. */

export interface BackoffLimits {
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
  readonly backoffMultiplier: number;
  readonly jitterFactor: number;
}

/**
 * The wait after attempt number `attempt`: it grows by the multiplier up to the longest, and `chance`
 * takes away up to `jitterFactor` of it, so that callers who failed together do not return together.
 * A factor of 1 is "full jitter", 0.5 is "equal jitter".
 * Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function backoffMs(limits: BackoffLimits, attempt: number, chance: number): number {
  const { initialDelayMs, maxDelayMs, backoffMultiplier, jitterFactor } = limits;
  if (initialDelayMs === 0) return 0; // Zero times an endless power is no number.
  const fullMs = Math.min(maxDelayMs, initialDelayMs * backoffMultiplier ** (attempt - 1));
  return fullMs * (1 - jitterFactor * chance);
}
