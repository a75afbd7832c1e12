import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { backoffMs } from "./backoff.ts";
import { decide, type FailedAttempt, type RetryLimits } from "./retry-state.ts";

const limits: RetryLimits = {
  maxAttempts: 3,
  initialDelayMs: 100,
  maxDelayMs: 1_000,
  backoffMultiplier: 2,
  jitterFactor: 0,
  maxTotalMs: Infinity,
};

const first: FailedAttempt = {
  attempt: 1,
  made: 1,
  elapsedMs: 0,
  retryable: true,
  retryAfterMs: 0,
  nested: undefined,
};

describe("the wait before the next attempt", () => {
  it("doubles up to the longest", () => {
    const waits = [1, 2, 3, 4, 5, 6].map((attempt) => backoffMs(limits, attempt, 0));
    expect(waits).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  });

  it("lets chance take away its share", () => {
    expect(backoffMs({ ...limits, jitterFactor: 0.5 }, 1, 0.5)).toBe(75);
    expect(backoffMs({ ...limits, jitterFactor: 1 }, 2, 0.75)).toBe(50);
  });

  it("stays a number after thousands of attempts", () => {
    expect(backoffMs(limits, 5_000, 0)).toBe(1_000);
    expect(backoffMs({ ...limits, initialDelayMs: 0 }, 5_000, 0)).toBe(0);
  });
});

describe("the decision after a failed attempt", () => {
  it.each([
    { failed: {}, decision: { kind: "again", delayMs: 100 } },
    { failed: { retryable: false }, decision: { kind: "give-up", why: "not-retryable" } },
    { failed: { attempt: 3, made: 3 }, decision: { kind: "give-up", why: "attempts" } },
    { failed: { attempt: 2, made: 3 }, decision: { kind: "give-up", why: "attempts" } },
    { failed: { retryAfterMs: 700 }, decision: { kind: "again", delayMs: 700 } },
    { failed: { retryAfterMs: 50 }, decision: { kind: "again", delayMs: 100 } },
    { failed: { retryAfterMs: 1_001 }, decision: { kind: "give-up", why: "wait" } },
  ] as const)("is $decision after $failed", ({ failed, decision }) => {
    expect(decide(limits, { ...first, ...failed }, 0)).toEqual(decision);
  });

  it("ends at once when the wait would end after the last moment, and not before", () => {
    const failed = { ...first, elapsedMs: 400 };
    const decideWithin = (maxTotalMs: number) => decide({ ...limits, maxTotalMs }, failed, 0);
    expect(decideWithin(500)).toEqual({ kind: "again", delayMs: 100 });
    expect(decideWithin(499)).toEqual({ kind: "give-up", why: "time" });
  });
});

describe("any failed attempt", () => {
  const anyLimits: fc.Arbitrary<RetryLimits> = fc.record({
    maxAttempts: fc.integer({ min: 1, max: 8 }),
    initialDelayMs: fc.integer({ min: 0, max: 10_000 }),
    maxDelayMs: fc.integer({ min: 0, max: 20_000 }),
    backoffMultiplier: fc.double({ min: 1, max: 100, noNaN: true }),
    jitterFactor: fc.double({ min: 0, max: 1, noNaN: true }),
    maxTotalMs: fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 50_000 })),
  });
  const anyFailure: fc.Arbitrary<FailedAttempt> = fc.record({
    attempt: fc.integer({ min: 1, max: 9 }),
    made: fc.integer({ min: 1, max: 30 }),
    elapsedMs: fc.integer({ min: 0, max: 60_000 }),
    retryable: fc.boolean(),
    retryAfterMs: fc.integer({ min: 0, max: 30_000 }),
    nested: fc.constant(undefined),
  });
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  it("is followed by a wait within all bounds, or by none", () => {
    const kinds = new Set<string>();
    fc.assert(
      fc.property(anyLimits, anyFailure, chance, (given, failed, drawn) => {
        const decision = decide(given, failed, drawn);
        kinds.add(decision.kind === "again" ? "again" : decision.why);
        if (decision.kind === "give-up") return;
        const { delayMs } = decision;
        expect(delayMs).toBeGreaterThanOrEqual(failed.retryAfterMs);
        expect(delayMs).toBeLessThanOrEqual(given.maxDelayMs);
        expect(failed.elapsedMs + delayMs).toBeLessThanOrEqual(given.maxTotalMs);
        expect(failed.attempt).toBeLessThan(given.maxAttempts);
        const fullMs = backoffMs({ ...given, jitterFactor: 0 }, failed.attempt, 0);
        const leastMs = fullMs * (1 - given.jitterFactor);
        expect(delayMs).toBeGreaterThanOrEqual(Math.max(0, leastMs - 1e-6));
      }),
      { numRuns: 2_000 },
    );
    expect([...kinds].sort()).toEqual(["again", "attempts", "not-retryable", "time", "wait"]);
  });
});
