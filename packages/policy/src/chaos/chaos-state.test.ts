import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { seededRandom } from "../base/index.ts";
import { type ChaosRates, draw } from "./chaos-state.ts";

const none: ChaosRates = {
  latencyRate: 0,
  latencyMinMs: 10,
  latencyMaxMs: 30,
  errorRate: 0,
  resultRate: 0,
  abortRate: 0,
};

describe("what is done to a call", () => {
  it("keeps to its rates, bounds and order, and takes every way", () => {
    const ways = new Set<string>();
    const rate = fc.constantFrom(0, 0.3, 1);
    const anyRates = fc.record({
      latencyRate: rate,
      errorRate: rate,
      resultRate: rate,
      abortRate: rate,
    });
    fc.assert(
      fc.property(anyRates, fc.integer(), (some, seed) => {
        const rates = { ...none, ...some };
        const { latencyMs, end } = draw(rates, seededRandom(seed));
        ways.add(`${latencyMs === undefined ? "at once" : "later"}: ${end}`);
        if (latencyMs === undefined) expect(rates.latencyRate).toBeLessThan(1);
        else expect(rates.latencyRate).toBeGreaterThan(0);
        expect(latencyMs ?? 10).toBeGreaterThanOrEqual(10);
        expect(latencyMs ?? 30).toBeLessThanOrEqual(30);
        if (rates.errorRate === 1) expect(end).toBe("error");
        if (end !== "call") expect(rates[`${end}Rate`]).toBeGreaterThan(0);
        if (end === "call") expect(Math.max(rates.resultRate, rates.abortRate)).toBeLessThan(1);
      }),
      { numRuns: 2_000 },
    );
    expect([...ways].sort()).toEqual(
      ["at once", "later"].flatMap((when) =>
        ["abort", "call", "error", "result"].map((end) => `${when}: ${end}`),
      ),
    );
  });

  it("is nothing at a rate of 0, whatever chance says", () => {
    const least = { next: () => 0, uuid: () => "" };
    expect(draw(none, least)).toEqual({ latencyMs: undefined, end: "call" });
  });

  it("does not depend on the rates of other faults for the calls that follow", () => {
    const ends = (rates: ChaosRates) => {
      const random = seededRandom("tuesday");
      return Array.from({ length: 200 }, () => draw(rates, random).end === "error");
    };
    const calm = ends({ ...none, errorRate: 0.2 });
    expect(ends({ ...none, errorRate: 0.2, latencyRate: 1, abortRate: 0.5 })).toEqual(calm);
    const hit = calm.filter(Boolean).length;
    expect(hit).toBeGreaterThan(25);
    expect(hit).toBeLessThan(55);
  });
});
