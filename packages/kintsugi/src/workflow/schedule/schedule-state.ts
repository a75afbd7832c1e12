/**
 * What is due of a schedule, out of the planned time that was seen to last and the time that it is now.
 *
 *     seen to ──── planned ──── planned ──── now        due: what `catchUp` says of those between
 *     seen to ─── now ─── planned                       nothing is due
 *     now ─── seen to                                   the clock was set back: nothing is due twice
 */

import type { Calendar } from "./cron.ts";

/**
 * What becomes of planned times that passed while nobody was there. `last`: the newest of them is made up
 * for; `all`: each, the oldest first, but no more than the newest 1,000; `none`: those that are older
 * than a minute are left out.
 */
export type CatchUp = "last" | "all" | "none";

export interface ScheduleState {
  /** Epoch milliseconds of the last planned time that was seen to, or when it was first known. */
  readonly seenToMs: number;
}

export interface Due {
  readonly state: ScheduleState;
  /** Planned times to be started now, the oldest first. */
  readonly starts: readonly number[];
  /** Planned times that are left out; with 1,000 there may be more. */
  readonly missed: number;
  /** When to look again; undefined when no time is planned any more. */
  readonly nextMs: number | undefined;
}

/** As many missed times are looked at. */
const MOST = 1_000;

/** Later than this is missed, not late. */
const GRACE_MS = 60_000;

/** A mark that is this far ahead was made by a clock that was wrong: it is not waited for. */
const FAR_AHEAD_MS = 26 * 3_600_000;

export function dueNow(
  { seenToMs }: ScheduleState,
  calendar: Calendar,
  catchUp: CatchUp,
  nowMs: number,
): Due {
  if (seenToMs > nowMs + FAR_AHEAD_MS) return dueNow({ seenToMs: nowMs }, calendar, catchUp, nowMs);
  const planned = calendar.after(seenToMs);
  if (planned === undefined || planned > nowMs) {
    return { state: { seenToMs }, starts: [], missed: 0, nextMs: planned };
  }
  const between = calendar.between(seenToMs, nowMs, MOST);
  const starts = chosen(between, catchUp, nowMs);
  return {
    state: { seenToMs: between.at(-1) ?? planned },
    starts,
    missed: between.length - starts.length,
    nextMs: calendar.after(nowMs),
  };
}

function chosen(between: readonly number[], catchUp: CatchUp, nowMs: number): readonly number[] {
  switch (catchUp) {
    case "all":
      return between;
    case "last":
      return between.slice(-1);
    case "none":
      return between.slice(-1).filter((atMs) => nowMs - atMs <= GRACE_MS);
  }
}
