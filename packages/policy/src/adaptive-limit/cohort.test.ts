import { describe, expect, it } from "vitest";

import { Cohort } from "./cohort.ts";

/** A cohort that has had its calls from `startMs` on, and asks for one call and 100 ms. */
function setup(startMs = 0, inFlight = 0) {
  const cohort = new Cohort();
  cohort.start(startMs, inFlight);
  return { cohort, close: (nowMs: number) => cohort.closeIfFull(nowMs, 100, 1) };
}

describe("a cohort of calls", () => {
  it("is over when it has its time, its calls and nearly all of their ends", () => {
    const { cohort, close } = setup();
    close(500);
    expect(cohort.isOver).toBe(false);
    const permit = cohort.join(500, 3);
    cohort.end(permit, 560, "successes");
    expect(cohort.isOver).toBe(false);
    close(560);
    expect(cohort.isOver).toBe(true);
    expect(cohort.window).toEqual({ latencyMs: 60, droppedShare: 0, mostInFlight: 3 });
  });

  it("leaves out those that begin when it is closed", () => {
    const { cohort, close } = setup();
    const own = cohort.join(0, 1);
    close(100);
    const other = cohort.join(100, 2);
    cohort.end(own, 120, "successes");
    cohort.end(other, 900, "successes");
    expect(cohort.window?.latencyMs).toBe(120);
  });

  it("knows a straggler, also one that bears the mark of today", () => {
    const { cohort } = setup();
    const straggler = cohort.join(0, 1);
    for (const startMs of [100, 200, 300]) cohort.start(startMs, 1);
    cohort.end(straggler, 350, "successes");
    expect(cohort.window).toBeUndefined();
    cohort.end(cohort.join(310, 2), 350, "successes");
    expect(cohort.window?.latencyMs).toBe(40);
  });

  it("knows a straggler of a window that was over within milliseconds", () => {
    const { cohort } = setup();
    const straggler = cohort.join(0, 1);
    for (const startMs of [2, 4, 6]) cohort.start(startMs, 1);
    cohort.end(straggler, 10, "successes");
    expect(cohort.window).toBeUndefined();
  });

  it("takes the time of successes alone, and the share of those that were dropped", () => {
    const { cohort, close } = setup();
    const permits = [1, 2, 3].map((inFlight) => cohort.join(0, inFlight));
    close(100);
    cohort.end(permits[0] ?? 0, 140, "successes");
    cohort.end(permits[1] ?? 0, 900, "dropped");
    expect(cohort.isOver).toBe(false);
    cohort.end(permits[2] ?? 0, 900, "ignored");
    expect(cohort.isOver).toBe(true);
    expect(cohort.window).toEqual({ latencyMs: 140, droppedShare: 0.5, mostInFlight: 3 });
  });

  it("counts those as in flight that ran before it began", () => {
    const { cohort } = setup(0, 7);
    cohort.end(cohort.join(0, 5), 10, "dropped");
    expect(cohort.window).toEqual({ latencyMs: Infinity, droppedShare: 1, mostInFlight: 7 });
  });

  it("says nothing where no call says anything about load", () => {
    const { cohort } = setup();
    cohort.end(cohort.join(0, 1), 10, "ignored");
    expect(cohort.window).toBeUndefined();
  });

  it("measures right when its stamps start over, and hands on small whole numbers", () => {
    const turnMs = 2 ** 24;
    const { cohort } = setup(turnMs - 50);
    const permit = cohort.join(turnMs - 10, 1);
    expect(Number.isInteger(permit) && permit >= 0 && permit < 2 ** 30).toBe(true);
    cohort.end(permit, turnMs + 30, "successes");
    expect(cohort.window?.latencyMs).toBe(40);
  });
});
