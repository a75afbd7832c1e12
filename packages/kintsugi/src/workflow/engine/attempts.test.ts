import { RetryPolicy, TokenRetryBudget } from "@kintsugi/policy";
import { describe, expect, it } from "vitest";

import { attemptStep } from "./attempts.ts";

/** How often the code of a step runs that fails under a retry of its own. */
async function callsOf(stepAttempts: number, retry: RetryPolicy): Promise<number> {
  let calls = 0;
  const down = (): never => {
    calls += 1;
    throw new Error("down");
  };
  const outcome = await attemptStep({
    name: "ask",
    idempotencyKey: "run:1",
    fn: async () => {
      await retry.execute(down).catch((cause: unknown) => {
        throw new Error("the tool failed", { cause });
      });
    },
    options: { maxAttempts: stepAttempts, retryDelay: 0 },
    clock: immediateClock,
    signals: { open: () => new AbortController(), close: () => {} },
  });
  expect(outcome.failed).toBe(1);
  return calls;
}

const immediateClock = {
  epochMs: () => 0,
  monotonicMs: () => 0,
  after: (_ms: number, fn: () => void) => {
    queueMicrotask(fn);
    return () => {};
  },
  immediate: queueMicrotask,
};

describe("a retry in the code of a step", () => {
  it.each([
    { step: 3, inner: 3, calls: 3 },
    { step: 6, inner: 3, calls: 6 },
    { step: 2, inner: 5, calls: 5 },
    { step: 4, inner: 1, calls: 4 },
  ])(
    "of $inner attempts in $step of the step makes $calls calls, never the product",
    async (row) => {
      const retry = new RetryPolicy({ maxAttempts: row.inner, clock: immediateClock });
      await expect(callsOf(row.step, retry)).resolves.toBe(row.calls);
    },
  );

  it("whose budget is empty ends the step's attempts too", async () => {
    const budget = new TokenRetryBudget({ name: "tool", maxTokens: 1, charge: "retries" });
    const retry = new RetryPolicy({ maxAttempts: 2, budget, clock: immediateClock });
    await expect(callsOf(8, retry)).resolves.toBe(3); // Two, and one that found no token.
  });
});
