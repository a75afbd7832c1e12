/** The clock of a circuit that is tested by faking `Date`. */

import { type Clock, systemClock } from "../../base/index.ts";

/**
 * Goes by the wall clock, as who replaces `Date` in a test expects; where that is set back, by the
 * platform's own for this once, so that no open circuit waits for the hour to come again.
 */
export function steadyClock(clock: Clock = systemClock): Clock {
  let wallMs = clock.epochMs();
  let ownMs = clock.monotonicMs();
  let nowMs = 0;
  return {
    ...clock,
    monotonicMs() {
      const passedMs = clock.epochMs() - wallMs;
      const ownPassedMs = clock.monotonicMs() - ownMs;
      wallMs += passedMs;
      ownMs += ownPassedMs;
      nowMs += passedMs >= 0 ? passedMs : Math.max(0, ownPassedMs);
      return nowMs;
    },
  };
}
