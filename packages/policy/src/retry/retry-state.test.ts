import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { decide, type FailedAttempt, type RetryLimits, type Supply } from "./retry-state.ts";

const limits: RetryLimits = {
  maxAttempts: 3,
  backoff: "exponential",
  initialDelayMs: 100,
  maxDelayMs: 1_000,
  backoffMultiplier: 2,
  jitterFactor: 0,
  maxTotalMs: Infinity,
};

const first: FailedAttempt = {
  attempt: 1,
  made: 1,
  leftMs: Infinity,
  aborted: false,
  retryable: true,
  retryAfterMs: 0,
  pushedBack: false,
  atOnce: 1,
  most: 3,
  callsLeft: Infinity,
};

const plenty: Supply = { backoffMs: () => 100, trySpend: () => true };

describe("the decision after a failed attempt", () => {
  it.each([
    { failed: {}, decision: { kind: "again", delayMs: 100 } },
    { failed: { retryable: false }, decision: { kind: "give-up", why: "not-retryable" } },
    { failed: { aborted: true }, decision: { kind: "give-up", why: "aborted" } },
    { failed: { attempt: 3, made: 3 }, decision: { kind: "give-up", why: "attempts" } },
    { failed: { attempt: 2, made: 3 }, decision: { kind: "give-up", why: "attempts" } },
    { failed: { made: 2, atOnce: 2 }, decision: { kind: "give-up", why: "attempts" } },
    { failed: { made: 3, most: 4 }, decision: { kind: "again", delayMs: 100 } },
    { failed: { callsLeft: 1 }, decision: { kind: "give-up", why: "attempts" } },
    { failed: { callsLeft: 2 }, decision: { kind: "again", delayMs: 100 } },
    { failed: { retryAfterMs: 700 }, decision: { kind: "again", delayMs: 700 } },
    { failed: { retryAfterMs: 50 }, decision: { kind: "again", delayMs: 100 } },
    { failed: { retryAfterMs: 1_000 }, decision: { kind: "again", delayMs: 1_000 } },
    { failed: { retryAfterMs: 1_001 }, decision: { kind: "give-up", why: "wait" } },
    { failed: { retryAfterMs: 50, pushedBack: true }, decision: { kind: "again", delayMs: 50 } },
    { failed: { leftMs: 100 }, decision: { kind: "again", delayMs: 100 } },
    { failed: { leftMs: 99 }, decision: { kind: "give-up", why: "time" } },
  ] as const)("is $decision after $failed", ({ failed, decision }) => {
    expect(decide(limits, { ...first, ...failed }, plenty)).toEqual(decision);
  });

  it("cuts a back-off to the longest wait", () => {
    const supply = { ...plenty, backoffMs: () => Infinity };
    expect(decide(limits, first, supply)).toEqual({ kind: "again", delayMs: 1_000 });
  });

  it("asks the budget last: what would not follow anyway costs nothing", () => {
    let spent = 0;
    const supply: Supply = {
      ...plenty,
      trySpend: () => {
        spent += 1;
        return false;
      },
    };
    for (const failed of [{ retryable: false }, { retryAfterMs: 1_001 }, { leftMs: 1 }]) {
      decide(limits, { ...first, ...failed }, supply);
    }
    expect(spent).toBe(0);
    expect(decide(limits, first, supply)).toEqual({ kind: "give-up", why: "budget" });
  });
});

describe("any failed attempt", () => {
  const anyLimits: fc.Arbitrary<RetryLimits> = fc.record({
    maxAttempts: fc.integer({ min: 1, max: 8 }),
    backoff: fc.constantFrom("exponential", "linear", "decorrelated"),
    initialDelayMs: fc.integer({ min: 0, max: 10_000 }),
    maxDelayMs: fc.integer({ min: 0, max: 20_000 }),
    backoffMultiplier: fc.double({ min: 1, max: 100, noNaN: true }),
    jitterFactor: fc.double({ min: 0, max: 1, noNaN: true }),
    maxTotalMs: fc.constant(Infinity),
  });
  const anyFailure: fc.Arbitrary<FailedAttempt> = fc.record({
    attempt: fc.integer({ min: 1, max: 9 }),
    made: fc.integer({ min: 1, max: 30 }),
    leftMs: fc.oneof(fc.constant(Infinity), fc.integer({ min: -1_000, max: 50_000 })),
    aborted: fc.nat(9).map((one) => one === 0),
    retryable: fc.nat(9).map((one) => one > 0),
    retryAfterMs: fc.integer({ min: 0, max: 30_000 }),
    pushedBack: fc.boolean(),
    atOnce: fc.integer({ min: 1, max: 5 }),
    most: fc.integer({ min: 1, max: 9 }),
    callsLeft: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 30 })),
  });

  it("takes one of seven arrows, and waits within all bounds where another follows", () => {
    const kinds = new Set<string>();
    const anyMs = fc.double({ min: 0, noNaN: true });
    fc.assert(
      fc.property(anyLimits, anyFailure, anyMs, fc.boolean(), (given, failed, ms, mayRetry) => {
        const supply = { backoffMs: () => ms, trySpend: () => mayRetry };
        const decision = decide(given, failed, supply);
        kinds.add(decision.kind === "again" ? "again" : decision.why);
        if (decision.kind === "give-up") return;
        const { delayMs } = decision;
        expect(delayMs).toBeGreaterThanOrEqual(failed.retryAfterMs);
        expect(delayMs).toBeLessThanOrEqual(given.maxDelayMs);
        expect(delayMs).toBeLessThanOrEqual(failed.leftMs);
        expect(failed.attempt).toBeLessThan(given.maxAttempts);
        expect(failed.made + failed.atOnce).toBeLessThanOrEqual(
          Math.min(failed.most, failed.callsLeft),
        );
        expect(mayRetry && failed.retryable && !failed.aborted).toBe(true);
      }),
      { numRuns: 3_000 },
    );
    expect([...kinds].sort()).toEqual([
      "aborted",
      "again",
      "attempts",
      "budget",
      "not-retryable",
      "time",
      "wait",
    ]);
  });
});
