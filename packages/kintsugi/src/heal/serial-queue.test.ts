import { describe, expect, it, vi } from "vitest";

import { SerialQueue } from "./serial-queue.ts";

describe("a queue of changes", () => {
  it("does one after the other, in order", async () => {
    const queue = new SerialQueue(vi.fn());
    const gate = Promise.withResolvers<void>();
    const done: number[] = [];
    const first = queue.add(async () => {
      await gate.promise;
      done.push(1);
    });
    const second = queue.add(async () => void done.push(2));
    gate.resolve();
    await Promise.all([first, second]);
    expect(done).toEqual([1, 2]);
  });

  it("reports a change that fails, and goes on", async () => {
    const report = vi.fn();
    const queue = new SerialQueue(report);
    const bad = new Error("disk on fire");
    await queue.add(() => Promise.reject(bad));
    const next = vi.fn();
    await queue.add(next);
    expect(report.mock.calls).toEqual([[bad]]);
    expect(next).toHaveBeenCalledOnce();
  });

  it("starts nothing more once it is closed", async () => {
    const queue = new SerialQueue(vi.fn());
    const waiting = vi.fn();
    const late = vi.fn();
    void queue.add(async () => {});
    void queue.add(waiting);
    await queue.close();
    await queue.add(late);
    expect([waiting, late].map(({ mock }) => mock.calls.length)).toEqual([0, 0]);
  });

  it("lets go of what it cannot hold", async () => {
    const report = vi.fn();
    const queue = new SerialQueue(report);
    const gate = Promise.withResolvers<void>();
    void queue.add(() => gate.promise);
    for (let count = 0; count < 10_001; count += 1) void queue.add(async () => {});
    expect(report).toHaveBeenCalled();
    const letGo = vi.fn();
    void queue.add(async () => {}, letGo);
    expect(letGo).toHaveBeenCalledOnce();
    gate.resolve();
    await queue.close();
    expect(letGo).toHaveBeenCalledOnce();
  });
});
