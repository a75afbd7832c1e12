/** A server of gRPC that says by itself when to come back (proposal A6, "Server Pushback"). */

import { describe, expect, it } from "vitest";

import { eagerClock } from "../base/fixtures/clocks.ts";
import { TokenRetryBudget } from "./retry-budget.ts";
import type { RetryOptions } from "./retry-options.ts";
import { RetryPolicy } from "./retry-policy.ts";

const unavailable = (pushBack?: string): Error =>
  Object.assign(new Error("unavailable"), {
    code: 14,
    details: "no",
    metadata: new Headers(pushBack === undefined ? {} : { "grpc-retry-pushback-ms": pushBack }),
  });

/** The waits of a call that fails so, one answer of the server after the other. */
async function waitsAfter(answers: readonly (string | undefined)[], more: RetryOptions = {}) {
  const clock = eagerClock();
  const policy = new RetryPolicy({
    maxAttempts: answers.length + 1,
    initialDelayMs: 1_000,
    jitterFactor: 0,
    retryableErrors: () => true,
    clock,
    ...more,
  });
  const call = ({ attempt }: { readonly attempt: number }): string => {
    if (attempt > answers.length) return "answer";
    throw unavailable(answers[attempt - 1]);
  };
  const end = await policy.execute(call).catch((error: Error) => error.message);
  return { end, waitsMs: clock.waitsMs };
}

describe("a server that pushes back", () => {
  it("is asked again exactly when it says, sooner than a back-off too", async () => {
    await expect(waitsAfter(["30", "0"])).resolves.toEqual({ end: "answer", waitsMs: [30, 0] });
  });

  it("lets the back-off begin anew", async () => {
    const { waitsMs } = await waitsAfter([undefined, undefined, "30", undefined, undefined]);
    expect(waitsMs).toEqual([1_000, 2_000, 30, 1_000, 2_000]);
  });

  it("lets a back-off by chance begin anew too, whose waits else build on the one before", async () => {
    const random = { next: () => 1, uuid: () => "" };
    const answers = [undefined, undefined, "20000", undefined, undefined];
    const { waitsMs } = await waitsAfter(answers, { backoff: "decorrelated", random });
    expect(waitsMs).toEqual([3_000, 9_000, 20_000, 3_000, 9_000]);
  });

  it.each(["-1", "never"])(
    "is not asked again when it says %o, whatever the options say",
    async (no) => {
      await expect(waitsAfter([no])).resolves.toEqual({ end: "unavailable", waitsMs: [] });
    },
  );

  it("takes a token of the budget also where it says that nobody should come back", async () => {
    const budget = new TokenRetryBudget({ name: "search", maxTokens: 10 });
    await waitsAfter(["-1"], { budget });
    expect(budget.stats()).toMatchObject({ left: 4, spent: 0, refused: 0 });
  });

  it("is left alone when it asks for longer than is agreed", async () => {
    await expect(waitsAfter(["30001"])).resolves.toEqual({ end: "unavailable", waitsMs: [] });
  });
});
