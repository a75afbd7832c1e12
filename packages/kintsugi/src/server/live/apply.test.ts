import { describe, expect, it } from "vitest";

import type { Series } from "../../observe/index.ts";
import type { Fact } from "../../store/index.ts";
import { applyDelta, applySnapshot, MOST_FACTS, MOST_VALUES } from "./apply.ts";
import { emptyBoard, snapshotOf, update } from "./board-state.ts";
import type { LiveProgram, LiveSnapshot } from "./views.ts";

const facts = (from: number, to: number): readonly Fact[] =>
  Array.from({ length: to - from + 1 }, (_, index) => ({
    id: from + index,
    type: "a.b",
    atMs: 0,
    payload: {},
  }));

const series = (startMs: number, calls: readonly number[], everyMs = 1_000): Series => {
  const same = [...calls];
  return { startMs, everyMs, calls, failed: same, retries: same, p95Ms: same, steps: same };
};

const snapshot = (changes: Partial<LiveSnapshot> = {}): LiveSnapshot => {
  const state = update(emptyBoard, { program: { instance: "i" } as LiveProgram });
  const first = snapshotOf(state, { atMs: 1, facts: [], isGap: false });
  return { ...(first as LiveSnapshot), ...changes };
};

const ids = ({ facts }: LiveSnapshot): readonly number[] => facts.map(({ id }) => id);

describe("facts on a screen", () => {
  it("follow each other, each once and in order", () => {
    const before = snapshot({ facts: facts(1, 3) });
    expect(ids(applyDelta(before, { atMs: 2, facts: facts(4, 5) }))).toEqual([1, 2, 3, 4, 5]);
    expect(ids(applyDelta(before, { atMs: 2, facts: facts(2, 5) }))).toEqual([1, 2, 3, 4, 5]);
    const later = snapshot({ facts: facts(4, 5) });
    expect(ids(applyDelta(later, { atMs: 2, facts: facts(1, 2) }))).toEqual([1, 2, 4, 5]);
  });

  it("are the newest, where there are too many", () => {
    const full = applyDelta(snapshot({ facts: facts(1, 900) }), {
      atMs: 2,
      facts: facts(901, 1_100),
    });
    expect([full.facts.length, ids(full)[0]]).toEqual([MOST_FACTS, 101]);
    const again = applyDelta(full, { atMs: 2, facts: facts(1_100, 1_101) });
    expect([again.facts.length, ids(again)[0]]).toEqual([MOST_FACTS, 102]);
  });

  it("are kept by a snapshot that goes on from them", () => {
    const next = snapshot({ facts: facts(4, 5), atMs: 9 });
    const both = applySnapshot(snapshot({ facts: facts(1, 3) }), next);
    expect([ids(both), both.atMs]).toEqual([[1, 2, 3, 4, 5], 9]);
    expect(applySnapshot(undefined, next)).toBe(next);
  });

  it("are let go where something is missing, or the program is another", () => {
    const before = snapshot({ facts: facts(1, 3) });
    const broken = snapshot({ facts: facts(9, 9), isGap: true });
    const other = snapshot({ facts: facts(4, 4), program: { instance: "j" } as LiveProgram });
    expect(ids(applySnapshot(before, broken))).toEqual([9]);
    expect(ids(applySnapshot(before, other))).toEqual([4]);
  });
});

describe("series on a screen", () => {
  const joined = (before: Series, after: Series): Series =>
    applyDelta(snapshot({ series: before }), { atMs: 2, series: after }).series;

  it("take the later value of a second, and grow", () => {
    const both = joined(series(1_000, [1, 2, 3]), series(3_000, [7, 8]));
    expect(both).toEqual(series(1_000, [1, 2, 7, 8]));
    expect(joined(series(1_000, [1]), series(2_000, [5]))).toEqual(series(1_000, [1, 5]));
  });

  it("keep the newest values", () => {
    const full = series(
      0,
      Array.from({ length: MOST_VALUES }, (_, index) => index),
    );
    const both = joined(full, series(MOST_VALUES * 1_000, [-1, -2]));
    expect([both.calls.length, both.startMs]).toEqual([MOST_VALUES, 2_000]);
    expect(both.p95Ms.slice(-3)).toEqual([MOST_VALUES - 1, -1, -2]);
  });

  it.each([
    ["leave a hole", series(9_000, [1])],
    ["go back", series(0, [1, 2])],
    ["have another pace", series(1_000, [1], 500)],
    ["have other seconds", series(1_500, [1])],
  ])("begin anew where the values %s", (_, after) => {
    expect(joined(series(1_000, [1, 2, 3]), after)).toEqual(after);
  });
});

describe("what has not changed on a screen", () => {
  it("stays the same object", () => {
    const before = snapshot();
    const next = applyDelta(before, { atMs: 2, rows: { calls: { gone: ["none"] } } });
    expect(next.components).toBe(before.components);
    expect(next.program).toBe(before.program);
    expect(next.atMs).toBe(2);
  });

  it("is what a newer server tells beside", () => {
    const rows = { unknown: { put: [{}] } } as object;
    expect(applyDelta(snapshot(), { atMs: 2, rows })).toEqual({ ...snapshot(), atMs: 2 });
  });
});
