import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { restartLimits } from "./restart-limits.ts";
import {
  afterCalm,
  afterExit,
  afterStart,
  freshRestart,
  type RestartLimits,
  type RestartState,
  reviveRestart,
  startDueInMs,
  toStoredRestart,
} from "./restart-state.ts";
import { parseStoredRestart } from "./stored-restart.ts";

const clockAt = (epochMs: number, monotonicMs: number) => ({
  epochMs: () => epochMs,
  monotonicMs: () => monotonicMs,
  after: () => () => {},
  immediate: () => {},
});

describe("something that dies, in any history", () => {
  const step = fc.record({
    waitMs: fc.integer({ min: 0, max: 400 }),
    action: fc.constantFrom("exit", "exit", "start", "calm", "store"),
    chance: fc.double({ min: 0, max: 0.999, noNaN: true }),
  });
  const anyLimits: fc.Arbitrary<RestartLimits> = fc.record({
    initialDelayMs: fc.integer({ min: 0, max: 100 }),
    maxDelayMs: fc.integer({ min: 0, max: 200 }),
    intensity: fc.integer({ min: 0, max: 3 }),
    periodMs: fc.integer({ min: 1, max: 300 }),
    whenExhausted: fc.constantFrom("retry", "give-up"),
  });

  it("is restarted no more often than allowed, and is never forgotten", () => {
    const transitions = new Set<string>();

    fc.assert(
      fc.property(anyLimits, fc.array(step, { maxLength: 100, size: "max" }), (limits, steps) => {
        let nowMs = 0;
        let state: RestartState = freshRestart;
        let planned: number[] = [];

        for (const { waitMs, action, chance } of steps) {
          nowMs += waitMs;
          const before = state;
          if (action === "exit") state = afterExit(state, limits, nowMs, chance);
          if (action === "start") state = afterStart(state, nowMs);
          if (action === "calm") state = afterCalm(state, limits, nowMs);
          if (action === "store") {
            const clock = clockAt(1_000_000 + nowMs, nowMs);
            const stored = parseStoredRestart(
              JSON.parse(JSON.stringify(toStoredRestart(state, clock))),
            );
            expect(stored).toBeDefined();
            if (stored) state = reviveRestart(stored, limits, clock);
            expect(state.kind).toBe(before.kind);
            continue;
          }

          if (state.kind !== before.kind) transitions.add(`${before.kind} > ${state.kind}`);
          if (action === "exit") expect(["running", "trial"]).not.toContain(state.kind);
          if (action === "start") expect(startDueInMs(state, nowMs)).toBeUndefined();
          if (state.kind === "waiting" && before.kind !== "waiting") {
            expect(startDueInMs(state, nowMs)).toBeLessThanOrEqual(limits.maxDelayMs);
            planned = [...planned, nowMs].filter((atMs) => nowMs - atMs < limits.periodMs);
            expect(planned.length).toBeLessThanOrEqual(limits.intensity);
          }
          if (state.kind === "crash-looping") {
            expect(startDueInMs(state, nowMs)).toBeLessThanOrEqual(10 * limits.maxDelayMs);
          }
          if (state.kind === "gave-up") expect(limits.whenExhausted).toBe("give-up");
        }

        const wanted = startDueInMs(state, nowMs) !== undefined;
        expect(wanted).toBe(state.kind === "waiting" || state.kind === "crash-looping");
      }),
      { numRuns: 1_500 }, // The rarest arrow, out of a long trial into a wait, takes luck.
    );

    // A property that never got there proves nothing: these are the arrows of the drawing,
    // and the one that a death takes which is the first news of a trial long won.
    expect([...transitions].sort()).toEqual([
      "crash-looping > trial",
      "running > crash-looping",
      "running > gave-up",
      "running > waiting",
      "trial > crash-looping",
      "trial > running",
      "trial > waiting",
      "waiting > running",
    ]);
  });
});

