import { describe, expect, it, vi } from "vitest";

import { eagerClock, manualClock } from "../base/fixtures/clocks.ts";
import { FallbackPolicy } from "../fallback/index.ts";
import { pipeline } from "../pipeline/index.ts";
import { TimeoutPolicy } from "../timeout/index.ts";
import { retryEndOf } from "./nested.ts";
import { RetryPolicy } from "./retry-policy.ts";

const busy = (seconds: number) =>
  Object.assign(new Error("busy"), { status: 429, headers: { "retry-after": `${seconds}` } });

/** A call that a server turns away for so long, once. */
function turnedAway(seconds: number) {
  const error = busy(seconds);
  const call = vi.fn(({ attempt }: { attempt: number }) => {
    if (attempt === 1) throw error;
    return "answer";
  });
  return { error, call };
}

describe("Retry-After beyond the deadline ends the retry at once", () => {
  it.each([
    { what: "the longest wait", options: { maxDelayMs: 6_999 }, why: "wait" },
    { what: "the time in all", options: { maxTotalMs: 6_999 }, why: "time" },
  ])("where that is $what, with retryAfterMs on the error", async ({ options, why }) => {
    const clock = manualClock();
    const { call, error } = turnedAway(7);
    const policy = new RetryPolicy({ ...options, clock });
    await expect(policy.execute(call)).rejects.toBe(error);
    expect(error).toMatchObject({ retryAfterMs: 7_000 });
    expect(Object.keys(error)).not.toContain("retryAfterMs");
    expect(retryEndOf(error)).toMatchObject({ why, attempts: 1, retryAfterMs: 7_000 });
    expect(clock.pending).toBe(0);
    expect(call).toHaveBeenCalledOnce();
  });

  it.each([
    { mode: "aggressive", exact: false },
    { mode: "aggressive", exact: true },
    { mode: "cooperative", exact: false },
  ] as const)("where that is a timeout around it: $mode, exact $exact", async (options) => {
    const clock = manualClock();
    const { call, error } = turnedAway(7);
    const guarded = pipeline(
      new TimeoutPolicy({ timeoutMs: 6_000, ...options, clock }),
      new RetryPolicy({ clock }),
      new TimeoutPolicy({ timeoutMs: 1_000, clock }),
    );
    await expect(guarded.execute(call)).rejects.toBe(error);
    expect(error).toMatchObject({ retryAfterMs: 7_000 });
    expect(call).toHaveBeenCalledOnce();
  });

  it.each([true, false])("and what is spent of a timeout counts, exact %s", async (exact) => {
    const clock = manualClock();
    const error = busy(4);
    const guarded = pipeline(
      new TimeoutPolicy({ timeoutMs: 10_000, exact, clock }),
      new RetryPolicy({ jitterFactor: 0, maxAttempts: 9, clock }),
    );
    const call = vi.fn().mockRejectedValue(error);
    const running = expect(guarded.execute(call)).rejects.toBe(error);
    await clock.advance(8_000);
    await running; // At 0, 4 and 8 seconds; at 12 nobody would wait any more.
    expect(call).toHaveBeenCalledTimes(3);
    expect(clock.pending).toBe(0);
  });

  it("so that the fallback runs without a wait", async () => {
    const clock = eagerClock();
    const { call } = turnedAway(60);
    const fallback = new FallbackPolicy({ sources: [{ name: "other", answer: () => "other" }] });
    await expect(pipeline(fallback, new RetryPolicy({ clock })).execute(call)).resolves.toBe(
      "other",
    );
    expect(clock.waitsMs).toEqual([]);
  });

  it("and leaves an error as it is that has a wait of its own, or can hold none", async () => {
    const policy = new RetryPolicy({ maxDelayMs: 10 });
    const own = Object.assign(new Error("busy"), { retryAfterMs: 30_000 });
    const worded = Object.assign(busy(7), { retryAfterMs: "in a while" });
    const frozen = Object.freeze(busy(7));
    for (const error of [own, worded, frozen]) {
      await expect(policy.execute(() => Promise.reject(error))).rejects.toBe(error);
    }
    expect(Object.keys(own)).toEqual(["retryAfterMs"]);
    expect(worded.retryAfterMs).toBe("in a while");
    expect(frozen).not.toHaveProperty("retryAfterMs");
  });

  it("and whoever catches the error may give it another wait", async () => {
    const error: Error & { retryAfterMs?: number } = busy(7);
    await new RetryPolicy({ maxDelayMs: 10 }).execute(() => Promise.reject(error)).catch(() => {});
    error.retryAfterMs = 9_000;
    expect(error.retryAfterMs).toBe(9_000);
  });

  it("and no error gets a wait whose server asks for none", async () => {
    const error = new Error("down");
    const policy = new RetryPolicy({ maxAttempts: 1 });
    await expect(policy.execute(() => Promise.reject(error))).rejects.toBe(error);
    expect(error).not.toHaveProperty("retryAfterMs");
  });
});

describe("Retry-After within the deadline", () => {
  it("is waited for, and a timeout around it does not shorten it", async () => {
    const clock = eagerClock();
    const { call } = turnedAway(7);
    const guarded = pipeline(
      new TimeoutPolicy({ timeoutMs: 20_000, exact: true, clock }),
      new RetryPolicy({ clock }),
    );
    await expect(guarded.execute(call)).resolves.toBe("answer");
    expect(clock.waitsMs).toEqual([7_000]);
  });

  it("is on the error when the attempts are used up all the same", async () => {
    const error = busy(2);
    const policy = new RetryPolicy({ maxAttempts: 2, clock: eagerClock() });
    await policy.execute(() => Promise.reject(error)).catch(() => {});
    expect(error).toMatchObject({ retryAfterMs: 2_000 });
    expect(retryEndOf(error)).toMatchObject({ why: "attempts", attempts: 2 });
  });
});
