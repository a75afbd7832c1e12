import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { COUNTERS, type Counter, RollingWindow } from "./window.ts";

type Move =
  | { readonly kind: "count"; readonly counter: Counter; readonly ms: number }
  | { readonly kind: "turn"; readonly steps: number };

const moves = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant("count" as const),
      counter: fc.constantFrom(...COUNTERS),
      ms: fc.integer({ min: 0, max: 30 }),
    }),
    fc.record({ kind: fc.constant("turn" as const), steps: fc.integer({ min: 0, max: 6 }) }),
  ),
  { maxLength: 60, size: "max" },
);

/** The plain way: every count with the slice that it fell into. */
function plain(all: readonly Move[], slices: number) {
  let slice = 0;
  const seen: { slice: number; counter: Counter; ms: number }[] = [];
  for (const move of all) {
    if (move.kind === "turn") slice += move.steps;
    else seen.push({ slice, counter: move.counter, ms: move.ms });
  }
  return seen
    .filter((each) => each.slice > slice - slices)
    .map((each) => ({ ...each, back: slice - each.slice }));
}

describe("the rolling window", () => {
  it("shows what a list of all that happened would show", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), moves, (slices, all) => {
        const window = new RollingWindow(slices);
        for (const move of all) {
          if (move.kind === "turn") window.turn(move.steps);
          else {
            window.count(move.counter);
            window.keepLatency(move.ms);
          }
        }
        const kept = plain(all, slices);
        const times = kept.map(({ ms }) => ms).toSorted((one, other) => one - other);
        const stats = window.stats(true);
        const count = (counter: Counter, back?: number): number =>
          kept.filter((each) => each.counter === counter && each.back === (back ?? each.back))
            .length;
        for (const counter of COUNTERS) {
          expect(stats[counter]).toBe(count(counter));
          expect(window.buckets().map((bucket) => bucket[counter])).toEqual(
            Array.from({ length: slices }, (_, back) => count(counter, back)),
          );
        }
        expect([window.fires, window.failures]).toEqual([stats.fires, stats.failures]);
        expect(stats.latencyTimes).toEqual(times);
        expect(stats.percentiles[1]).toBe(times.at(-1) ?? 0);
        expect(stats.percentiles[0]).toBe(times[0] ?? 0);
      }),
    );
  });
});