describe("the waits between restarts", () => {
  const limits = restartLimits({ intensity: 9, maxDelayMs: 1_000 }, "retry");
  const waits = (chance: number): number[] => {
    let state: RestartState = freshRestart;
    return Array.from({ length: 7 }, () => {
      state = afterExit(state, limits, 0, chance);
      const waitMs = startDueInMs(state, 0) ?? Number.NaN;
      state = afterStart(state, 0);
      return waitMs;
    });
  };

  it("are none, then the initial one, then twice as long each time, up to the longest", () => {
    expect(waits(1).map(Math.round)).toEqual([0, 100, 200, 400, 800, 1_000, 1_000]);
  });

  it("are halved at most by chance", () => {
    expect(waits(0)).toEqual([0, 50, 100, 200, 400, 500, 500]);
  });
});

describe("a crash loop", () => {
  const limits = restartLimits({ intensity: 0, maxDelayMs: 1_000, periodMs: 500 }, "retry");
  const loop = (trials: number): RestartState => {
    let state = afterExit(freshRestart, limits, 0, 1);
    for (let trial = 0; trial < trials; trial += 1) {
      state = afterExit(afterStart(state, 0), limits, 0, 1);
    }
    return state;
  };

  it.each([
    [0, 1_000],
    [1, 2_000],
    [3, 8_000],
    [4, 10_000],
    [2_000, 10_000],
  ])("after %d failed trials waits %d ms for the next", (trials, waitMs) => {
    expect(startDueInMs(loop(trials), 0)).toBe(waitMs);
  });

  it("is over when a trial has lived for one period, and not a moment before", () => {
    const trial = afterStart(loop(2), 100);
    expect(afterCalm(trial, limits, 599)).toBe(trial);
    expect(afterCalm(trial, limits, 600)).toEqual(freshRestart);
  });

  it("ends for good where that was asked for", () => {
    const kernel = restartLimits({ intensity: 3 }, "give-up");
    let state: RestartState = freshRestart;
    for (const attempt of [1, 2, 3]) {
      state = afterExit(state, kernel, attempt, 0);
      expect(state.kind).toBe("waiting");
      state = afterStart(state, attempt);
    }
    expect(afterExit(state, kernel, 4, 0)).toEqual({ kind: "gave-up" });
    expect(afterStart({ kind: "gave-up" }, 5)).toEqual({ kind: "gave-up" });
  });
});

describe("a stored state in a new process", () => {
  const limits = restartLimits({ maxDelayMs: 1_000, intensity: 2 }, "retry");
  const later = clockAt(50_000, 7);

  it("waits what is left of its wait", () => {
    const stored = toStoredRestart(
      { kind: "waiting", restarts: [90], untilMs: 190 },
      clockAt(50_000, 100),
    );
    expect(reviveRestart(stored, limits, later)).toEqual({
      kind: "waiting",
      restarts: [-3],
      untilMs: 97,
    });
  });

  it("never waits longer than the limits allow, though the wall clock was set back", () => {
    const waiting = { kind: "waiting", restartsAtMs: [90_000], startAtMs: 90_100 } as const;
    expect(reviveRestart(waiting, limits, later)).toEqual({
      kind: "waiting",
      restarts: [7],
      untilMs: 1_007,
    });
    const looping = { kind: "crash-looping", failedTrials: 1, startAtMs: 9_000_000 } as const;
    expect(startDueInMs(reviveRestart(looping, limits, later), 7)).toBe(10_000);
  });

  it("keeps the newest restarts when fewer are allowed now", () => {
    const stored = { kind: "running", restartsAtMs: [49_001, 49_002, 49_003] } as const;
    const revived = reviveRestart(stored, limits, later);
    expect(revived).toEqual({ kind: "running", restarts: [-991, -990] });
  });

  it.each([
    undefined,
    null,
    "running",
    { kind: "running" },
    { kind: "waiting", restartsAtMs: ["x"], startAtMs: 1 },
    { kind: "trial", failedTrials: 1 },
    { kind: "crash-looping", startAtMs: 1 },
    { kind: "asleep" },
  ])("is begun afresh when it cannot be read: %o", (value) => {
    expect(parseStoredRestart(value)).toBeUndefined();
  });
});

it("names the limit that is no limit", () => {
  expect(() => restartLimits({ intensity: -1 }, "retry")).toThrow(
    "restart.intensity must be a whole number of at least 0, got -1",
  );
});
