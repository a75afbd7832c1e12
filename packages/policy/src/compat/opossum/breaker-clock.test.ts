import { describe, expect, it } from "vitest";

import { manualClock } from "../../base/fixtures/clocks.ts";
import { CircuitBreaker } from "./breaker.ts";
import { BreakerClock } from "./breaker-clock.ts";

/** Time of somebody's tests in which timers can be moved, and what measures spans stands still. */
const setup = () => {
  const moved = manualClock();
  return { moved, halted: { ...moved, monotonicMs: () => 0 } };
};

describe("the clock of a breaker", () => {
  it("is where its timers are, when what it reads stands still", async () => {
    const { moved, halted } = setup();
    const clock = new BreakerClock(halted);
    const seen: number[] = [];
    clock.after(100, () => seen.push(clock.monotonicMs()));
    clock.background.after(250, () => seen.push(clock.background.monotonicMs()));
    await moved.advance(300);
    expect(seen).toEqual([100, 250]);
  });

  it("is what it reads, when a timer is early by less than a millisecond", async () => {
    const { moved, halted } = setup();
    const clock = new BreakerClock({ ...halted, monotonicMs: () => 99.5 });
    clock.after(1, () => {});
    await moved.advance(1);
    expect(clock.monotonicMs()).toBe(99.5);
    expect(clock.epochMs()).toBe(moved.epochMs());
  });

  it("lets an open circuit wait on, where its timer was early by a part of a millisecond", async () => {
    const moved = manualClock();
    const clock = { ...moved, monotonicMs: () => Math.max(0, moved.monotonicMs() - 0.5) };
    const breaker = new CircuitBreaker(async () => {}, { clock, resetTimeout: 100 });
    breaker.open();
    await moved.advance(100);
    expect(breaker.opened).toBe(true);
    await moved.advance(1);
    expect(breaker.halfOpen).toBe(true);
  });

  it("lets an open circuit try when the tests of users have moved its timer", async () => {
    const { moved, halted } = setup();
    const breaker = new CircuitBreaker(
      async (answer: number) => (answer > 0 ? answer : Promise.reject(new Error("no"))),
      { clock: halted, resetTimeout: 100 },
    );
    await breaker.fire(-1).catch(() => {});
    await moved.advance(100);
    expect(breaker.halfOpen).toBe(true);
    expect(await breaker.fire(1)).toBe(1);
    expect(breaker.closed).toBe(true);
  });
});
