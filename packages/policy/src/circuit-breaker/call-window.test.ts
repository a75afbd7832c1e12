import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { callWindow } from "./call-window.ts";
import { limitsOf } from "./thresholds.ts";
import {
  emptyWindow,
  FAILED,
  isTooMuch,
  note,
  SLOW,
  tally,
  type WindowLimits,
} from "./window-state.ts";

const anyWindow: fc.Arbitrary<WindowLimits> = fc
  .oneof(
    fc.constant({}),
    fc.record({
      window: fc.constant("count" as const),
      windowSize: fc.integer({ min: 1, max: 20 }),
      failureThreshold: fc.constant(1),
    }),
    fc.record({
      window: fc.constant("time" as const),
      windowMs: fc.integer({ min: 10, max: 300 }),
    }),
  )
  .map((thresholds) => limitsOf(thresholds, 0));

describe("a window, in any history", () => {
  const step = fc.record({
    waitMs: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom(100, 1_000)),
    mark: fc.constantFrom(0, 0, 0, FAILED, SLOW, FAILED | SLOW),
  });

  it("holds what a list of its calls would hold", () => {
    const kinds = new Set<string>();
    fc.assert(
      fc.property(anyWindow, fc.array(step, { maxLength: 200, size: "max" }), (limits, steps) => {
        const window = callWindow(limits);
        let model = emptyWindow(limits);
        let nowMs = 0;
        for (const { waitMs, mark } of steps) {
          nowMs += waitMs;
          window.note(mark, nowMs);
          model = note(model, limits, nowMs, mark);
          const { calls, failures, slow } = window;
          expect({ calls, failures, slow }).toEqual(tally(model, limits, nowMs));
        }
        kinds.add(limits.window);
        window.clear();
        expect(window.calls).toBe(0);
      }),
    );
    expect([...kinds].sort()).toEqual(["consecutive", "count", "time"]);
  });
});

describe("a window holds too much", () => {
  const limits = limitsOf(
    {
      window: "count",
      failureRate: 0.3,
      minimumCalls: 10,
      slowCallMs: 100,
      slowCallRate: 0.5,
    },
    0,
  );

  it.each([
    { calls: 9, failures: 9, slow: 9, says: false, why: "too few calls say nothing" },
    { calls: 10, failures: 2, slow: 4, says: false, why: "both rates are below" },
    { calls: 10, failures: 3, slow: 0, says: true, why: "the failure rate is met" },
    { calls: 10, failures: 0, slow: 5, says: true, why: "the slow-call rate is met" },
    { calls: 30, failures: 9, slow: 0, says: true, why: "no rounding is lost" },
  ])("or not ($says): $why", ({ says, ...window }) => {
    expect(isTooMuch(window, limits)).toBe(says);
  });
});
