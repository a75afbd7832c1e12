/** How long the log of facts remembers. */

/** Facts that are kept where nobody says otherwise. */
export const DEFAULT_MAX_FACTS = 100_000;

/**
 * Source ids that are remembered, also when their facts are gone: a log that is read again after
 * months must not bring old crashes back.
 */
export const MAX_SOURCE_IDS = 100_000;

/** Facts that go at once, so that not every commit trims. */
const TRIM_BATCH = 1_000;

/** How many of the oldest facts go now; never the newest, whose id must stay known. */
export function factsToTrim(count: number, maxFacts: number): number {
  if (count <= maxFacts) return 0;
  const batch = Math.min(TRIM_BATCH, Math.floor(maxFacts / 10));
  return count - maxFacts + batch;
}
