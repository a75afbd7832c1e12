/**
 * Trust: how likely it is that healing ends well, as a Beta distribution over what has been seen.
 *
 *     mean = (prior successes + successes) / (prior weight + successes + failures)
 *
 * Beta reputation with forgetting: A. Jøsang and R. Ismail, "The Beta Reputation System", 15th Bled
 * Electronic Commerce Conference, 2002. Each new observation makes the older ones count 0.993 of what
 * they did, which is enough to follow a system that changes, and stronger forgetting brought nothing
 * in simulation. So at most 1 / (1 - 0.993), about 143 observations, ever count.
 *
 * What autonomy is judged by is not the mean but `lower`, the lower end of the 80 % interval: the 0.1
 * quantile. A machine may act on its own from 0.8 on.
 */

import { betaQuantile } from "./beta.ts";
import type { TrustView } from "./types.ts";

/** Sums of what was seen, faded; `observations` is the plain count. */
export interface TrustState {
  readonly successes: number;
  readonly failures: number;
  readonly observations: number;
}

/**
 * The prior counts as 4.5 successes in 5 observations: mean 0.9, lower 0.73. Its mean is seed 004's
 * confidence in what is new; its weight is small enough that something new has no right to act on its
 * own (lower < 0.8) until two healings went well (0.81), and that a first failure (mean 0.75) does not yet
 * look like the 0.7 at which trust counts as lost.
 */
const PRIOR_SUCCESSES = 4.5;
const PRIOR_FAILURES = 0.5;

const MEMORY = 0.993;

/** One side of an 80 % interval. */
const LOWER_QUANTILE = 0.1;

export const unknownTrust: TrustState = { successes: 0, failures: 0, observations: 0 };

export const afterOutcome = (state: TrustState, isSuccess: boolean): TrustState => ({
  successes: state.successes * MEMORY + (isSuccess ? 1 : 0),
  failures: state.failures * MEMORY + (isSuccess ? 0 : 1),
  observations: state.observations + 1,
});

export function trustMean({ successes, failures }: TrustState): number {
  const well = PRIOR_SUCCESSES + successes;
  return well / (well + PRIOR_FAILURES + failures);
}

export function trustView(component: string, state: TrustState): TrustView {
  const { successes, failures, observations } = state;
  const lower = betaQuantile(
    LOWER_QUANTILE,
    PRIOR_SUCCESSES + successes,
    PRIOR_FAILURES + failures,
  );
  return { component, mean: trustMean(state), lower, observations };
}
