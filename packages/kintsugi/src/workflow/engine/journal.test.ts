import { describe, expect, it } from "vitest";

import { manualClock } from "../../testing/index.ts";
import type { StepRow } from "../tables.ts";
import { Journal } from "./journal.ts";

const recorded = (seq: number, ordinal: number | null): StepRow => ({
  runId: "run",
  seq,
  kind: "step",
  name: `step ${seq}`,
  ordinal,
  deadlineMs: null,
  childId: null,
  failed: 0,
  outcome: "1",
  attempts: null,
  signalSeq: null,
  abandonedBy: null,
  undoable: 0,
});

function setup(...rows: readonly StepRow[]) {
  const clock = manualClock();
  const journal = new Journal("run", clock, rows);
  const handed: number[] = [];
  const enter = (seq: number): void => {
    const entry = journal.enter("step", `step ${seq}`);
    const place = journal.placeOf(entry);
    if (place !== undefined) journal.recall(place, () => handed.push(seq));
  };
  return { clock, journal, handed, enter };
}

describe("a replay", () => {
  it("hands outcomes out in the order of their ordinals, when the code has gone on", async () => {
    const { clock, handed, enter } = setup(recorded(0, 2), recorded(1, 0), recorded(2, 1));
    for (const seq of [0, 1, 2]) enter(seq);
    expect(handed).toEqual([]);
    await clock.advance(0);
    expect(handed).toEqual([1, 2, 0]);
  });

  it("hands out what it can when the code does not ask for what is next", async () => {
    const { clock, handed, enter } = setup(recorded(0, 1), recorded(1, 0), recorded(2, 2));
    enter(0); // The code has changed: it asks for step 1 only when it has the outcome of step 0.
    await clock.advance(0);
    expect(handed).toEqual([0]);
    enter(1);
    await clock.advance(0);
    expect(handed).toEqual([0, 1]);
    enter(2);
    await clock.advance(0);
    expect(handed).toEqual([0, 1, 2]);
  });

  it("counts on from the highest ordinal, also when some were taken out", () => {
    const { journal } = setup(recorded(0, 0), recorded(2, 3), recorded(1, null));
    expect(journal.size).toBe(2);
    expect(journal.takePlace()).toEqual({ place: 2, ordinal: 4 });
  });

  it("keeps new outcomes behind all that are recorded", async () => {
    const { clock, journal, handed, enter } = setup(recorded(0, 0));
    enter(0);
    journal.enter("step", "new");
    const { place } = journal.takePlace();
    journal.arrive(place, () => handed.push(1));
    await clock.advance(0);
    expect(handed).toEqual([0, 1]);
  });

  it("refuses a call of another kind or name", () => {
    const { journal } = setup(recorded(0, 0));
    expect(() => journal.enter("step", "other")).toThrow(
      'Step 0 of run "run" was recorded as step "step 0", and the code now asks for step "other"',
    );
    expect(() => journal.enter("sleep", "")).toThrow("and the code now asks for a sleep");
    expect(() => journal.enter("wait", "go")).toThrow('and the code now asks for a wait for "go"');
    expect(() => journal.enter("value", "now")).toThrow("and the code now asks for ctx.now()");
  });
});
