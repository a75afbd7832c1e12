import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { atStart, fail, hedge, leave, mayHedge, type RaceState, succeed } from "./hedge-state.ts";

describe("a race, in any history", () => {
  const step = fc.record({
    action: fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom("hedge", "fail", "fail for good", "succeed") },
      { weight: 1, arbitrary: fc.constant("leave") },
    ),
    which: fc.nat(),
  });

  it("has as many attempts out as it says, ends once, and takes every arrow", () => {
    const arrows = new Set<string>();
    const history = fc.array(step, { maxLength: 60, size: "max" });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), history, (maxHedges, steps) => {
        let state: RaceState = atStart;
        const out = [1];
        let started = 1;
        for (const { action, which } of steps) {
          const before = state;
          const [attempt = 1] = action === "hedge" ? [0] : out.slice(which % out.length);
          state = after(before, action, attempt, maxHedges);
          if (before.kind !== "racing") expect(state).toBe(before);
          else if (action === "hedge") {
            expect(state !== before).toBe(started <= maxHedges);
            if (state !== before) out.push(++started);
          } else if (action !== "leave") out.splice(out.indexOf(attempt), 1);
          expect(mayHedge(state, maxHedges)).toBe(state.kind === "racing" && started <= maxHedges);
          if (state.kind === "racing")
            expect(state).toEqual({ kind: "racing", started, out: out.length });
          if (state.kind !== before.kind) arrows.add(`${state.kind}: ${action}`);
          else if (state !== before) arrows.add(`racing: ${action}`);
          if (out.length === 0) expect(state.kind).not.toBe("racing");
          if (out.length === 0) return;
        }
      }),
      { numRuns: 500 },
    );
    expect([...arrows].sort()).toEqual([
      "failed: fail",
      "failed: fail for good",
      "left: leave",
      "racing: fail",
      "racing: hedge",
      "won: succeed",
    ]);
  });

  it("has the error of the first attempt when all fail, and the one that is final when one is", () => {
    const two = hedge(atStart, 1);
    expect(fail(fail(two, 1, false), 2, false)).toEqual({ kind: "failed", by: 1 });
    expect(fail(fail(two, 2, false), 1, false)).toEqual({ kind: "failed", by: 1 });
    expect(fail(two, 2, true)).toEqual({ kind: "failed", by: 2 });
  });

  it("is won by whoever succeeds first", () => {
    const two = hedge(atStart, 1);
    expect(succeed(two, 2)).toEqual({ kind: "won", winner: 2 });
    expect(succeed(succeed(two, 1), 2)).toEqual({ kind: "won", winner: 1 });
  });
});

function after(state: RaceState, action: string, attempt: number, maxHedges: number): RaceState {
  if (action === "hedge") return hedge(state, maxHedges);
  if (action === "leave") return leave(state);
  if (action === "succeed") return succeed(state, attempt);
  return fail(state, attempt, action === "fail for good");
}
