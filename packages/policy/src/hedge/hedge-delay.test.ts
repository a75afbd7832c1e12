import { describe, expect, it } from "vitest";

import { manualClock } from "../base/fixtures/clocks.ts";
import { stage } from "./fixtures/stage.ts";
import { Hedge } from "./hedge.ts";
import { HedgeBudget } from "./hedge-budget.ts";

describe("a delay that follows the latencies", () => {
  const take = async (hedge: Hedge, clock: ReturnType<typeof manualClock>, ms: number) => {
    const { call, at } = stage();
    const running = hedge.execute(call);
    await clock.advance(ms);
    at(0).resolve("done");
    await running;
  };

  it("begins with no hedge, and follows the percentile when enough calls are known", async () => {
    const clock = manualClock();
    const hedge = new Hedge({ percentile: 0.9, clock });
    expect(hedge.stats().delayMs).toBe(Infinity);
    for (let call = 0; call < 18; call += 1) await take(hedge, clock, 10);
    await take(hedge, clock, 500);
    expect(hedge.stats().delayMs).toBe(Infinity);
    await take(hedge, clock, 500);
    expect(hedge.stats().delayMs).toBeGreaterThanOrEqual(10);
    expect(hedge.stats().delayMs).toBeLessThan(11);
  });

  it("learns nothing of a first attempt that failed, whoever answered then", async () => {
    const clock = manualClock();
    const hedge = new Hedge({ percentile: 0.9, delayMs: 70, clock });
    for (let call = 0; call < 19; call += 1) await take(hedge, clock, 10);
    const { call, at } = stage();
    const running = hedge.execute(call);
    await clock.advance(70);
    at(0).reject(new Error("down"));
    at(1).resolve("second");
    await expect(running).resolves.toBe("second");
    expect(hedge.stats().delayMs).toBe(70);
    await take(hedge, clock, 10);
    expect(hedge.stats().delayMs).toBeLessThan(11);
  });

  it("begins with the fixed delay where there is one, and stays within its bounds", async () => {
    const clock = manualClock();
    const hedge = new Hedge({
      percentile: 0.9,
      delayMs: 70,
      minDelayMs: 20,
      maxDelayMs: 60,
      clock,
    });
    expect(hedge.stats().delayMs).toBe(70);
    for (let call = 0; call < 20; call += 1) await take(hedge, clock, 10);
    expect(hedge.stats().delayMs).toBe(20);
    for (let call = 0; call < 40; call += 1) await take(hedge, clock, 65);
    expect(hedge.stats().delayMs).toBe(60);
  });

  it("does not sink by its own hedges: a call that was hedged counts as slow", async () => {
    const clock = manualClock();
    const hedge = new Hedge({ percentile: 0.75, clock, budget: new HedgeBudget({ ratio: 1 }) });
    const rounds = async (count: number) => {
      for (let call = 0; call < count; call += 1) {
        const { call: made, at } = stage();
        const firstMs = 10 * ((call % 10) + 1);
        const hedgeMs = hedge.stats().delayMs + 5;
        const running = hedge.execute(made);
        await clock.advance(Math.min(firstMs, hedgeMs));
        at(firstMs <= hedgeMs ? 0 : 1).resolve("done");
        await running;
      }
    };
    await rounds(30);
    const before = hedge.stats().delayMs;
    await rounds(400);
    expect(hedge.stats().hedges).toBeGreaterThan(70);
    expect(hedge.stats().delayMs).toBe(before);
  });
});
