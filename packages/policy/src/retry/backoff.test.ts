import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { seededRandom } from "../base/random.ts";
import { type BackoffLimits, backoffMs } from "./backoff.ts";

const limits: BackoffLimits = {
  backoff: "exponential",
  initialDelayMs: 100,
  maxDelayMs: 1_000,
  backoffMultiplier: 2,
  jitterFactor: 0,
};

/** The waits after attempts 1, 2, 3 and so on, each drawn with that chance. */
function waits(given: BackoffLimits, chances: readonly number[]): readonly number[] {
  let previousMs = 0;
  return chances.map((chance, index) => {
    previousMs = backoffMs(given, index + 1, previousMs, chance);
    return previousMs;
  });
}

describe("the wait before the next attempt", () => {
  const six = [0, 0, 0, 0, 0, 0];

  it.each([
    { given: limits, expected: [100, 200, 400, 800, 1_000, 1_000] },
    { given: { ...limits, backoffMultiplier: 1 }, expected: [100, 100, 100, 100, 100, 100] },
    { given: { ...limits, backoff: "linear" }, expected: [100, 200, 300, 400, 500, 600] },
    { given: { ...limits, backoff: "decorrelated" }, expected: [100, 100, 100, 100, 100, 100] },
  ] as const)("is $expected where chance takes nothing (%#)", ({ given, expected }) => {
    expect(waits(given, six)).toEqual(expected);
  });

  it("lets chance take away its share", () => {
    expect(backoffMs({ ...limits, jitterFactor: 0.5 }, 1, 0, 0.5)).toBe(75);
    expect(backoffMs({ ...limits, jitterFactor: 1 }, 2, 100, 0.75)).toBe(50);
    expect(backoffMs({ ...limits, backoff: "linear", jitterFactor: 1 }, 3, 0, 0.5)).toBe(150);
  });

  it("is drawn between the first wait and three times the one before, when decorrelated", () => {
    const given = { ...limits, backoff: "decorrelated", backoffMultiplier: 3 } as const;
    expect(waits(given, [0.5, 0.5, 1, 1, 0])).toEqual([200, 350, 1_000, 1_000, 100]);
  });
});

describe("any back-off", () => {
  const anyLimits: fc.Arbitrary<BackoffLimits> = fc.record({
    backoff: fc.constantFrom("exponential", "linear", "decorrelated"),
    initialDelayMs: fc.double({ min: 0, max: 1e12, noNaN: true }),
    maxDelayMs: fc.double({ min: 0, max: 1e12, noNaN: true }),
    backoffMultiplier: fc.double({ min: 1, max: 100, noNaN: true }),
    jitterFactor: fc.double({ min: 0, max: 1, noNaN: true }),
  });

  it("stays within its bounds for 3,000 steps, and is always a number (cockatiel 86)", () => {
    fc.assert(
      fc.property(anyLimits, fc.string(), (given, seed) => {
        const random = seededRandom(seed);
        const drawn = waits(
          given,
          Array.from({ length: 3_000 }, () => random.next()),
        );
        const outside = drawn.filter((ms) => !(ms >= 0 && ms <= given.maxDelayMs));
        expect(outside).toEqual([]);
        const fullMs = Math.min(given.initialDelayMs, given.maxDelayMs);
        const leastMs =
          given.backoff === "decorrelated" ? fullMs : fullMs * (1 - given.jitterFactor);
        expect(drawn.filter((ms) => ms < leastMs * (1 - 1e-9))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});
