/**
 * How many retries a dependency bears, by tokens:
 *
 *     full ── a failure or a retry takes one ──▶ low: no retry ── successes earn ──▶ enough again
 */

/** Tokens are counted in thousandths, so that ten tenths are one. */
export const TOKEN = 1_000;

/** In thousandths of a token. */
export interface TokenLimits {
  readonly most: number;
  /** Earned by each success. */
  readonly earned: number;
  /** What each costs: every failure that may be tried again, as gRPC counts, or every retry, as AWS does. */
  readonly charge: "failures" | "retries";
}

/** Whether a retry may start that finds so many tokens. */
export function mayRetry({ most, charge }: TokenLimits, tokens: number): boolean {
  return charge === "failures" ? tokens > most / 2 : tokens >= TOKEN;
}

export type TokenEvent = "failure" | "retry" | "success" | "retry-succeeded";

/** The tokens after it, between 0 and the most. */
export function tokensAfter(limits: TokenLimits, tokens: number, event: TokenEvent): number {
  const { most, earned, charge } = limits;
  switch (event) {
    case "failure":
      return charge === "failures" ? Math.max(0, tokens - TOKEN) : tokens;
    case "retry":
      return charge === "retries" ? Math.max(0, tokens - TOKEN) : tokens;
    case "success":
      return Math.min(most, tokens + earned);
    // It was worth its token.
    case "retry-succeeded":
      return charge === "retries" ? Math.min(most, tokens + TOKEN) : tokens;
  }
}
