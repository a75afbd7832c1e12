import { describe, expect, it } from "vitest";

import { manualClock } from "../base/fixtures/clocks.ts";
import { RateLimiter } from "./rate-limiter.ts";
import type { RateLimiterOptions } from "./rate-options.ts";

function setup(options: Partial<RateLimiterOptions> = {}) {
  const clock = manualClock();
  const limiter = new RateLimiter({ name: "model", clock, ...options });
  const ask = () => limiter.execute(() => "pong").catch(({ reason }) => reason as string);
  return { clock, limiter, ask, budgets: () => limiter.stats().budgets };
}

describe("a limiter that is given other limits while it works", () => {
  it("keeps what is spent", async () => {
    const { limiter, ask, budgets } = setup({ requestsPerMinute: 2, whenFull: "reject" });
    await Promise.all([ask(), ask()]);
    limiter.configure({ requestsPerMinute: 3 });
    expect(budgets()).toEqual([{ unit: "requests", amount: 3, perMs: 60_000, spent: 2 }]);
    expect(await Promise.all([ask(), ask()])).toEqual(["pong", "spent"]);
  });

  it("refuses what is no limit, by name", () => {
    const { limiter } = setup({ requestsPerMinute: 2 });
    expect(() => limiter.configure({ requestPerMinute: 3 } as object)).toThrow(
      /^RateLimiter\.configure\(\) has no option "requestPerMinute"/,
    );
  });

  it("tells who builds a pipeline whether callers wait", () => {
    const { limiter } = setup({ requestsPerMinute: 2, whenFull: "reject" });
    const role = { kind: "rate limiter", state: limiter, name: "model" };
    expect(limiter.role).toEqual({ ...role, waits: false });
    const waiting = setup({ requestsPerMinute: 2 }).limiter;
    expect(waiting.role).toEqual({ ...role, state: waiting, waits: true });
  });

  it("lets those in at once who wait for what there is now", async () => {
    const { limiter, ask } = setup({ requestsPerMinute: 1 });
    await ask();
    const waiting = ask();
    limiter.configure({ requestsPerMinute: 2 });
    await expect(waiting).resolves.toBe("pong");
  });

  it("leaves alone what is not named", () => {
    const { limiter, budgets } = setup({ requestsPerMinute: 5, tokensPerMinute: 100 });
    limiter.configure({ tokensPerMinute: 50 });
    expect(budgets()).toMatchObject([{ amount: 5 }, { unit: "tokens", amount: 50 }]);
  });

  it("counts a new budget from now on, whatever ends of what began before", async () => {
    const { limiter, clock, budgets } = setup({ requestsPerMinute: 5 });
    const before = await limiter.reserve({ cost: 40 });
    await clock.advance(10);
    limiter.configure({ tokensPerMinute: 100 });
    before.settle(1);
    expect(budgets()[1]).toMatchObject({ unit: "tokens", spent: 0 });
  });

  it("adds a budget of another span to those that it has", async () => {
    const { limiter, ask, budgets } = setup({ requestsPerMinute: 5, whenFull: "reject" });
    await ask();
    limiter.configure({ requestsPerSecond: 2 });
    expect(budgets()).toEqual([
      { unit: "requests", amount: 2, perMs: 1_000, spent: 0 },
      { unit: "requests", amount: 5, perMs: 60_000, spent: 1 },
    ]);
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(["pong", "pong", "spent"]);
  });

  it("takes nothing off a new budget for what began in the moment before", async () => {
    const { limiter, budgets } = setup({ requestsPerMinute: 5 });
    const before = await limiter.reserve({ cost: 40 });
    limiter.configure({ tokensPerMinute: 100 });
    before.settle(1);
    expect(budgets()[1]).toMatchObject({ unit: "tokens", spent: 0 });
  });

  it("goes on heeding the lower limit of a server", () => {
    const { limiter, budgets } = setup({ requestsPerMinute: 5 });
    limiter.observe({ "x-ratelimit-limit-requests": "2", "x-ratelimit-limit-tokens": "70" });
    limiter.configure({ requestsPerMinute: 9 });
    expect(budgets()).toMatchObject([{ amount: 2 }, { unit: "tokens", amount: 70 }]);
    limiter.configure({ tokensPerMinute: 60 });
    expect(budgets()).toMatchObject([{ amount: 2 }, { unit: "tokens", amount: 60 }]);
  });

  it("refuses what is out of its range, and then is as it was", () => {
    const { limiter, budgets } = setup({ requestsPerMinute: 5 });
    expect(() => limiter.configure({ requestsPerMinute: 7, burst: 2 })).toThrow(/^burst must be/);
    expect(budgets()).toMatchObject([{ amount: 5 }]);
  });
});
