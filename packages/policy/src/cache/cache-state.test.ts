import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  type Age,
  ageOf,
  board,
  type FlightState,
  isKept,
  land,
  leave,
  outdate,
  takeOff,
} from "./cache-state.ts";

describe("an answer, in time", () => {
  it("goes from fresh to gone, never back, and skips only spans that are empty", () => {
    const order: readonly Age[] = ["fresh", "stale", "old", "gone"];
    const arrows = new Set<string>();
    const ms = fc.oneof(fc.constant(0), fc.nat({ max: 60 }));
    fc.assert(
      fc.property(
        fc.record({
          ttlMs: fc.integer({ min: 1, max: 100 }),
          staleWhileRevalidateMs: ms,
          maxStaleMs: ms,
        }),
        (spans) => {
          let before: Age = "fresh";
          for (let nowMs = 5; nowMs < 230; nowMs += 1) {
            const age = ageOf(5, spans, nowMs);
            expect(order.indexOf(age)).toBeGreaterThanOrEqual(order.indexOf(before));
            expect(age === "fresh").toBe(nowMs < 5 + spans.ttlMs);
            if (age !== before) arrows.add(`${before} > ${age}`);
            before = age;
          }
          expect(before).toBe("gone");
        },
      ),
    );
    expect([...arrows].sort()).toEqual([
      "fresh > gone",
      "fresh > old",
      "fresh > stale",
      "old > gone",
      "stale > gone",
      "stale > old",
    ]);
  });
});

describe("a flight, in any history", () => {
  const action = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom("board", "leave") },
    { weight: 1, arbitrary: fc.constantFrom("outdate", "land") },
  );

  it("is abandoned when nobody needs it, keeps an answer only while flying, and ends once", () => {
    const arrows = new Set<string>();
    const history = fc.array(action, { maxLength: 60, size: "max" });
    fc.assert(
      fc.property(fc.boolean(), history, (isRenewal, actions) => {
        let state = takeOff(isRenewal);
        let waiting = isRenewal ? 0 : 1;
        for (const each of actions) {
          if (each === "leave" && waiting === 0) continue;
          const before = state;
          state = after(before, each);
          if (before.kind === "landed" || before.kind === "abandoned") expect(state).toBe(before);
          else if (each === "leave") waiting -= 1;
          else if (each === "board" && before.kind === "flying") waiting += 1;
          const isOver = state.kind === "landed" || state.kind === "abandoned";
          if (!isOver) expect(state).toMatchObject({ waiting });
          const isNeeded = waiting > 0 || (isRenewal && state.kind === "flying");
          if (!isOver) expect(isNeeded).toBe(true);
          if (state.kind === "abandoned") expect(waiting).toBe(0);
          expect(isKept(state)).toBe(state.kind === "flying");
          if (state.kind !== before.kind) arrows.add(`${before.kind} > ${state.kind}: ${each}`);
        }
      }),
      { numRuns: 500 },
    );
    expect([...arrows].sort()).toEqual([
      "flying > abandoned: leave",
      "flying > abandoned: outdate",
      "flying > landed: land",
      "flying > outdated: outdate",
      "outdated > abandoned: leave",
      "outdated > landed: land",
    ]);
  });
});

function after(state: FlightState, action: string): FlightState {
  if (action === "board") return board(state);
  if (action === "leave") return leave(state);
  return action === "land" ? land(state) : outdate(state);
}
