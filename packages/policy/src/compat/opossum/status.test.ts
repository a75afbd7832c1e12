import { describe, expect, it } from "vitest";

import { manualClock } from "../../base/fixtures/clocks.ts";
import { CircuitBreaker } from "./breaker.ts";
import { Emitter } from "./emitter.ts";
import { fired } from "./fixtures/fired.ts";
import { Status, type StatusOptions } from "./status.ts";
import type { Stats } from "./window.ts";

const setup = (options: StatusOptions = {}) => {
  const clock = manualClock();
  return { clock, status: new Status({ clock, ...options }) };
};

const controller = () => {
  const emitter = new Emitter<{ readonly rotate: readonly [] }>(() => {});
  return { emitter, count: () => emitter.listenerCount("rotate") };
};

/** What a stranger has stored. */
const earlier: Partial<Stats> = {
  failures: 1,
  fallbacks: 1,
  successes: 1,
  rejects: 1,
  fires: 1,
  timeouts: 1,
  cacheHits: 1,
  cacheMisses: 1,
  semaphoreRejections: 1,
  latencyTimes: [30, 10],
};

describe("the window of a status", () => {
  it("has ten slices of a second, where nothing or 0 is said", async () => {
    for (const options of [{}, { rollingCountBuckets: 0, rollingCountTimeout: 0 }]) {
      const { status, clock } = setup(options);
      status.increment("fires");
      expect(status.window).toHaveLength(10);
      await clock.advance(9_999);
      expect(status.stats.fires).toBe(1);
      await clock.advance(1);
      expect(status.stats.fires).toBe(0);
    }
  });

  it("shows the newest slice first, and moves on when somebody looks", async () => {
    const { status, clock } = setup({ rollingCountTimeout: 200, rollingCountBuckets: 2 });
    const successes = () => status.window.map((bucket) => bucket.successes);
    status.increment("successes", 5);
    expect(successes()).toEqual([1, 0]);
    await clock.advance(100);
    status.increment("successes", 5);
    status.increment("successes", 5);
    expect(successes()).toEqual([2, 1]);
    await clock.advance(100);
    expect(successes()).toEqual([0, 2]);
    await clock.advance(100);
    expect(successes()).toEqual([0, 0]);
  });

  it("shows when the circuit opened and closed", async () => {
    const { breaker, fire, clock } = fired({ resetTimeout: 1_000 });
    const marks = () => breaker.status.window.map((bucket) => bucket.isCircuitBreakerOpen);
    await fire(-1);
    expect(marks()[0]).toBe(true);
    await clock.advance(1_000);
    await fire(1);
    expect(marks().slice(0, 3)).toEqual([false, true, undefined]);
  });

  it("gives copies: nobody changes it from outside", () => {
    const { status } = setup();
    for (const bucket of [...status.window, status.stats]) bucket.fires = 99;
    expect(status.stats.fires).toBe(0);
  });

  it("sets no timer, however much happens", async () => {
    const { status, clock } = setup();
    for (let count = 0; count < 100; count += 1) {
      status.increment("fires");
      await clock.advance(70);
    }
    expect(clock.pending).toBe(0);
  });
});

describe("the latencies of a status", () => {
  it("are 0 before the first call", () => {
    const { latencyMean, percentiles, latencyTimes } = setup().status.stats;
    expect([latencyMean, latencyTimes, new Set(Object.values(percentiles))]).toEqual([
      0,
      [],
      new Set([0]),
    ]);
    expect(Object.keys(percentiles).map(Number).toSorted()).toEqual([
      0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 1,
    ]);
  });

  it("are sorted, and read off by rank", () => {
    const { status } = setup();
    for (const ms of [40, 10, 30, 20.4]) status.increment("successes", ms);
    const { latencyTimes, latencyMean, percentiles } = status.stats;
    expect(latencyTimes).toEqual([10, 20, 30, 40]);
    expect(latencyMean).toBe(25);
    expect(percentiles).toMatchObject({ 0: 10, 0.25: 10, 0.5: 20, 0.75: 30, 0.9: 40, 1: 40 });
  });

  it("are of all slices", async () => {
    const { status, clock } = setup();
    status.increment("failures", 7);
    await clock.advance(1_000);
    status.increment("successes", 3);
    status.increment("successes", 7);
    expect(status.stats.latencyTimes).toEqual([3, 7, 7]);
  });

  it("are -1, and not kept at all, where they are not wanted (trap 20)", async () => {
    const { breaker, fire } = fired({ rollingPercentilesEnabled: false });
    await fire(1, 50);
    const { latencyMean, percentiles, latencyTimes } = breaker.stats;
    expect(breaker.status.rollingPercentilesEnabled).toBe(false);
    expect([latencyMean, latencyTimes, new Set(Object.values(percentiles))]).toEqual([
      -1,
      [],
      new Set([-1]),
    ]);
    expect(breaker.status.window[0]?.latencyTimes).toEqual([]);
  });

  it("are not looked at when a call fails, however many there are (trap 19)", async () => {
    const { breaker, fire } = fired({ volumeThreshold: 1 });
    for (let count = 0; count < 1_000; count += 1) breaker.status.increment("fires");
    const { status } = breaker;
    Object.defineProperty(status, "stats", {
      get: () => {
        throw new Error("looked at");
      },
    });
    await fire(-1);
    expect(breaker.closed).toBe(true); // 1 of 1,001.
  });
});

