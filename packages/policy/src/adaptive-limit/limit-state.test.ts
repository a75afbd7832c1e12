import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { allowed, type LatencyWindow, type LimitRules, learn, unmeasured } from "./limit-state.ts";

const rules: LimitRules = { minLimit: 2, maxLimit: 100, tolerance: 1.1, smoothing: 0.5 };
const steady = { kind: "steady", limit: 25, baselineMs: 100, probeAtMs: 1_000 } as const;
const busy: LatencyWindow = { latencyMs: 100, droppedShare: 0, mostInFlight: 25 };

describe("a limit under load", () => {
  it("grows by room for a short queue while nothing queues", () => {
    expect(learn(steady, rules, busy, 0, 0)).toEqual({ ...steady, limit: 30 });
    expect(learn(steady, rules, { ...busy, latencyMs: 110 }, 0, 0).limit).toBe(30);
  });

  it("goes half the way down to what the latency says, and never to less than half of that", () => {
    expect(learn(steady, rules, { ...busy, latencyMs: 220 }, 0, 0).limit).toBe(21.25);
    expect(learn(steady, rules, { ...busy, latencyMs: 9_000 }, 0, 0).limit).toBe(21.25);
  });

  it("grows as well where calls are too short to be measured", () => {
    const instant = { ...steady, baselineMs: 0 };
    expect(learn(instant, rules, { ...busy, latencyMs: 0 }, 0, 0).limit).toBe(30);
    expect(learn(instant, rules, { ...busy, latencyMs: 1 / 16 }, 0, 0).limit).toBe(30);
    expect(learn(instant, rules, { ...busy, latencyMs: 1 }, 0, 0).limit).toBe(21.25);
  });

  it("shrinks when a tenth of the calls or more are dropped, whatever the others took", () => {
    expect(learn(steady, rules, { ...busy, droppedShare: 0.1 }, 0, 0).limit).toBe(22.5);
    expect(learn(steady, rules, { ...busy, droppedShare: 0.09 }, 0, 0).limit).toBe(30);
  });

  it("takes a lower latency for the new baseline at once", () => {
    expect(learn(steady, rules, { ...busy, latencyMs: 80 }, 0, 0).baselineMs).toBe(80);
  });

  it("is halved for one window when the time has come, and measures the baseline anew", () => {
    const probing = learn(steady, rules, { ...busy, latencyMs: 500 }, 1_000, 9_000);
    expect(probing.kind).toBe("probing");
    expect(allowed({ ...probing, limit: 25 }, rules)).toBe(12);
    const measured = learn(probing, rules, { ...busy, latencyMs: 300 }, 1_500, 9_000);
    expect(measured).toMatchObject({ kind: "steady", baselineMs: 300, probeAtMs: 9_000 });
    expect(measured.limit).toBe(probing.limit);
  });

  it("keeps its baseline when all calls of the probe were dropped", () => {
    const probing = { ...steady, kind: "probing" } as const;
    const dropped = { latencyMs: Infinity, droppedShare: 1, mostInFlight: 12 };
    expect(learn(probing, rules, dropped, 500, 9_000)).toEqual({ ...steady, limit: 22.5 });
  });
});

describe("a limit that nobody reaches", () => {
  const quiet: LatencyWindow = { latencyMs: 300, droppedShare: 0, mostInFlight: 12 };

  it("stays as it is", () => {
    expect(learn(steady, rules, quiet, 0, 0)).toEqual(steady);
    const half = { ...steady, limit: 24 };
    expect(learn(half, rules, quiet, 0, 0)).toEqual(half);
  });

  it("needs no probe: the window itself says what a call takes without a queue", () => {
    const learnt = learn(steady, rules, quiet, 1_000, 9_000);
    expect(learnt).toEqual({ ...steady, baselineMs: 300, probeAtMs: 9_000 });
  });
});

describe("a limit, in any history", () => {
  const window: fc.Arbitrary<LatencyWindow> = fc.record({
    latencyMs: fc.oneof(fc.double({ min: 0, max: 10_000, noNaN: true }), fc.constant(Infinity)),
    droppedShare: fc.constantFrom(0, 0, 0, 0.05, 0.5, 1),
    mostInFlight: fc.integer({ min: 1, max: 120 }),
  });

  it("stays between its bounds, and comes from every state to the next", () => {
    const arrows = new Set<string>();
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 100 }),
        fc.array(window, { maxLength: 100, size: "max" }),
        (initial, windows) => {
          let state = unmeasured(initial);
          let nowMs = 0;
          for (const each of windows) {
            nowMs += 500;
            const before = state;
            state = learn(before, rules, each, nowMs, nowMs + 3_000);
            if (before.kind !== state.kind) arrows.add(`${before.kind} > ${state.kind}`);
            expect(state.limit).toBeGreaterThanOrEqual(rules.minLimit);
            expect(state.limit).toBeLessThanOrEqual(rules.maxLimit);
            expect(allowed(state, rules)).toBeGreaterThanOrEqual(rules.minLimit);
            expect(Number.isNaN(state.limit)).toBe(false);
            if (state.kind !== "measuring") expect(state.baselineMs).toBeLessThan(Infinity);
          }
        },
      ),
    );
    // A property that never got there proves nothing: these are the arrows of the drawing.
    expect([...arrows].sort()).toEqual([
      "measuring > steady",
      "probing > steady",
      "steady > probing",
    ]);
  });
});
