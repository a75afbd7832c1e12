/** Times of the calendar: a pattern and a time zone. */

import { Cron } from "croner";

export interface Calendar {
  /** Epoch milliseconds of the first time after that; undefined when there is none. */
  after(epochMs: number): number | undefined;
  /** The newest times after `sinceMs`, up to and with `untilMs`: at most so many, the oldest first. */
  between(sinceMs: number, untilMs: number, most: number): readonly number[];
}

/**
 * A pattern of five fields (minute, hour, day, month, weekday), or of six with seconds first. What the clocks
 * of the time zone skip in spring is due when they go on; what they show twice in autumn is due once, unless
 * the pattern repeats within the hour.
 *
 * @throws {@link RangeError} for a pattern or a time zone that there is not, or a pattern that never comes.
 */
export function calendar(name: string, pattern: string, timeZone: string): Calendar {
  const cron = parsed(name, pattern, timeZone);
  return {
    after: (epochMs) => cron.nextRun(new Date(epochMs))?.getTime(),
    between: (sinceMs, untilMs, most) =>
      cron
        .previousRuns(most + 1, new Date(untilMs + 1_000)) // It looks back from the start of a second.
        .map((date) => date.getTime())
        .filter((atMs) => atMs > sinceMs && atMs <= untilMs)
        .slice(0, most)
        .toReversed(),
  };
}

const SECOND_MS = 1_000;

function parsed(name: string, pattern: string, timeZone: string): Cron {
  const where = `schedules.${name}`;
  if (!isTimeZone(timeZone)) {
    throw new RangeError(
      `${where}.timeZone must be one of IANA's, such as "Europe/Berlin", got "${timeZone}"`,
    );
  }
  try {
    const cron = new Cron(pattern, { timezone: timeZone, mode: "5-or-6-parts" });
    // From a fixed time: what a pattern means does not hang on when it is read.
    if (cron.nextRun(new Date(SECOND_MS))) return cron;
  } catch (cause) {
    throw new RangeError(`${where}.cron must be a pattern such as "0 3 * * *", got "${pattern}"`, {
      cause,
    });
  }
  throw new RangeError(`${where}.cron must name times that come, got "${pattern}"`);
}

function isTimeZone(timeZone: string): boolean {
  try {
    return Intl.DateTimeFormat(undefined, { timeZone }).resolvedOptions().timeZone.length > 0;
  } catch {
    return false; // The platform's sentence names no schedule.
  }
}
