import { describe, expect, it, vi } from "vitest";

import { manualClock } from "../base/fixtures/clocks.ts";
import { type Classifier, reactions } from "../classify/index.ts";
import { RateLimiter } from "./rate-limiter.ts";
import { RateLimitedError, type RateLimiterOptions } from "./rate-options.ts";

function setup(options: Partial<RateLimiterOptions> = {}) {
  const clock = manualClock();
  const limiter = new RateLimiter({ name: "model", whenFull: "reject", clock, ...options });
  const refusal = (cost = 1) =>
    limiter.reserve({ cost }).then(
      () => expect.fail("it was admitted"),
      (error: RateLimitedError) => error,
    );
  return { clock, limiter, refusal };
}

describe("the time that a refusal names", () => {
  it("is the pace's where the window has room", async () => {
    const { limiter, refusal } = setup({ tokensPerMinute: 6_000, burst: 0.5 });
    await limiter.reserve({ cost: 3_000 });
    expect(await refusal()).toMatchObject({ reason: "spent", retryAfterMs: 10 });
  });

  it("is the pause's where nothing is spent", async () => {
    const { limiter, refusal } = setup({ requestsPerMinute: 1 });
    limiter.pause(5);
    expect(await refusal()).toMatchObject({ reason: "paused", retryAfterMs: 5 });
  });

  it("has room for all who wait already, a whole window after the other", async () => {
    const { limiter, refusal } = setup({ tokensPerMinute: 10, whenFull: "wait", maxQueue: 1 });
    await limiter.reserve({ cost: 10 });
    const user = new AbortController();
    const waiting = limiter.reserve({ cost: 10 }, user.signal);
    expect(await refusal(10)).toMatchObject({ reason: "spent", retryAfterMs: 121_000 });
    user.abort("left");
    await expect(waiting).rejects.toBe("left");
  });
});

describe("a refusal", () => {
  it.each([undefined, false, true])("shows who called where captureStack is %s", async (shown) => {
    const { limiter, refusal } = setup({
      requestsPerMinute: 1,
      ...(shown !== undefined && { captureStack: shown }),
    });
    await limiter.execute(() => "pong");
    const { stack } = await refusal();
    expect(stack?.includes("rate-limiter.ts")).toBe(shown === true);
    expect(new RateLimitedError("model", "spent", 0).stack).not.toContain("refusals.test.ts");
  });
});

describe("a limiter that nobody listens to", () => {
  it("tells nobody, and has no mistake to report", async () => {
    const onListenerError = vi.fn();
    const { limiter, refusal } = setup({ requestsPerMinute: 1, onListenerError });
    limiter.pause(5);
    await refusal();
    expect(onListenerError).not.toHaveBeenCalled();
  });
});

describe("a failure", () => {
  it("that asks for no wait is no pause, nor is one of no time", async () => {
    const onPause = vi.fn();
    const { limiter } = setup({ onPause });
    await limiter.execute(() => Promise.reject({ status: 503 })).catch(() => {});
    limiter.observe({ "retry-after": "0" });
    limiter.observe({});
    expect(onPause).not.toHaveBeenCalled();
  });

  it("is judged by the limiter's own classifier, where it has one", async () => {
    const classifier: Classifier = {
      classify: () => ({
        ...reactions["rate-limit"],
        class: "rate-limit",
        retryAfterMs: 5_000,
        evidence: "what was learnt",
      }),
    };
    const { limiter } = setup({ classifier });
    await limiter.execute(() => Promise.reject(new Error("flux"))).catch(() => {});
    expect(limiter.stats().pausedMs).toBe(5_000);
  });
});
