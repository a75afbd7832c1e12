import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { HedgeBudget } from "./hedge-budget.ts";

describe("a budget of hedges", () => {
  it("lets a few start at once, and then the share of the calls that was agreed", () => {
    const budget = new HedgeBudget({ ratio: 0.1, maxTokens: 2 });
    expect([1, 2, 3].map(() => budget.trySpend())).toEqual([true, true, false]);
    for (let call = 0; call < 9; call += 1) budget.earn();
    expect(budget.trySpend()).toBe(false);
    budget.earn();
    expect(budget.stats()).toEqual({ tokens: 1, spent: 2, refused: 2 });
    expect(budget.trySpend()).toBe(true);
  });

  it("is never overdrawn, in any history", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000 }),
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.boolean(), { maxLength: 300, size: "max" }),
        (thousandths, maxTokens, history) => {
          const budget = new HedgeBudget({ ratio: thousandths / 1_000, maxTokens });
          let calls = 0;
          let hedges = 0;
          for (const isCall of history) {
            if (isCall) calls += 1;
            if (isCall) budget.earn();
            else if (budget.trySpend()) hedges += 1;
            expect(hedges).toBeLessThanOrEqual(maxTokens + (calls * thousandths) / 1_000);
            expect(budget.stats().tokens).toBeLessThanOrEqual(maxTokens);
          }
        },
      ),
    );
  });

  it.each([{ ratio: 0 }, { ratio: 1.1 }, { maxTokens: 0.5 }, { maxTokens: Number.NaN }])(
    "is refused with %o",
    (options) => {
      const [name] = Object.keys(options);
      expect(() => new HedgeBudget(options)).toThrow(new RegExp(`^${name} must be `));
    },
  );
});
