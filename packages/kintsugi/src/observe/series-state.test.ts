import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { SERIES_SECONDS, SeriesState } from "./series-state.ts";
import type { Series } from "./types.ts";

const START_MS = 1_767_225_600_400;
const START_SECOND_MS = START_MS - 400;

const setup = () => {
  const state = new SeriesState(START_MS);
  const call = (nowMs: number, durationMs = 5): void => state.call(false, 0, durationMs, nowMs);
  return { state, call };
};

describe("the series of a program that has just begun", () => {
  it("holds the second that runs, and nothing in it", () => {
    expect(setup().state.read(START_MS)).toEqual({
      startMs: START_SECOND_MS,
      everyMs: 1_000,
      calls: [0],
      failed: [0],
      retries: [0],
      p95Ms: [null],
      steps: [0],
    });
  });
});

describe("calls and steps", () => {
  it("are counted in their seconds, with zeros where nothing happened", () => {
    const { state } = setup();
    state.call(false, 0, 10, START_MS);
    state.call(true, 2, 30, START_MS + 599);
    state.step(START_MS + 3_000);
    expect(state.read(START_MS + 4_000)).toMatchObject({
      calls: [2, 0, 0, 0, 0],
      failed: [1, 0, 0, 0, 0],
      retries: [2, 0, 0, 0, 0],
      p95Ms: [30, null, null, null, null],
      steps: [0, 0, 0, 1, 0],
    });
  });

  it("are forgotten after ten minutes, also when their place is never needed again", () => {
    const { state, call } = setup();
    call(START_MS);
    call(START_MS + 1_000);
    const { startMs, calls } = state.read(START_MS + SERIES_SECONDS * 1_000);
    expect(startMs).toBe(START_SECOND_MS + 1_000);
    expect(calls).toHaveLength(SERIES_SECONDS);
    expect(calls[0]).toBe(1);
    expect(state.read(START_MS + 2 * SERIES_SECONDS * 1_000).calls).not.toContain(1);
  });
});

describe("a reader who has had a part already", () => {
  it("gets the seconds from there on", () => {
    const { state, call } = setup();
    call(START_MS + 2_000);
    const since = START_SECOND_MS + 2_000;
    const series = state.read(START_MS + 3_000, since);
    expect(series).toMatchObject({ startMs: since, calls: [1, 0] });
  });

  it("gets the second that runs when his own lies in the future", () => {
    const { state } = setup();
    expect(state.read(START_MS, START_MS + 90_000)).toMatchObject({
      startMs: START_SECOND_MS,
      calls: [0],
    });
  });

  it("gets all that there is when his own is too old, or no number", () => {
    const { state } = setup();
    for (const since of [0, Number.NaN]) {
      expect(state.read(START_MS + 2_000, since).calls).toHaveLength(3);
    }
  });
});

describe("a wall clock that is set back", () => {
  it("takes along what lies after the new time, and nothing is added to it later", () => {
    const { state, call } = setup();
    for (const seconds of [0, 10, 20]) call(START_MS + seconds * 1_000);
    call(START_MS + 10_000 - 5_000);
    const { calls } = state.read(START_MS + 20_000);
    expect(calls.flatMap((count, second) => (count > 0 ? [second] : []))).toEqual([0, 5]);
  });

  it("before the start moves the start", () => {
    const { state, call } = setup();
    call(START_MS);
    call(START_MS - 3_600_000);
    const { startMs, calls } = state.read(START_MS - 3_600_000 + 1_000);
    expect([startMs, calls]).toEqual([START_SECOND_MS - 3_600_000, [1, 0]]);
  });

  it("brings nothing back that was forgotten", () => {
    const { state, call } = setup();
    call(START_MS);
    call(START_MS + (SERIES_SECONDS + 100) * 1_000);
    call(START_MS);
    expect(state.read(START_MS).calls).toEqual([1]);
  });

  it("by a moment only goes on in the second where it was", () => {
    const { state, call } = setup();
    call(START_SECOND_MS + 1_000);
    call(START_SECOND_MS + 999);
    expect(state.read(START_SECOND_MS + 999).calls).toEqual([0, 2]);
  });
});