describe("a snapshot", () => {
  it("comes once a slice while somebody listens, and without a timer else", async () => {
    const { breaker, fire, clock } = fired();
    expect(breaker.status.enableSnapshots).toBe(true);
    await fire(1);
    await clock.advance(1);
    expect(clock.pending).toBe(0);
    const seen: number[] = [];
    const see = (stats: Stats): void => void seen.push(stats.fires);
    breaker.status.on("snapshot", see);
    breaker.status.on("snapshot", see);
    expect(clock.pending).toBe(1);
    await clock.advance(2_000);
    expect(seen).toEqual([1, 1, 1, 1]);
    breaker.status.off("snapshot", see);
    breaker.status.off("snapshot", see);
    expect(clock.pending).toBe(0);
  });

  it("may be waited for once", async () => {
    const { status, clock } = setup();
    const seen: unknown[] = [];
    status.once("snapshot", (stats) => seen.push(stats));
    await clock.advance(5_000);
    expect(seen).toEqual([status.stats]);
    expect(clock.pending).toBe(0);
    status.once("snapshot", (stats) => seen.push(stats));
    await clock.advance(5_000);
    expect(seen).toHaveLength(2);
  });

  it("does not come where it is switched off", async () => {
    const { breaker, clock } = fired({ enableSnapshots: false });
    breaker.status.on("snapshot", () => expect.unreachable());
    expect(clock.pending).toBe(0);
    await clock.advance(5_000);
    expect(breaker.status.enableSnapshots).toBe(false);
  });

  it("does not come after the shutdown", async () => {
    const { breaker, clock } = fired();
    breaker.status.on("snapshot", () => expect.unreachable());
    breaker.shutdown();
    expect(breaker.status.listenerCount("snapshot")).toBe(0);
    breaker.status.on("snapshot", () => expect.unreachable());
    expect(clock.pending).toBe(0);
    await clock.advance(5_000);
  });
});

describe("a controller of the slices", () => {
  it("ends them in place of the time", async () => {
    const { emitter } = controller();
    const { breaker, fire, clock } = fired({
      rotateBucketController: emitter,
      rollingCountBuckets: 2,
      rollingCountTimeout: 10,
    });
    await fire(-1);
    await clock.advance(1_000);
    expect(breaker.stats.failures).toBe(1);
    emitter.emit("rotate");
    expect(breaker.stats.failures).toBe(1);
    emitter.emit("rotate");
    expect(breaker.stats.failures).toBe(0);
  });

  it("is listened to once, and not while the breaker is disabled", () => {
    const { emitter, count } = controller();
    const [one, other] = [emitter, emitter].map(
      (rotateBucketController) => fired({ rotateBucketController }).breaker,
    );
    expect(count()).toBe(2);
    one?.enable();
    expect(count()).toBe(2);
    one?.disable();
    one?.disable();
    expect(count()).toBe(1);
    one?.enable();
    expect(count()).toBe(2);
    one?.shutdown();
    other?.shutdown();
    expect(count()).toBe(0);
  });
});

describe("figures to begin with", () => {
  it("may be a status, which goes on from there", async () => {
    const clock = manualClock();
    const status = CircuitBreaker.newStatus({ stats: earlier, clock });
    expect(status).toBeInstanceOf(Status);
    const { breaker, fire } = fired({ status, errorThresholdPercentage: 60, clock });
    expect(breaker.status).toBe(status);
    await fire(1);
    await fire(-1);
    expect(breaker.stats).toMatchObject({ fires: 3, failures: 2, successes: 2 });
    expect(breaker.opened).toBe(true); // 2 of 3.
  });

  it("may be bare, and leave some out", () => {
    const { failures: _, ...others } = earlier;
    const { breaker } = fired({ status: others, rollingCountBuckets: 3 });
    expect(breaker.stats).toMatchObject({ ...others, failures: 0, latencyTimes: [10, 30] });
    expect(breaker.stats.coalesceCacheHits).toBe(0);
    expect(breaker.status.window).toHaveLength(3);
  });
});
