/** How long to wait before the next attempt, when nobody asks for a certain wait. */

/** By which rule waits grow. */
export type Backoff = "exponential" | "linear" | "decorrelated";

export interface BackoffLimits {
  readonly backoff: Backoff;
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
  readonly backoffMultiplier: number;
  readonly jitterFactor: number;
}

/**
 * The wait after attempt number `attempt`, of at least 0 and at most the longest; `previousMs` is the
 * wait before that attempt, 0 where there was none.
 *
 * Exponential waits grow by the multiplier, linear ones by the first wait, and `chance` takes away up to
 * `jitterFactor` of each, so that callers who failed together do not return together. A factor of 1 is
 * "full jitter", 0.5 is "equal jitter". A decorrelated wait is drawn between the first wait and
 * the multiplier times the wait before: chance alone spreads it.
 *
 * Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function backoffMs(
  limits: BackoffLimits,
  attempt: number,
  previousMs: number,
  chance: number,
): number {
  const { backoff, initialDelayMs, maxDelayMs, backoffMultiplier, jitterFactor } = limits;
  if (initialDelayMs === 0) return 0; // Zero times an endless power is no number.
  switch (backoff) {
    case "exponential":
      return (
        Math.min(maxDelayMs, initialDelayMs * backoffMultiplier ** (attempt - 1)) *
        (1 - jitterFactor * chance)
      );
    case "linear":
      return Math.min(maxDelayMs, initialDelayMs * attempt) * (1 - jitterFactor * chance);
    case "decorrelated": {
      const mostMs = Math.max(initialDelayMs, previousMs) * backoffMultiplier;
      return Math.min(maxDelayMs, initialDelayMs + (mostMs - initialDelayMs) * chance);
    }
  }
}