describe("the 95th percentile of a second", () => {
  it("is the time that 95 in a hundred do not pass", () => {
    const { state, call } = setup();
    for (let ms = 100; ms >= 1; ms -= 1) call(START_MS, ms);
    expect(state.read(START_MS).p95Ms).toEqual([95]);
  });

  it("stays near where calls are more than are kept", () => {
    const { state, call } = setup();
    for (let count = 0; count < 10_000; count += 1) call(START_MS, (count * 7_919) % 1_000);
    const [p95 = 0] = state.read(START_MS).p95Ms;
    expect(p95).toBeGreaterThan(900);
    expect(p95).toBeLessThan(990);
  });

  it("hears the first calls of many as well as the last", () => {
    const { state, call } = setup();
    for (let count = 0; count < 10_000; count += 1) call(START_MS, count < 1_000 ? 900 : 1);
    expect(state.read(START_MS).p95Ms).toEqual([900]);
  });
});

describe("any history of calls, steps and a clock that jumps", () => {
  const event = fc.record({
    kind: fc.constantFrom("call", "failure", "step"),
    retries: fc.nat(3),
    moveMs: fc.oneof(
      { weight: 8, arbitrary: fc.nat(3_000) },
      { weight: 1, arbitrary: fc.integer({ min: -900_000, max: 900_000 }) },
    ),
  });

  it("is told as a list of all that happened would tell it", () => {
    const check = (events: readonly { kind: string; retries: number; moveMs: number }[]): void => {
      const { state } = setup();
      const model = new Model(START_MS);
      let nowMs = START_MS;
      for (const { kind, retries, moveMs } of events) {
        nowMs += moveMs;
        const second = model.move(nowMs);
        model.entries.push({ second, kind, retries });
        if (kind === "step") state.step(nowMs);
        else state.call(kind === "failure", retries, retries, nowMs);
      }
      const series = state.read(nowMs);
      expect(summary(series)).toEqual(model.summary());
      expect(state.read(nowMs)).toEqual(series);
    };
    fc.assert(fc.property(fc.array(event, { size: "max", maxLength: 60 }), check), {
      numRuns: 300,
    });
  });
});

const summary = ({ startMs, everyMs: _, p95Ms, ...lists }: Series): unknown => ({
  startMs,
  ...lists,
  isTimed: p95Ms.map((ms) => ms !== null),
});

/** The same, with a list in place of a ring. */
class Model {
  entries: { readonly second: number; readonly kind: string; readonly retries: number }[] = [];
  #first: number;
  #newest: number;

  constructor(startMs: number) {
    this.#first = Math.floor(startMs / 1_000);
    this.#newest = this.#first;
  }

  move(nowMs: number): number {
    const second = Math.floor(nowMs / 1_000);
    if (second < this.#newest - 1) {
      this.entries = this.entries.filter((entry) => entry.second <= second);
      this.#newest = second;
      this.#first = Math.min(this.#first, second);
    }
    this.#newest = Math.max(this.#newest, second);
    this.#first = Math.max(this.#first, this.#newest - SERIES_SECONDS + 1);
    this.entries = this.entries.filter((entry) => entry.second >= this.#first);
    return this.#newest;
  }

  summary(): unknown {
    const first = this.#first;
    const seconds = Array.from({ length: this.#newest - first + 1 }, (_, at) =>
      this.entries.filter(({ second }) => second === first + at),
    );
    const ofKind = (...kinds: readonly string[]): readonly number[] =>
      seconds.map((all) => all.filter(({ kind }) => kinds.includes(kind)).length);
    const calls = ofKind("call", "failure");
    return {
      startMs: first * 1_000,
      calls,
      failed: ofKind("failure"),
      retries: seconds.map((all) =>
        all.reduce((sum, { kind, retries }) => sum + (kind === "step" ? 0 : retries), 0),
      ),
      steps: ofKind("step"),
      isTimed: calls.map((count) => count > 0),
    };
  }
}
