import { describe, expect, it } from "vitest";

import { manualClock } from "../base/fixtures/clocks.ts";
import { Ledger } from "./ledger.ts";
import { RateLimiter } from "./rate-limiter.ts";
import { limitsIn, type RateLimiterOptions } from "./rate-options.ts";

function setup(options: Partial<RateLimiterOptions> = {}) {
  const clock = manualClock();
  const limiter = new RateLimiter({ name: "model", clock, ...options });
  return { clock, limiter, spent: () => limiter.stats().budgets.map(({ spent }) => spent) };
}

describe("reservations, however many are out", () => {
  it("keep their own cost and time, and their places are used again", () => {
    const ledger = new Ledger();
    const permits = Array.from({ length: 100 }, (_, index) => ledger.open(index, index / 2));
    expect(new Set(permits).size).toBe(100);
    const kept = permits.map((permit) => [ledger.costOf(permit), ledger.timeOf(permit)]);
    expect(kept).toEqual(permits.map((_, index) => [index, index / 2]));
    for (const permit of permits) ledger.close(permit);
    expect(ledger.size).toBe(0);
    const again = permits.map(() => ledger.open(7, 7));
    expect(again.toSorted((one, other) => one - other)).toEqual(permits);
    expect(ledger.size).toBe(100);
  });

  it("give back what each has taken", async () => {
    const { limiter, spent } = setup({ tokensPerMinute: 10_000 });
    const out = await Promise.all(
      Array.from({ length: 50 }, (_, cost) => limiter.reserve({ cost })),
    );
    expect(spent()).toEqual([1_225]);
    for (const reservation of out) reservation.cancel();
    expect(spent()).toEqual([0]);
    expect(limiter.stats().reserved).toBe(0);
  });
});

describe("a reservation that is given back", () => {
  it.each(["cancelled", "settled for less"])("lets in at once who waits, when %s", async (how) => {
    const { limiter, clock } = setup({ tokensPerMinute: 10 });
    const reservation = await limiter.reserve({ cost: 10 });
    const waiting = limiter.reserve({ cost: 8 });
    await clock.advance(0);
    expect(limiter.stats().waiting).toBe(1);
    if (how === "cancelled") reservation.cancel();
    else reservation.settle(2);
    await expect(waiting).resolves.toMatchObject({ cost: 8 });
    expect(clock.pending).toBe(0);
  });

  it("gives back its share of the pace as well", async () => {
    const { limiter, clock } = setup({ tokensPerMinute: 60, burst: 0.5, whenFull: "reject" });
    const reservation = await limiter.reserve({ cost: 30 });
    await expect(limiter.reserve({ cost: 1 })).rejects.toMatchObject({ retryAfterMs: 1_000 });
    reservation.cancel();
    await limiter.reserve({ cost: 30 });
    await expect(limiter.reserve({ cost: 2 })).rejects.toMatchObject({ retryAfterMs: 2_000 });
    await clock.advance(2_000);
    await expect(limiter.reserve({ cost: 2 })).resolves.toMatchObject({ cost: 2 });
  });
});

it("what a call says that it has cost is believed where it is an amount", async () => {
  const costs = [Number.NaN, -1, Infinity, 0, 2.2];
  const { limiter, spent } = setup({ tokensPerMinute: 100, cost: 5, costOf: () => costs.shift() });
  const seen: number[] = [];
  for (let call = 0; call < 5; call += 1) {
    await limiter.execute(() => "pong");
    seen.push(spent()[0] ?? -1);
  }
  expect(seen).toEqual([5, 10, 15, 15, 18]);
});

it("limits are told from other options by their names alone", () => {
  const limits = {
    requestsPerSecond: 1,
    requestsPerMinute: 2,
    requestsPerDay: 3,
    tokensPerMinute: 4,
    tokensPerDay: 5,
    burst: 0.5,
    cost: 6,
    whenFull: "wait",
    maxQueue: 7,
    queueTimeoutMs: 8,
    maxPauseMs: 9,
  } as const;
  expect(limitsIn({ ...limits, name: "model" } as object)).toEqual(limits);
  expect(limitsIn({ cost: 6, burst: undefined } as object)).toStrictEqual({ cost: 6 });
});
