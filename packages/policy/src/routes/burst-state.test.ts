import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { afterError, asOf, type BurstState, calm, calmAtMs } from "./burst-state.ts";

const rules = { errors: 4, windowMs: 1_000 };

const after = (...errorsMs: readonly number[]): BurstState =>
  errorsMs.reduce((state, ms) => afterError(state, rules, ms), calm);

describe("errors", () => {
  it("are a burst when so many lie within the window", () => {
    expect(after(0, 300, 600).kind).toBe("calm");
    expect(after(0, 300, 600, 900)).toMatchObject({ kind: "burst", sinceMs: 900 });
    expect(after(0, 300, 600, 1_000).kind).toBe("calm"); // The first lies a whole window back.
  });

  it("are one no longer when no more than half as many are left", () => {
    const burst = after(0, 100, 200, 300);
    expect(calmAtMs(burst, rules)).toBe(1_100);
    expect(asOf(burst, rules, 1_099).kind).toBe("burst");
    expect(asOf(burst, rules, 1_100)).toEqual({ kind: "calm", errorsMs: [200, 300] });
    expect(calmAtMs(calm, rules)).toBe(Infinity);
  });

  it("may be one alone", () => {
    const single = { errors: 1, windowMs: 1_000 };
    const burst = afterError(calm, single, 5);
    expect([burst.kind, calmAtMs(burst, single)]).toEqual(["burst", 1_005]);
    expect(asOf(burst, single, 1_005)).toEqual(calm);
  });

  it("are counted as one would by hand, and every arrow is taken", () => {
    const taken = new Set<string>();
    const steps = fc.array(
      fc.record({ waitMs: fc.integer({ min: 0, max: 600 }), isError: fc.boolean() }),
      {
        maxLength: 60,
        size: "max",
      },
    );
    fc.assert(
      fc.property(steps, (history) => {
        let state: BurstState = calm;
        const errorsMs: number[] = [];
        let nowMs = 0;
        for (const { waitMs, isError } of history) {
          nowMs += waitMs;
          const before: BurstState = asOf(state, rules, nowMs);
          taken.add(`${state.kind} ${before.kind} by time`);
          state = isError ? afterError(before, rules, nowMs) : before;
          if (isError) errorsMs.push(nowMs);
          taken.add(`${before.kind} ${state.kind} by ${isError ? "error" : "nothing"}`);
          const recent = errorsMs.filter((ms) => ms > nowMs - rules.windowMs).length;
          expect(state.errorsMs).toHaveLength(Math.min(recent, rules.errors));
          if (recent >= rules.errors) expect(state.kind).toBe("burst");
          if (recent <= 2) expect(state.kind).toBe("calm");
          if (state.kind === "burst") expect(calmAtMs(state, rules)).toBeGreaterThan(nowMs);
        }
      }),
    );
    expect(taken).toContain("calm burst by error");
    expect(taken).toContain("burst burst by error");
    expect(taken).toContain("burst calm by time");
    expect(taken).toContain("burst burst by time");
  });
});
