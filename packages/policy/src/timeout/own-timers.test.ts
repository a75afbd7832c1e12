import { describe, expect, it } from "vitest";

import { manualClock } from "../base/fixtures/clocks.ts";
import { type Deadline, UNLISTED } from "../base/index.ts";
import { OwnTimers } from "./own-timers.ts";

function setup() {
  const clock = manualClock();
  const timers = new OwnTimers(100, clock);
  const expiredMs: number[] = [];
  const start = (): Deadline => {
    const deadline: Deadline = {
      dueMs: UNLISTED,
      earlier: undefined,
      later: undefined,
      expire: () => void expiredMs.push(clock.monotonicMs()),
    };
    timers.add(deadline);
    return deadline;
  };
  return { clock, timers, expiredMs, start };
}

describe("a deadline with a timer of its own", () => {
  it("is kept to the millisecond, each by itself, and then forgotten", async () => {
    const { clock, timers, expiredMs, start } = setup();
    const first = start();
    await clock.advance(33);
    const second = start();
    expect([timers.leftMs(first), timers.leftMs(second)]).toEqual([67, 100]);
    await clock.advance(67);
    expect([timers.leftMs(first), timers.leftMs(second)]).toEqual([Infinity, 33]);
    await clock.advance(200);
    expect(expiredMs).toEqual([100, 133]);
    expect(clock.pending).toBe(0);
  });

  it("has no timer any more once it was removed, and may be removed twice", async () => {
    const { clock, timers, expiredMs, start } = setup();
    const deadline = start();
    timers.remove(deadline);
    timers.remove(deadline);
    expect([clock.pending, timers.leftMs(deadline)]).toEqual([0, Infinity]);
    await clock.advance(200);
    expect(expiredMs).toEqual([]);
  });

  it("may be set again after its end", async () => {
    const { clock, timers, expiredMs, start } = setup();
    const deadline = start();
    await clock.advance(100);
    timers.add(deadline);
    timers.remove(deadline);
    expect(clock.pending).toBe(0);
    expect(expiredMs).toEqual([100]);
  });
});
