import { describe, expect, it, vi } from "vitest";

import { CircuitBreaker } from "./breaker.ts";
import { codeOf, endOf, fired } from "./fixtures/fired.ts";

describe("the time limit of a call", () => {
  it("ends it with a failure of the breaker, told as a time-out first", async () => {
    const { breaker, fire, clock, told, brought } = fired({ timeout: 50 });
    const end = endOf(breaker.fire(1, 80));
    await clock.advance(50);
    const error = await end;
    expect(codeOf(error)).toBe("ETIMEDOUT");
    expect(String(error)).toBe("Error: Timed out after 50ms");
    expect(CircuitBreaker.isOurError(error)).toBe(true);
    expect(told).toEqual(["fire", "timeout", "failure", "open"]);
    expect(brought("timeout")).toEqual([[error, 50, [1, 80]]]);
    expect(brought("failure")).toEqual([[error, 50, [1, 80]]]);
    expect(breaker.stats).toMatchObject({ timeouts: 1, failures: 1, fires: 1 });
    expect(codeOf(await fire(1))).toBe("EOPENBREAKER");
  });

  it("counts how long it took once, not as a time-out and as a failure", async () => {
    const { breaker, clock } = fired({ timeout: 50 });
    const end = endOf(breaker.fire(1, 80));
    await clock.advance(50);
    await end;
    expect(breaker.stats.latencyTimes).toEqual([50]);
  });

  it("takes no notice of how the work ends later", async () => {
    const { breaker, clock, told } = fired({ timeout: 50, errorThresholdPercentage: 100 });
    const ends = [endOf(breaker.fire(1, 80)), endOf(breaker.fire(-1, 80))];
    await clock.advance(100);
    expect((await Promise.all(ends)).map(codeOf)).toEqual(["ETIMEDOUT", "ETIMEDOUT"]);
    expect(told.filter((event) => event === "success")).toEqual([]);
    expect(breaker.stats).toMatchObject({ failures: 2, successes: 0 });
  });

  it.each([false, 0] as const)("is none with %s, and no timer is set", async (timeout) => {
    const { breaker, clock } = fired({ timeout });
    const end = breaker.fire(1, 1e9);
    expect(clock.pending).toBe(1); // Of the action.
    await clock.advance(1e9);
    expect(await end).toBe(1);
  });

  it("may be another one from the next call on", async () => {
    const { breaker, clock } = fired({ timeout: 50 });
    breaker.options.timeout = 10;
    const end = endOf(breaker.fire(1, 20));
    await clock.advance(10);
    expect(String(await end)).toBe("Error: Timed out after 10ms");
  });

  it.each([
    [undefined, 1],
    [true, 0],
  ])(
    "is kept to the millisecond where calls overlap, if that is asked for: %s",
    async (exact, lateMs) => {
      const { breaker, clock, brought } = fired({ timeout: 50, exact });
      const ends = [endOf(breaker.fire(1, 80)), endOf(breaker.fire(2, 80))];
      await clock.advance(60);
      expect((await Promise.all(ends)).map(codeOf)).toEqual(["ETIMEDOUT", "ETIMEDOUT"]);
      expect(brought("timeout").map(([, tookMs]) => tookMs)).toEqual([50, 50 + lateMs]);
    },
  );

  it("that the filter lets pass is a success, and still how the call ends", async () => {
    const { breaker, clock, told } = fired({
      timeout: 50,
      errorFilter: (error) => error.code === "ETIMEDOUT",
    });
    const end = endOf(breaker.fire(1, 80));
    await clock.advance(50);
    expect(codeOf(await end)).toBe("ETIMEDOUT");
    expect(told).toEqual(["fire", "timeout", "success"]);
    expect(breaker.closed).toBe(true);
  });
});

describe("an abort controller", () => {
  const late = async (options: Parameters<typeof fired>[0]) => {
    const all = fired({ timeout: 50, resetTimeout: 100, ...options });
    const end = endOf(all.breaker.fire(1, 80));
    await all.clock.advance(50);
    await end;
    return all;
  };

  it("is aborted when the time of a call is up", async () => {
    const abortController = new AbortController();
    const { breaker } = await late({ abortController });
    expect(breaker.getAbortController()).toBe(abortController);
    expect(breaker.getSignal()?.aborted).toBe(true);
  });

  it("is not renewed where that is not asked for, or not needed", async () => {
    const abortController = new AbortController();
    const aborted = await late({ abortController, volumeThreshold: 2 });
    expect(aborted.breaker.getAbortController()).toBe(abortController);
    const { breaker } = fired({ autoRenewAbortController: true });
    expect(breaker.getAbortController()).toBe(breaker.getAbortController());
  });

  it("is let alone by calls that end in time", async () => {
    const abortController = new AbortController();
    const { fire } = fired({ timeout: 50, abortController });
    await fire(1, 40);
    await fire(-1, 40);
    expect(abortController.signal.aborted).toBe(false);
  });

  it("need be no more than something to abort", async () => {
    const abort = vi.fn();
    const abortController = { abort } as unknown as AbortController;
    const { breaker } = await late({ abortController, autoRenewAbortController: true });
    expect(abort).toHaveBeenCalledExactlyOnceWith();
    expect(breaker.getSignal()).toBeUndefined();
  });

  it("must be able to abort", () => {
    const abortController = {} as AbortController;
    expect(() => fired({ abortController })).toThrow(
      new TypeError("AbortController does not contain `abort()` method"),
    );
  });

  it("is not there where none is given, and is made where it is to be renewed", () => {
    const none = fired().breaker;
    expect([none.getSignal(), none.getAbortController()]).toEqual([undefined, undefined]);
    const one = fired({ autoRenewAbortController: true }).breaker;
    expect(one.getAbortController()).toBeInstanceOf(AbortController);
    expect(one.getSignal()?.aborted).toBe(false);
  });

  it("is renewed when the circuit is half-open, and before that stays aborted", async () => {
    const { breaker, clock } = await late({ autoRenewAbortController: true });
    const first = breaker.getSignal();
    expect(first?.aborted).toBe(true);
    await clock.advance(100);
    expect(breaker.getSignal()?.aborted).toBe(false);
    expect(breaker.getSignal()).not.toBe(first);
  });

  it("is renewed when the circuit is closed by hand", async () => {
    const { breaker } = await late({ autoRenewAbortController: true });
    breaker.close();
    expect(breaker.getSignal()?.aborted).toBe(false);
  });

  it("is renewed for the next who asks where the circuit has not opened (trap 16)", async () => {
    const { breaker } = await late({ autoRenewAbortController: true, volumeThreshold: 2 });
    expect(breaker.closed).toBe(true);
    expect(breaker.getSignal()?.aborted).toBe(false);
  });
});

