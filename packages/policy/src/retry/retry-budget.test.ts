import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";

import { eagerClock, manualClock } from "../base/fixtures/clocks.ts";
import { FallbackPolicy } from "../fallback/index.ts";
import { pipeline } from "../pipeline/index.ts";
import { mayRetry, TOKEN, type TokenEvent, type TokenLimits, tokensAfter } from "./budget-state.ts";
import { retryEndOf } from "./nested.ts";
import { RecentAttempts } from "./recent-attempts.ts";
import {
  BudgetExhaustedError,
  RatioRetryBudget,
  type RetryBudget,
  TokenRetryBudget,
} from "./retry-budget.ts";
import { RetryPolicy } from "./retry-policy.ts";

const down = (): never => {
  throw new Error("down");
};

/** How often calls are made that always fail, one after the other. */
async function load(budget: RetryBudget, calls: number, maxAttempts = 3): Promise<number> {
  const policy = new RetryPolicy({ maxAttempts, budget, clock: eagerClock() });
  const call = vi.fn(down);
  for (let made = 0; made < calls; made += 1) await policy.execute(call).catch(() => {});
  return call.mock.calls.length;
}

describe("a budget of tokens that failures take", () => {
  it("lets no more retries start when half of it is gone, and few calls turn into many no longer", async () => {
    const budget = new TokenRetryBudget({ name: "search" });
    await expect(load(budget, 100)).resolves.toBe(100 + 3);
    expect(budget.stats()).toEqual({ name: "search", left: 0, spent: 3, refused: 99 });
  });

  it("comes back with successes", async () => {
    const budget = new TokenRetryBudget({ name: "search", maxTokens: 4, tokenRatio: 0.5 });
    await load(budget, 4);
    const policy = new RetryPolicy({ budget });
    expect(budget.stats().left).toBe(0);
    for (let made = 0; made < 5; made += 1) await policy.execute(() => "well");
    expect(budget.stats().left).toBe(1);
    await expect(load(budget, 1)).resolves.toBe(1); // The failure itself took the half that was over.
  });

  it("does not count what another attempt would not mend", async () => {
    const budget = new TokenRetryBudget({ name: "search" });
    const policy = new RetryPolicy({ budget });
    const wrong = Object.assign(new Error("wrong key"), { status: 401 });
    for (let made = 0; made < 20; made += 1) {
      await policy.execute(() => Promise.reject(wrong)).catch(() => {});
    }
    expect(budget.stats()).toEqual({ name: "search", left: 5, spent: 0, refused: 0 });
  });
});

describe("a budget of tokens that retries take", () => {
  it("is spent by retries alone", async () => {
    const budget = new TokenRetryBudget({ name: "search", maxTokens: 10, charge: "retries" });
    await expect(load(budget, 100)).resolves.toBe(100 + 10);
  });

  it("gets a token back for a retry that succeeded", async () => {
    const budget = new TokenRetryBudget({ name: "search", maxTokens: 1, charge: "retries" });
    const policy = new RetryPolicy({ budget, clock: eagerClock() });
    const shaky = ({ attempt }: { attempt: number }) => (attempt === 1 ? down() : "answer");
    for (let made = 0; made < 5; made += 1) {
      await expect(policy.execute(shaky)).resolves.toBe("answer");
    }
    expect(budget.stats()).toEqual({ name: "search", left: 1, spent: 5, refused: 0 });
  });

  it("has a retry left only where a whole token is", async () => {
    const budget = new TokenRetryBudget({
      name: "search",
      maxTokens: 1,
      tokenRatio: 0.5,
      charge: "retries",
    });
    await load(budget, 1);
    const policy = new RetryPolicy({ budget });
    await policy.execute(() => "well");
    expect(budget.stats().left).toBe(0);
    await policy.execute(() => "well");
    expect(budget.stats().left).toBe(1);
  });
});

describe("a budget by share", () => {
  it("lets every fifth call be retried, and three in any case", async () => {
    const clock = manualClock();
    const few = new RatioRetryBudget({ name: "few", clock });
    await expect(load(few, 4)).resolves.toBe(4 + 3);
    expect(few.stats()).toEqual({ name: "few", left: 0, spent: 3, refused: 3 });
    const many = new RatioRetryBudget({ name: "many", minRetries: 0, clock });
    await expect(load(many, 1_000)).resolves.toBe(1_000 + 200);
    expect(many.stats()).toMatchObject({ left: 0, spent: 200 });
  });

  it("forgets what is older than its window", async () => {
    const clock = manualClock();
    const budget = new RatioRetryBudget({ name: "search", ratio: 0, windowMs: 1_000, clock });
    await load(budget, 3);
    await clock.advance(999);
    expect(budget.stats().left).toBe(0);
    await clock.advance(1);
    expect(budget.stats().left).toBe(3);
  });
});

