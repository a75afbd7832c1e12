import { describe, expect, it } from "vitest";

import { manualClock } from "../base/fixtures/clocks.ts";
import { readRateHeaders } from "./rate-headers.ts";
import { RateLimiter } from "./rate-limiter.ts";
import type { RateLimiterOptions } from "./rate-options.ts";

function setup(options: Partial<RateLimiterOptions> = {}) {
  const clock = manualClock();
  const limiter = new RateLimiter({ name: "model", clock, ...options });
  return { clock, limiter, spent: () => limiter.stats().budgets.map(({ spent }) => spent) };
}

describe("a limiter that observes the headers of answers", () => {
  it("learns limits that it was not told", async () => {
    const { limiter, spent } = setup({ whenFull: "reject" });
    await limiter.execute(() => "pong");
    limiter.observe(
      new Headers({
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-limit-tokens": "1000",
        "x-ratelimit-remaining-tokens": "900",
        "x-ratelimit-reset-tokens": "6s",
      }),
    );
    expect(limiter.stats().budgets).toEqual([
      { unit: "requests", amount: 60, perMs: 60_000, spent: 1 },
      { unit: "tokens", amount: 1_000, perMs: 60_000, spent: 100 },
    ]);
    await expect(limiter.with({ cost: 901 }).execute(() => "pong")).rejects.toThrow("spent");
    await limiter.with({ cost: 900 }).execute(() => "pong");
    expect(spent()).toEqual([2, 1_000]);
  });

  it("heeds a lower limit of the server, and its own when that is the lower", () => {
    const { limiter } = setup({ requestsPerMinute: 50 });
    const amount = () => limiter.stats().budgets[0]?.amount;
    limiter.observe({ "Anthropic-Ratelimit-Requests-Limit": "20" });
    expect(amount()).toBe(20);
    limiter.observe({ "anthropic-ratelimit-requests-limit": 4_000 });
    expect(amount()).toBe(50);
  });

  it("sends those away who wait for more than there will ever be", async () => {
    const { limiter } = setup({ tokensPerMinute: 100, queueTimeoutMs: 200_000 });
    await limiter.reserve({ cost: 60 });
    const dear = limiter.with({ cost: 80 }).execute(() => "dear");
    const other = limiter.with({ cost: 10 }).execute(() => "other");
    limiter.observe({ "anthropic-ratelimit-tokens-limit": "75" });
    await expect(dear).rejects.toMatchObject({ reason: "too-large" });
    await expect(other).resolves.toBe("other");
  });

  it("counts what others spend, and gives it back evenly until the reset", async () => {
    const { limiter, clock, spent } = setup({ tokensPerMinute: 600 });
    await limiter.reserve({ cost: 100 });
    limiter.observe({ "x-ratelimit-remaining-tokens": "200", "x-ratelimit-reset-tokens": "30s" });
    expect(spent()).toEqual([400]);
    limiter.observe({ "x-ratelimit-remaining-tokens": "550" });
    expect(spent()).toEqual([400]);
    await clock.advance(15_000);
    expect(spent()).toEqual([250]);
    await clock.advance(15_000);
    expect(spent()).toEqual([100]);
  });

  it.each([
    ["6m0s", 100],
    ["1.5s", 0],
    ["120ms", 0],
    ["2026-01-01T00:00:00.500Z", 0],
    ["2026-01-01T00:00:55Z", 100],
    ["2020-01-01T00:00:00Z", 0],
    ["soon", 100],
  ])("takes a reset of %s for what it is", async (reset, left) => {
    const { limiter, clock, spent } = setup({ requestsPerMinute: 200 });
    limiter.observe({
      "anthropic-ratelimit-requests-remaining": "0",
      "anthropic-ratelimit-requests-reset": reset,
    });
    expect(spent()).toEqual([200]);
    await clock.advance(30_000);
    if (left === 0) expect(spent()).toEqual([0]);
    else expect(Math.abs((spent()[0] ?? 0) - left)).toBeLessThanOrEqual(10);
  });

  it.each([
    null,
    "text",
    {},
    { "x-ratelimit-limit-requests": "-5" },
    { "x-ratelimit-limit-tokens": "0" },
  ])("makes nothing of what makes no sense: %j", (headers) => {
    const { limiter } = setup();
    limiter.observe(headers);
    expect(limiter.stats()).toMatchObject({ budgets: [], pausedMs: 0 });
  });

  it("makes nothing of what is left of a limit that nobody knows", () => {
    const { limiter } = setup();
    limiter.observe({ "x-ratelimit-remaining-requests": "5" });
    expect(limiter.stats().budgets).toEqual([]);
  });

  it("leaves the budget of a day alone", () => {
    const { limiter, spent } = setup({ requestsPerDay: 1_000 });
    limiter.observe({ "x-ratelimit-limit-requests": "10", "x-ratelimit-remaining-requests": "4" });
    expect(spent()).toEqual([0, 6]);
  });
});

describe("what headers say", () => {
  const told = (headers: object) => readRateHeaders(headers, manualClock()).limits;

  it.each(["12abc", "abc12", "1e3", "-1", "0", "1.5", "9".repeat(16)])(
    "is no limit where it is %j",
    (limit) => {
      expect(told({ "x-ratelimit-limit-requests": limit })).toEqual([]);
    },
  );

  it.each<[string, number | undefined]>([
    ["6m0s", 360_000],
    ["120ms", 120],
    ["1.25s", 1_250],
    ["1d2h3m4s5ms", 93_784_005],
    ["in 6s", undefined],
    ["6s or so", undefined],
    ["6", 6_000],
    ["on 2026-01-01T00:00:09Z", undefined],
    ["2026-01-01T00:00:09Z", 9_000],
    ["2025-01-01T00:00:09Z", 0],
  ])("about the reset is, with %j, %s ms", (reset, resetMs) => {
    const [limit] = told({
      "x-ratelimit-remaining-tokens": "5",
      "x-ratelimit-reset-tokens": reset,
    });
    expect(limit?.resetMs).toBe(resetMs);
  });

  it("is taken from the first family of a unit, and from Anthropic's input where nothing else is", () => {
    const input = { "anthropic-ratelimit-input-tokens-limit": "40" };
    expect(told(input)).toMatchObject([{ unit: "tokens", limit: 40 }]);
    expect(told({ ...input, "anthropic-ratelimit-tokens-limit": "30" })).toMatchObject([
      { unit: "tokens", limit: 30 },
    ]);
  });
});