describe("the capacity of a breaker", () => {
  it("is without a limit where none is set", () => {
    const { breaker } = fired();
    expect(breaker.options.capacity).toBe(Number.MAX_SAFE_INTEGER);
    void breaker.fire(1, 10);
    expect(breaker.semaphore.count).toBe(Number.MAX_SAFE_INTEGER - 1);
  });

  it("turns away what is more, as a failure without a latency", async () => {
    const { breaker, clock, begun, told, brought } = fired({
      capacity: 1,
      errorThresholdPercentage: 99,
    });
    const first = breaker.fire(1, 50);
    expect(breaker.semaphore.count).toBe(0);
    await clock.advance(20);
    const error = await endOf(breaker.fire(2));
    expect(codeOf(error)).toBe("ESEMLOCKED");
    expect(CircuitBreaker.isOurError(error)).toBe(true);
    expect(told).toEqual(["fire", "fire", "semaphoreLocked", "failure"]);
    expect(brought("semaphoreLocked")).toEqual([[error, 0]]);
    expect(breaker.stats).toMatchObject({ semaphoreRejections: 1, failures: 1, latencyTimes: [] });
    await clock.advance(30);
    expect(await first).toBe(1);
    expect(breaker.semaphore.count).toBe(1);
    expect(await breaker.fire(3)).toBe(3);
    expect(begun).toEqual([1, 3]);
  });

  it("turns away calls to the fallback", async () => {
    const { breaker } = fired({ capacity: 1 });
    breaker.fallback((_answer, _afterMs, error) => codeOf(error));
    void breaker.fire(1, 50);
    expect(await breaker.fire(2, 0)).toBe("ESEMLOCKED");
  });

  it("gives places back also where the action throws", async () => {
    const breaker = new CircuitBreaker(
      () => {
        throw new Error("at once");
      },
      { capacity: 1, errorThresholdPercentage: 100 },
    );
    await endOf(breaker.fire());
    expect(await endOf(breaker.fire())).toEqual(new Error("at once"));
    expect(breaker.semaphore.count).toBe(1);
  });

  it("lets nobody in when it is 0", async () => {
    const { fire, begun } = fired({ capacity: 0 });
    expect(codeOf(await fire(1))).toBe("ESEMLOCKED");
    expect(begun).toEqual([]);
  });

  it("is taken by work that goes on after its time was up, until it ends (trap 15)", async () => {
    const { breaker, clock, running } = fired({
      capacity: 1,
      timeout: 10,
      errorThresholdPercentage: 100,
    });
    const counts: number[] = [];
    breaker.on("timeout", () => counts.push(breaker.semaphore.count));
    const end = endOf(breaker.fire(1, 50));
    await clock.advance(10);
    expect(codeOf(await end)).toBe("ETIMEDOUT");
    expect(codeOf(await endOf(breaker.fire(2)))).toBe("ESEMLOCKED");
    expect([counts, running()]).toEqual([[0], 1]);
    await clock.advance(40);
    expect(breaker.semaphore.count).toBe(1);
    expect(await breaker.fire(3)).toBe(3);
  });

  it("is free again when the time is up, where the peer's way is asked for", async () => {
    const { breaker, clock, running } = fired({
      capacity: 1,
      timeout: 10,
      errorThresholdPercentage: 100,
      releaseOnTimeout: true,
    });
    const counts: number[] = [];
    breaker.on("timeout", () => counts.push(breaker.semaphore.count));
    const ends = [endOf(breaker.fire(1, 50))];
    await clock.advance(10);
    ends.push(endOf(breaker.fire(2, 50)));
    expect([counts, running()]).toEqual([[1], 2]);
    await clock.advance(50);
    expect((await Promise.all(ends)).map(codeOf)).toEqual(["ETIMEDOUT", "ETIMEDOUT"]);
  });

  it("opens a half-open circuit again where the trial finds no place", async () => {
    const { breaker, clock } = fired({ capacity: 1, timeout: 10, resetTimeout: 100 });
    const end = endOf(breaker.fire(1, 500));
    await clock.advance(110);
    await end;
    expect(breaker.halfOpen).toBe(true);
    expect(codeOf(await endOf(breaker.fire(2)))).toBe("ESEMLOCKED");
    expect(breaker.opened).toBe(true);
  });
});
