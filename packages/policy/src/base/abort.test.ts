import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";

import { orAborted, sleep } from "./abort.ts";
import { manualClock, settled } from "./fixtures/clocks.ts";

const left = new Error("user left");

describe("a sleep", () => {
  it("ends after its time, and leaves nothing on the signal", async () => {
    const clock = manualClock();
    const { signal } = new AbortController();
    let awake = false;
    const asleep = sleep(clock, 100, signal).then(() => {
      awake = true;
    });
    await clock.advance(99);
    expect(awake).toBe(false);
    await clock.advance(1);
    await asleep;
    await settled();
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("ends at once with the signal's reason, and leaves no timer", async () => {
    const clock = manualClock();
    const controller = new AbortController();
    const asleep = sleep(clock, 100, controller.signal);
    controller.abort(left);
    await expect(asleep).rejects.toBe(left);
    expect(clock.pending).toBe(0);
  });

  it("does not begin under a signal that is aborted already", async () => {
    const clock = manualClock();
    await expect(sleep(clock, 100, AbortSignal.abort(left))).rejects.toBe(left);
    expect(clock.pending).toBe(0);
  });

  it("leaves no timer where its signal is none, as the options of fetch", async () => {
    const clock = manualClock();
    const { signal } = new AbortController();
    await expect(sleep(clock, 100, { signal } as never)).rejects.toThrow(TypeError);
    expect(clock.pending).toBe(0);
  });
});

describe("a wait for work that may be abandoned", () => {
  it("comes to what the work comes to, and leaves nothing on the signal", async () => {
    const { signal } = new AbortController();
    await expect(orAborted(Promise.resolve("done"), signal)).resolves.toBe("done");
    await expect(orAborted(Promise.reject(left), signal)).rejects.toBe(left);
    await settled();
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("ends at once when the signal is aborted, and forgets how the work ends", async () => {
    const controller = new AbortController();
    const work = Promise.withResolvers<string>();
    const waiting = orAborted(work.promise, controller.signal);
    controller.abort(left);
    await expect(waiting).rejects.toBe(left);
    work.reject(new Error("too late to matter"));
  });

  it("does not begin under a signal that is aborted already", async () => {
    const work = Promise.reject(new Error("nobody listens"));
    await expect(orAborted(work, AbortSignal.abort(left))).rejects.toBe(left);
  });
});

describe("ten thousand who wait under one signal", () => {
  const each = <T>(work: (place: number) => T): T[] =>
    Array.from({ length: 10_000 }, (_, place) => work(place));

  it("sleep with one listener, which is gone when all are awake", async () => {
    const alarms: (() => void)[] = [];
    const after = (_: number, fn: () => void) => {
      alarms.push(fn);
      return () => {};
    };
    const { signal } = new AbortController();
    const asleep = each(() => sleep({ ...manualClock(), after }, 1, signal));
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    for (const ring of alarms) ring();
    await Promise.all(asleep);
    await settled();
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("wait for work with one listener, and are all told of the abort", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const waiting = each(() => orAborted(new Promise<never>(() => {}), signal));
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    controller.abort(left);
    const ends = await Promise.allSettled(waiting);
    expect(ends.every((end) => end.status === "rejected" && end.reason === left)).toBe(true);
  });
});
