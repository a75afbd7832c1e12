import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { betaQuantile, betaShare } from "./beta.ts";
import { afterOutcome, type TrustState, trustView, unknownTrust } from "./trust-state.ts";

const after = (outcomes: readonly boolean[]): TrustState =>
  outcomes.reduce(afterOutcome, unknownTrust);

describe("the Beta distribution", () => {
  // Beta(1, b): 1 - (1 - x)^b. Beta(a, 1): x^a. Beta(2, 2): 3x^2 - 2x^3. All in closed form.
  it.each([
    { x: 0.3, a: 1, b: 4, share: 1 - 0.7 ** 4 },
    { x: 0.8, a: 9, b: 1, share: 0.8 ** 9 },
    { x: 0.4, a: 2, b: 2, share: 3 * 0.4 ** 2 - 2 * 0.4 ** 3 },
    { x: 0.25, a: 0.5, b: 0.5, share: (2 / Math.PI) * Math.asin(0.5) },
    { x: 0, a: 2, b: 3, share: 0 },
    { x: 1, a: 2, b: 3, share: 1 },
  ])("has a share of $share below $x for a = $a, b = $b", ({ x, a, b, share }) => {
    expect(betaShare(x, a, b)).toBeCloseTo(share, 12);
  });

  it("has a quantile that is the inverse of its share", () => {
    const size = fc.double({ min: 0.5, max: 200, noNaN: true });
    const share = fc.double({ min: 0.01, max: 0.99, noNaN: true });
    fc.assert(
      fc.property(share, size, size, (p, a, b) => {
        expect(betaShare(betaQuantile(p, a, b), a, b)).toBeCloseTo(p, 6);
      }),
    );
  });
});

describe("trust", () => {
  it("begins at 0.9, with no right to act alone", () => {
    const { mean, lower, observations } = trustView("web", unknownTrust);
    expect(mean).toBeCloseTo(0.9, 12);
    expect(lower).toBeGreaterThan(0.7);
    expect(lower).toBeLessThan(0.8);
    expect(observations).toBe(0);
  });

  it("gives that right after two healings that went well", () => {
    expect(trustView("web", after([true])).lower).toBeLessThan(0.8);
    expect(trustView("web", after([true, true])).lower).toBeGreaterThan(0.8);
  });

  it("survives a first failure, and is lost after the second", () => {
    expect(trustView("web", after([false])).mean).toBeGreaterThan(0.7);
    expect(trustView("web", after([false, false])).mean).toBeLessThan(0.7);
  });

  it("forgets slowly: after long success it remembers no more than 143 observations", () => {
    const { successes, observations } = after(Array(5_000).fill(true));
    expect(observations).toBe(5_000);
    expect(successes).toBeGreaterThan(142);
    expect(successes).toBeLessThan(143);
  });

  it("stays within 0..1, rises with success and falls with failure, in any history", () => {
    const history = fc.array(fc.boolean(), { maxLength: 400, size: "max" });
    fc.assert(
      fc.property(history, (outcomes) => {
        const state = after(outcomes);
        const now = trustView("web", state);
        const better = trustView("web", afterOutcome(state, true));
        const worse = trustView("web", afterOutcome(state, false));
        expect(now.lower).toBeGreaterThan(0);
        expect(now.lower).toBeLessThan(now.mean);
        expect(now.mean).toBeLessThan(1);
        expect(better.mean).toBeGreaterThanOrEqual(now.mean);
        expect(better.lower).toBeGreaterThanOrEqual(now.lower - 1e-9);
        expect(worse.mean).toBeLessThan(now.mean);
        expect(worse.lower).toBeLessThanOrEqual(now.lower + 1e-9);
      }),
    );
  });
});
