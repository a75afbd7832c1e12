import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { Calendar } from "./cron.ts";
import { dueNow } from "./schedule-state.ts";

/** A time at every full hundred. */
const everyHundred: Calendar = {
  after: (epochMs) => Math.floor(epochMs / 100) * 100 + 100,
  between(sinceMs, untilMs, most) {
    const found: number[] = [];
    for (let atMs = Math.floor(untilMs / 100) * 100; atMs > sinceMs; atMs -= 100) {
      if (found.length < most) found.unshift(atMs);
    }
    return found;
  },
};

const due = (seenToMs: number, nowMs: number, catchUp: "last" | "all" | "none" = "last") =>
  dueNow({ seenToMs }, everyHundred, catchUp, nowMs);

describe("a schedule", () => {
  it("waits for its next time", () => {
    expect(due(1_000, 1_099)).toMatchObject({ starts: [], missed: 0, nextMs: 1_100 });
  });

  it("starts what is due, and sees to it once", () => {
    const found = due(1_000, 1_105);
    expect(found).toMatchObject({ starts: [1_100], missed: 0, nextMs: 1_200 });
    expect(dueNow(found.state, everyHundred, "last", 1_106).starts).toEqual([]);
  });

  it("makes up for what it missed as it was told", () => {
    expect(due(1_000, 1_450, "last")).toMatchObject({ starts: [1_400], missed: 3 });
    expect(due(1_000, 1_450, "all")).toMatchObject({
      starts: [1_100, 1_200, 1_300, 1_400],
      missed: 0,
    });
    expect(due(1_000, 1_450, "none")).toMatchObject({ starts: [1_400], missed: 3 });
  });

  it("leaves out, where nothing is to be made up for, what is older than a minute", () => {
    const daily: Calendar = { after: () => 1_000, between: () => [1_000] };
    const late = dueNow({ seenToMs: 0 }, daily, "none", 61_001);
    expect(late).toMatchObject({ starts: [], missed: 1, state: { seenToMs: 1_000 } });
    expect(dueNow({ seenToMs: 0 }, daily, "none", 61_000).starts).toEqual([1_000]);
  });

  it("starts nothing twice when the clock is set back, and does not wait for a wrong one", () => {
    expect(due(1_400, 1_050)).toMatchObject({ starts: [], nextMs: 1_500 });
    const year = 365 * 86_400_000;
    expect(due(year, 1_050)).toMatchObject({ starts: [], nextMs: 1_100 });
  });

  it("starts each time at most once, in order, whatever the clock does; and all where it must", () => {
    const jumps = fc.array(fc.integer({ min: -300, max: 900 }), { size: "max", maxLength: 100 });
    fc.assert(
      fc.property(jumps, fc.constantFrom("last", "all", "none"), (steps, catchUp) => {
        let nowMs = 10_000;
        let state = { seenToMs: nowMs };
        let newestMs = nowMs;
        const starts: number[] = [];
        for (const step of steps) {
          nowMs += step;
          newestMs = Math.max(newestMs, nowMs);
          const found = dueNow(state, everyHundred, catchUp as "last", nowMs);
          state = found.state;
          starts.push(...found.starts);
        }
        expect(starts).toEqual([...new Set(starts)].toSorted((a, b) => a - b));
        if (catchUp !== "all") return;
        expect(starts).toEqual(everyHundred.between(10_000, newestMs, 10_000));
      }),
    );
  });
});
