import { describe, expect, it, onTestFinished, vi } from "vitest";
import { backgroundClock, systemClock } from "./clock.ts";
import { settled } from "./fixtures/clocks.ts";

describe("the system's clock", () => {
  const longMs = 2 ** 31 + 1_000;
  const setup = () => {
    vi.useFakeTimers({ now: 1_000 });
    onTestFinished(() => void vi.useRealTimers());
    return vi.fn();
  };

  it.each([1, 250, longMs])("runs what is due after %d ms then, and only once", (ms) => {
    const fn = setup();
    systemClock.after(ms, fn);
    vi.advanceTimersByTime(ms - 1);
    expect(fn).toHaveBeenCalledTimes(0);
    vi.advanceTimersByTime(1);
    expect(fn).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(longMs);
    expect(fn).toHaveBeenCalledTimes(1);
  });

  it.each([0, 2 ** 31])("runs nothing that was cancelled after %d ms", (waitedMs) => {
    const fn = setup();
    const cancel = systemClock.after(longMs, fn);
    vi.advanceTimersByTime(waitedMs);
    cancel();
    vi.advanceTimersByTime(longMs);
    expect(fn).not.toHaveBeenCalled();
  });

  it("lets the code that is running give way before anything immediate", async () => {
    const fn = vi.fn();
    systemClock.immediate(fn);
    await Promise.resolve();
    expect(fn).not.toHaveBeenCalled();
    await settled();
    expect(fn).toHaveBeenCalledOnce();
  });

  it("can be cancelled twice, and too late, without harm", () => {
    const fn = setup();
    const cancel = systemClock.after(1, fn);
    vi.advanceTimersByTime(1);
    cancel();
    cancel();
    expect(fn).toHaveBeenCalledOnce();
  });

  it("measures spans that a jump of the wall clock leaves alone", () => {
    setup();
    const startMs = systemClock.monotonicMs();
    vi.setSystemTime(90_000);
    expect(systemClock.epochMs()).toBe(90_000);
    expect(systemClock.monotonicMs()).toBe(startMs);
    vi.advanceTimersByTime(250);
    expect(systemClock.monotonicMs() - startMs).toBe(250);
  });
});

describe("the clock of the background", () => {
  it.each([1_000, 2 ** 31 + 1_000])("sets timers of %d ms that keep no process alive", (ms) => {
    const timers = vi.spyOn(globalThis, "setTimeout");
    onTestFinished(() => timers.mockRestore());
    const cancels = [backgroundClock.after(ms, vi.fn()), systemClock.after(ms, vi.fn())];
    onTestFinished(() => cancels.forEach((cancel) => void cancel()));
    expect(timers.mock.results.map(({ value }) => value.hasRef())).toEqual([false, true]);
  });
});
