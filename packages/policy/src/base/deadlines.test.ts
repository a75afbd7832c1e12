import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { type Deadline, Deadlines, UNLISTED } from "./deadlines.ts";
import { manualClock } from "./fixtures/clocks.ts";

/** As the list marks those that wait for its next tick. */
const OPEN = -1;

function setup(afterMs = 6_400) {
  const clock = manualClock();
  const deadlines = new Deadlines(afterMs, clock);
  const expired: { readonly name: string; readonly atMs: number }[] = [];
  const start = (name: string, then: () => void = () => {}): Deadline => {
    const deadline: Deadline = {
      dueMs: UNLISTED,
      earlier: undefined,
      later: undefined,
      expire() {
        expired.push({ name, atMs: clock.monotonicMs() });
        then();
      },
    };
    deadlines.add(deadline);
    return deadline;
  };
  return { clock, deadlines, expired, start };
}

describe("deadlines of one length", () => {
  it("are kept to the millisecond by a call that is alone", async () => {
    const { clock, expired, start } = setup();
    await clock.advance(123);
    start("alone");
    await clock.advance(20_000);
    expect(expired).toEqual([{ name: "alone", atMs: 6_523 }]);
    expect(clock.pending).toBe(0);
  });

  it("set one timer for all, and none when nobody is out", async () => {
    const { clock, deadlines, start } = setup();
    const all = Array.from({ length: 1_000 }, (_, index) => start(`${index}`));
    expect(clock.pending).toBe(1);
    for (const each of all) deadlines.remove(each);
    await clock.advance(1); // Short calls leave the timer to its first tick.
    expect(clock.pending).toBe(0);
  });

  it("leave no timer at all when long calls have ended", async () => {
    const { clock, deadlines, start } = setup();
    const long = start("long");
    await clock.advance(50);
    deadlines.remove(long);
    expect(clock.pending).toBe(0);
  });

  it("wake nobody while a long call is out alone", async () => {
    const { clock, start } = setup();
    let wakes = 0;
    const after = clock.after.bind(clock);
    clock.after = (ms, fn) => {
      wakes += 1;
      return after(ms, fn);
    };
    start("long");
    await clock.advance(6_399);
    expect(wakes).toBe(2); // Its first tick, and its end.
  });

  it("forget a deadline that was removed twice, and one that expired", async () => {
    const { clock, deadlines, expired, start } = setup(10);
    const removed = start("removed");
    deadlines.remove(removed);
    deadlines.remove(removed);
    const late = start("late");
    await clock.advance(20);
    deadlines.remove(late);
    expect(expired.map(({ name }) => name)).toEqual(["late"]);
  });

  it("let an end start the next call", async () => {
    const { clock, expired, start } = setup(10);
    start("first", () => void start("second"));
    await clock.advance(30);
    expect(expired).toEqual([
      { name: "first", atMs: 10 },
      { name: "second", atMs: 20 },
    ]);
    expect(clock.pending).toBe(0);
  });

  it("trust the timers of a test that stops the clock alone", async () => {
    const { clock, expired, start } = setup();
    clock.monotonicMs = () => 5;
    start("call");
    await clock.advance(10_000);
    expect(expired).toHaveLength(1);
  });

  it("come never early, and late by a sixty-fourth at most", async () => {
    const step = fc.record({
      waitMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 500 }), fc.nat(9_000)),
      action: fc.constantFrom("start", "start", "end"),
      which: fc.nat(),
    });
    const histories = fc.array(step, { maxLength: 80, size: "max" });
    const phaseOf = ({ dueMs }: Deadline) => (dueMs === OPEN ? "open" : "due");
    const arrows = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5_000 }), histories, async (afterMs, steps) => {
        const { clock, deadlines, expired, start } = setup(afterMs);
        const out = new Map<string, { deadline: Deadline; startedMs: number; phase: string }>();
        const check = (): void => {
          for (const { name, atMs } of expired.splice(0)) {
            const lastedMs = atMs - (out.get(name)?.startedMs ?? Number.NaN);
            expect(lastedMs).toBeGreaterThanOrEqual(afterMs);
            expect(lastedMs).toBeLessThanOrEqual(afterMs + Math.ceil(Math.max(1, afterMs / 64)));
            arrows.add(`${out.get(name)?.phase} > expired`);
            out.delete(name);
          }
          for (const each of out.values()) {
            const phase = phaseOf(each.deadline);
            if (phase !== each.phase) arrows.add(`${each.phase} > ${phase}`);
            each.phase = phase;
          }
        };
        for (const [index, { waitMs, action, which }] of steps.entries()) {
          await clock.advance(waitMs);
          check();
          const [name, ended] = [...out][which % Math.max(out.size, 1)] ?? [];
          if (action === "start") {
            const startedMs = clock.monotonicMs();
            const deadline = start(`${index}`);
            out.set(`${index}`, { deadline, startedMs, phase: phaseOf(deadline) });
            arrows.add(`added > ${phaseOf(deadline)}`);
          } else if (name !== undefined && ended) {
            deadlines.remove(ended.deadline);
            expect(ended.deadline.dueMs).toBe(UNLISTED);
            arrows.add(`${ended.phase} > removed`);
            out.delete(name);
          }
        }
        await clock.advance(2 * afterMs + 2);
        check();
        expect([out.size, clock.pending]).toEqual([0, 0]);
      }),
    );
    // A property that never got there proves nothing: these are the arrows of the drawing; a deadline that
    // is looked at only after a long wait has passed from open to its end meanwhile.
    expect([...arrows].sort()).toEqual([
      "added > due",
      "added > open",
      "due > expired",
      "due > removed",
      "open > due",
      "open > expired",
      "open > removed",
    ]);
  });
});
