import { sleep } from "@kintsugi/policy/base";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";

import { EventQueue } from "./event-queue.ts";
import { manualClock } from "./manual-clock.ts";

describe("a clock that is moved by hand", () => {
  it("fires what is due at its own moment, and the rest not yet", () => {
    const clock = manualClock();
    const firedAtMs: number[] = [];
    for (const ms of [30, 10, 20, 10]) clock.after(ms, () => firedAtMs.push(clock.monotonicMs()));
    clock.advanceSync(20);
    expect(firedAtMs).toEqual([10, 10, 20]);
    expect(clock.monotonicMs()).toBe(20);
    expect(clock.pending).toBe(1);
  });

  it("fires a timer that a timer sets, when that falls due as well", () => {
    const clock = manualClock();
    const fn = vi.fn();
    clock.after(10, () => clock.after(5, fn));
    clock.advanceSync(14);
    expect(fn).not.toHaveBeenCalled();
    clock.advanceSync(1);
    expect(fn).toHaveBeenCalledOnce();
  });

  it("lets promises come to their ends before, between and after the firings", async () => {
    const clock = manualClock();
    const woken: number[] = [];
    const loop = async (): Promise<void> => {
      for (let round = 0; round < 3; round += 1) {
        await Promise.resolve();
        await sleep(clock, 10);
        woken.push(clock.monotonicMs());
      }
    };
    void loop();
    await clock.advance(30);
    expect(woken).toEqual([10, 20, 30]);
  });

  it("runs nothing that was cancelled, and takes a late cancel in good part", () => {
    const clock = manualClock();
    const fn = vi.fn();
    const cancel = clock.after(10, fn);
    cancel();
    cancel();
    const late = clock.after(10, fn);
    clock.advanceSync(20);
    late();
    expect(fn).toHaveBeenCalledOnce();
    expect(clock.pending).toBe(0);
  });

  it("lets the code that is running give way before anything immediate", () => {
    const clock = manualClock();
    const fn = vi.fn();
    clock.immediate(fn);
    expect(fn).not.toHaveBeenCalled();
    clock.advanceSync(0);
    expect(fn).toHaveBeenCalledOnce();
  });

  it("jumps in wall time only", () => {
    const clock = manualClock({ epochMs: 1_000 });
    clock.jump(-400);
    expect([clock.epochMs(), clock.monotonicMs()]).toEqual([600, 0]);
  });

  it("stands at the timer that threw", async () => {
    const clock = manualClock();
    clock.after(10, () => {
      throw new Error("bad timer");
    });
    await expect(clock.advance(50)).rejects.toThrow("bad timer");
    expect(clock.monotonicMs()).toBe(10);
  });
});

describe("a queue of events, in any history", () => {
  const anyStep = fc.oneof(
    fc.record({ kind: fc.constant("add" as const), atMs: fc.integer({ min: 0, max: 20 }) }),
    fc.record({ kind: fc.constant("cancel" as const), which: fc.nat() }),
    fc.record({ kind: fc.constant("take" as const) }),
  );

  it("gives what a sorted list gives", () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 300, size: "max" }), (steps) => {
        const queue = new EventQueue();
        let sequence = 0;
        let model: { atMs: number; name: number; cancel: () => void }[] = [];
        const taken: number[] = [];
        for (const step of steps) {
          if (step.kind === "add") {
            const name = sequence++;
            const cancel = queue.add(step.atMs, () => taken.push(name));
            model.push({ atMs: step.atMs, name, cancel });
          } else if (step.kind === "cancel") {
            const entry = model[step.which % Math.max(model.length, 1)];
            entry?.cancel();
            model = model.filter((other) => other !== entry);
          } else {
            model.sort((a, b) => a.atMs - b.atMs || a.name - b.name);
            const expected = model.shift();
            expect(queue.nextAtMs).toBe(expected?.atMs ?? Infinity);
            const event = queue.take();
            expect(event?.atMs).toBe(expected?.atMs);
            event?.fn();
            if (expected) expect(taken.at(-1)).toBe(expected.name);
          }
          expect(queue.size).toBe(model.length);
        }
      }),
    );
  });

  it("forgets thousands that were cancelled, and none that were not", () => {
    const queue = new EventQueue();
    const fn = vi.fn();
    for (let index = 0; index < 5_000; index += 1) {
      const cancel = queue.add(5_000 - index, fn);
      if (index % 10 !== 0) cancel();
    }
    expect(queue.size).toBe(500);
    let lastMs = 0;
    for (let event = queue.take(); event; event = queue.take()) {
      expect(event.atMs).toBeGreaterThan(lastMs);
      lastMs = event.atMs;
      event.fn();
    }
    expect(fn).toHaveBeenCalledTimes(500);
  });
});
