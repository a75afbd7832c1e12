import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  afterReading,
  idle,
  isAlerting,
  LONGEST_GAP_MS,
  type Reading,
  type TriggerLimits,
  type TriggerState,
} from "./trigger-state.ts";

const limits: TriggerLimits = { forMs: 20, keepForMs: 30, cooldownMs: 100 };

/** Takes readings 10 ms apart. */
function after(readings: readonly Reading[], from: TriggerState = idle, given = limits) {
  return readings.reduce(
    (state, reading, index) => afterReading(state, given, reading, index * 10),
    from,
  );
}

describe("a trigger", () => {
  it("fires when its condition has held for forMs, and not before", () => {
    expect(after(["holds", "holds"]).kind).toBe("pending");
    expect(after(["holds", "holds", "holds"])).toEqual({ kind: "firing", coolUntilMs: 120 });
  });

  it("forgets a condition that stopped holding", () => {
    expect(after(["holds", "holds", "between", "holds"]).kind).toBe("pending");
  });

  it("is over only when its clear condition has held for keepForMs", () => {
    const firing = after(["holds", "holds", "holds"]);
    expect(after(["between", "between", "between", "between"], firing).kind).toBe("firing");
    expect(after(["clears", "clears", "clears"], firing).kind).toBe("clearing");
    expect(after(["clears", "clears", "clears", "clears"], firing).kind).toBe("idle");
  });

  it("never takes a missing reading for an answer", () => {
    const firing = after(["holds", "holds", "holds"]);
    expect(after(Array(50).fill("unknown"), firing)).toBe(firing);
    expect(after(["clears", "unknown", "unknown", "unknown", "clears"], firing).kind).toBe(
      "clearing",
    );
    expect(after(["holds", "unknown", "unknown", "unknown", "holds"]).kind).toBe("pending");
  });

  it("counts no gap that nobody saw towards a span", () => {
    const lateMs = LONGEST_GAP_MS + 1;
    const state = afterReading(after(["holds"]), limits, "holds", lateMs);
    expect(state).toEqual({ kind: "pending", coolUntilMs: 0, span: { heldMs: 0, lastMs: lateMs } });
  });

  it("waits for the end of its cooldown before it fires again", () => {
    const cool: TriggerState = { kind: "idle", coolUntilMs: 100 };
    const at = (nowMs: number, state: TriggerState) => afterReading(state, limits, "holds", nowMs);
    const waiting = at(90, at(60, cool));
    expect(waiting.kind).toBe("pending");
    expect(at(100, waiting)).toEqual({ kind: "firing", coolUntilMs: 200 });
  });
});

describe("a trigger, in any history", () => {
  const step = fc.record({
    waitMs: fc.integer({ min: 0, max: 30 }),
    reading: fc.constantFrom<Reading>("holds", "holds", "between", "clears", "clears", "unknown"),
  });
  const anyLimits: fc.Arbitrary<TriggerLimits> = fc.record({
    forMs: fc.integer({ min: 0, max: 60 }),
    keepForMs: fc.integer({ min: 0, max: 60 }),
    cooldownMs: fc.integer({ min: 0, max: 200 }),
  });

  it("alerts once a burst, never in its cooldown, and ends on clear readings alone", () => {
    const transitions = new Set<string>();

    fc.assert(
      fc.property(anyLimits, fc.array(step, { maxLength: 200, size: "max" }), (given, steps) => {
        let nowMs = 0;
        let state = idle;
        let firedAtMs = Number.NEGATIVE_INFINITY;
        let last: Reading = "unknown";
        for (const { waitMs, reading } of steps) {
          nowMs += waitMs;
          const before: TriggerState = state;
          state = afterReading(state, given, reading, nowMs);
          if (state.kind !== before.kind) transitions.add(`${before.kind} > ${state.kind}`);
          if (reading === "unknown") expect(state.kind).toBe(before.kind);

          const alerted = isAlerting(state) && !isAlerting(before);
          if (alerted) {
            expect(reading).toBe("holds");
            expect(nowMs - firedAtMs).toBeGreaterThanOrEqual(given.cooldownMs);
            firedAtMs = nowMs;
            if (given.forMs > 0) expect(before.kind).toBe("pending");
          }
          const isOver = isAlerting(before) && !isAlerting(state);
          if (isOver) {
            expect(reading).toBe("clears");
            if (given.keepForMs > 0) expect(last).not.toBe("holds");
          }
          if (reading !== "unknown") last = reading;
        }
      }),
      { numRuns: 1_000 }, // A span of 0, which leads past a middle state, is rare.
    );

    // The arrows of the drawing; those past a middle state are taken where its span is 0.
    expect([...transitions].sort()).toEqual([
      "clearing > firing",
      "clearing > idle",
      "firing > clearing",
      "firing > idle",
      "idle > firing",
      "idle > pending",
      "pending > firing",
      "pending > idle",
    ]);
  });
});