describe("a call whose retry the budget refuses", () => {
  const setup = () => {
    const budget = new RatioRetryBudget({ name: "search", ratio: 0, minRetries: 0 });
    const onGiveUp = vi.fn();
    return { budget, onGiveUp, policy: new RetryPolicy({ budget, onGiveUp }) };
  };

  it("throws what it threw, marked with the refusal: it did run", async () => {
    const { policy, onGiveUp } = setup();
    const error = await policy.execute(down).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ message: "down" });
    const end = retryEndOf(error);
    expect(end).toMatchObject({ why: "budget", attempts: 1, maxAttempts: 3 });
    expect(end?.refusal).toBeInstanceOf(BudgetExhaustedError);
    expect(end?.refusal).toMatchObject({
      code: "KINTSUGI_BUDGET_EXHAUSTED",
      budget: "search",
      message: 'The retry budget "search" has nothing left',
    });
    expect(onGiveUp.mock.calls).toEqual([[expect.objectContaining({ why: "budget", error })]]);
  });

  it("is no other: one that has used its attempts is marked with no refusal", async () => {
    const budget = new TokenRetryBudget({ name: "search" });
    const policy = new RetryPolicy({ maxAttempts: 2, budget, clock: eagerClock() });
    const end = retryEndOf(await policy.execute(down).catch((thrown: unknown) => thrown));
    expect(end).toMatchObject({ why: "attempts", attempts: 2 });
    expect(end?.refusal).toBeUndefined();
  });

  it("goes to the fallback without a wait", async () => {
    const { policy } = setup();
    const fallback = new FallbackPolicy({ sources: [{ name: "old", answer: () => "old" }] });
    await expect(pipeline(fallback, policy).execute(down)).resolves.toBe("old");
  });

  it("counts in a pipeline as it does alone", async () => {
    const budget = new TokenRetryBudget({ name: "search", maxTokens: 10, charge: "retries" });
    const guarded = pipeline(new RetryPolicy({ budget, clock: eagerClock() }));
    for (let made = 0; made < 20; made += 1) await guarded.execute(down).catch(() => {});
    expect(budget.stats().spent).toBe(10);
    for (let made = 0; made < 20; made += 1) await guarded.execute(() => "well");
    expect(budget.stats().left).toBe(2);
  });
});

describe("tokens", () => {
  it("stay between none and the most, whatever happens, and every event moves them", () => {
    const anyLimits: fc.Arbitrary<TokenLimits> = fc.record({
      most: fc.integer({ min: TOKEN, max: 20 * TOKEN }),
      earned: fc.integer({ min: 1, max: 3 * TOKEN }),
      charge: fc.constantFrom("failures", "retries"),
    });
    const events = fc.array(
      fc.constantFrom<TokenEvent>("failure", "retry", "success", "retry-succeeded"),
      { size: "max", maxLength: 100 },
    );
    const seen = new Set<string>();
    fc.assert(
      fc.property(anyLimits, events, (limits, history) => {
        let tokens = limits.most;
        for (const event of history) {
          if (event === "retry" && !mayRetry(limits, tokens)) {
            seen.add(`${limits.charge}: refused`);
            continue;
          }
          const after = tokensAfter(limits, tokens, event);
          expect(after).toBeGreaterThanOrEqual(0);
          expect(after).toBeLessThanOrEqual(limits.most);
          if (after < tokens) seen.add(`${limits.charge}: ${event} takes`);
          if (after > tokens) seen.add(`${limits.charge}: ${event} gives`);
          tokens = after;
        }
      }),
      { numRuns: 300 },
    );
    expect([...seen].sort()).toEqual([
      "failures: failure takes",
      "failures: refused",
      "failures: success gives",
      "retries: refused",
      "retries: retry takes",
      "retries: retry-succeeded gives",
      "retries: success gives",
    ]);
  });
});

describe("what began lately", () => {
  it("is what a list of all that began would say, to a tenth of the window", () => {
    const steps = fc.array(
      fc.record({ pauseMs: fc.nat(40), what: fc.constantFrom("attempt", "retry") }),
      { size: "max", maxLength: 200 },
    );
    fc.assert(
      fc.property(steps, fc.double({ min: 0, max: 2, noNaN: true }), (history, ratio) => {
        const recent = new RecentAttempts(100);
        const all: { readonly slice: number; readonly what: string }[] = [];
        let nowMs = 0;
        for (const { pauseMs, what } of history) {
          nowMs += pauseMs;
          const slice = Math.floor(nowMs / 10);
          all.push({ slice, what });
          if (what === "attempt") recent.addAttempt(nowMs);
          else recent.addRetry(nowMs);
          const kept = all.filter((each) => each.slice > slice - 10);
          const retries = kept.filter((each) => each.what === "retry").length;
          const calls = Math.max(0, kept.length - 2 * retries);
          const left = Math.max(0, Math.floor(2 + ratio * calls + 1e-9) - retries);
          expect(recent.retriesLeft(ratio, 2, nowMs)).toBe(left);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe.each([
  [() => new TokenRetryBudget({ name: "x", maxTokens: 0 }), "maxTokens"],
  [() => new TokenRetryBudget({ name: "x", tokenRatio: Number.NaN }), "tokenRatio"],
  [() => new TokenRetryBudget({ name: "x", charge: "calls" as "retries" }), "charge"],
  [() => new RatioRetryBudget({ name: "x", ratio: -1 }), "ratio"],
  [() => new RatioRetryBudget({ name: "x", minRetries: -1 }), "minRetries"],
  [() => new RatioRetryBudget({ name: "x", windowMs: 1 }), "windowMs"],
])("a wrong option", (make, option) => {
  it(`is refused by name: ${option}`, () => {
    expect(make).toThrow(new RegExp(`^${option} must be`));
  });
});
