import { describe, expect, it, vi } from "vitest";

import { manualClock, settled } from "../base/fixtures/clocks.ts";
import { seededRandom } from "../base/index.ts";
import { pipeline } from "../pipeline/index.ts";
import { TimeoutPolicy } from "../timeout/index.ts";
import { AdaptiveLimiter, type AdaptiveLimiterOptions } from "./adaptive-limiter.ts";
import { SimulatedServer } from "./fixtures/simulated-server.ts";
import { LoadShedError } from "./load-shed-error.ts";

function setup(options: Partial<AdaptiveLimiterOptions> = {}) {
  const clock = manualClock();
  const limiter = new AdaptiveLimiter({ name: "search", clock, ...options });
  const hold = () => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const ended = limiter.execute(() => promise);
    return { ended, release: () => resolve("pong"), fail: reject };
  };
  return { clock, limiter, hold };
}

describe("an adaptive limiter", () => {
  it("hands on what the call returns or throws", async () => {
    const { limiter } = setup();
    await expect(limiter.execute(() => "pong")).resolves.toBe("pong");
    await expect(limiter.execute(() => Promise.reject("down"))).rejects.toBe("down");
    await expect(limiter.execute(() => Promise.reject(new TypeError("ours")))).rejects.toThrow();
    const full = { status: 507 };
    // The server is broken, although to ask again is of no use.
    await expect(limiter.execute(() => Promise.reject(full))).rejects.toBe(full);
    expect(limiter.stats()).toMatchObject({ successes: 1, dropped: 2, ignored: 1, inFlight: 0 });
  });

  it("refuses what goes beyond its limit, at once", async () => {
    const { limiter, hold } = setup({ initialLimit: 2, captureStack: true });
    const calls = [hold(), hold()];
    const refused = await limiter.execute(() => "pong").catch((error: Error) => error);
    expect(refused).toMatchObject({
      name: "LoadShedError",
      code: "KINTSUGI_LOAD_SHED",
      message: '"search" has reached its limit',
      policy: "search",
      reason: "limit",
    });
    expect((refused as Error).stack).toContain("adaptive-limiter.test.ts");
    expect(limiter.stats()).toMatchObject({ limit: 2, inFlight: 2, rejected: 1 });
    for (const call of calls) call.release();
    await calls[0]?.ended;
    await expect(limiter.execute(() => "pong")).resolves.toBe("pong");
  });

  it("learns from those that began in one window, and says how the limit changed", async () => {
    const onLimit = vi.fn();
    const { limiter, clock, hold } = setup({
      initialLimit: 4,
      minSamples: 2,
      windowMs: 100,
      onLimit,
    });
    const round = async (ms: number): Promise<void> => {
      const calls = [hold(), hold(), hold(), hold()];
      await clock.advance(ms);
      for (const call of calls) call.release();
      await Promise.all(calls.map(({ ended }) => ended));
    };
    await round(100);
    expect(limiter.stats()).toMatchObject({ state: "steady", limit: 4, baselineMs: 100 });
    await round(100);
    expect(onLimit.mock.calls).toEqual([[{ limiter: "search", from: 4, to: 6 }]]);
  });

  it("is not held up by a call that hangs, nor told of it windows later", async () => {
    const { limiter, clock, hold } = setup({ initialLimit: 20, minSamples: 10, windowMs: 100 });
    const round = async (count: number): Promise<void> => {
      const calls = Array.from({ length: count }, hold);
      await clock.advance(100);
      for (const call of calls) call.release();
      await Promise.all(calls.map(({ ended }) => ended));
    };
    const hung = hold();
    await round(9);
    expect(limiter.stats()).toMatchObject({ state: "steady", baselineMs: 100 });
    for (let window = 0; window < 2; window += 1) await round(19);
    const { limit } = limiter.stats();
    const current = Array.from({ length: 9 }, hold);
    hung.release();
    await clock.advance(100);
    for (const call of current) call.release();
    await Promise.all(current.map(({ ended }) => ended));
    expect(limiter.stats()).toMatchObject({ baselineMs: 100, limit });
  });

  it("shrinks where calls fail as they do under overload", async () => {
    const { limiter, clock, hold } = setup({ initialLimit: 10, minSamples: 4, windowMs: 100 });
    const calls = [hold(), hold(), hold(), hold()];
    await clock.advance(100);
    for (const call of calls) call.fail({ status: 429 });
    await Promise.allSettled(calls.map(({ ended }) => ended));
    expect(limiter.stats()).toMatchObject({ limit: 9, dropped: 4 });
  });

  it("learns of its first window from when it was made", async () => {
    const { clock } = setup();
    await clock.advance(5_000);
    const limiter = new AdaptiveLimiter({ name: "late", minSamples: 1, windowMs: 100, clock });
    await limiter.execute(() => "pong");
    expect(limiter.stats().state).toBe("measuring");
    await clock.advance(100);
    await limiter.execute(() => "pong");
    expect(limiter.stats().state).toBe("steady");
  });

  it("counts a call that begins when the time of a window is over for the next", async () => {
    const { limiter, clock, hold } = setup({ minSamples: 1, windowMs: 100 });
    const quick = hold();
    await clock.advance(50);
    quick.release();
    await quick.ended;
    await clock.advance(100);
    const slow = hold();
    await clock.advance(1_000);
    slow.release();
    await slow.ended;
    expect(limiter.stats()).toMatchObject({ state: "steady", baselineMs: 50 });
  });

  it("learns nothing from calls that fail by their own fault", async () => {
    const { limiter, clock, hold } = setup({ minSamples: 1, windowMs: 100 });
    const call = hold();
    await clock.advance(100);
    const ours = new TypeError("ours");
    call.fail(ours);
    await expect(call.ended).rejects.toBe(ours);
    expect(limiter.stats()).toMatchObject({ state: "measuring", limit: 20, ignored: 1 });
  });

  it("probes under load when the interval is over, and up to 15 % later by chance", async () => {
    const latest = { next: () => 1, uuid: () => "" };
    const interval = { minSamples: 2, windowMs: 100, probeIntervalMs: 1_000 };
    const { limiter, clock, hold } = setup({ ...interval, initialLimit: 2, random: latest });
    const seen: string[] = [];
    for (let window = 0; window < 13; window += 1) {
      const calls = Array.from({ length: limiter.stats().limit }, hold);
      await clock.advance(100);
      for (const call of calls) call.release();
      await Promise.all(calls.map(({ ended }) => ended));
      seen.push(limiter.stats().state);
    }
    // The first window ends at 100 ms, and the probe is due at 1,250.
    expect(seen).toEqual([...Array(12).fill("steady"), "probing"]);
  });

  it("tells of a listener that throws, and goes on", async () => {
    const onListenerError = vi.fn();
    const worse = new Error("the listener is broken");
    const { limiter, clock, hold } = setup({
      initialLimit: 10,
      minSamples: 1,
      windowMs: 100,
      onLimit: () => {
        throw worse;
      },
      onListenerError,
    });
    const call = hold();
    await clock.advance(100);
    call.fail({ status: 503 });
    await expect(call.ended).rejects.toEqual({ status: 503 });
    expect(onListenerError.mock.calls).toEqual([[worse]]);
    expect(limiter.stats().limit).toBe(9);
  });

  it("captures no stack with a refusal unless it is told to", async () => {
    const { limiter, hold } = setup({ initialLimit: 1 });
    hold();
    const refused = await limiter.execute(() => "pong").catch((error: Error) => error);
    expect((refused as Error).stack).not.toContain("adaptive-limiter.test.ts");
    expect(new LoadShedError("search", "limit").stack).not.toContain("adaptive-limiter.test.ts");
  });

  it("counts work that goes on after its call has timed out", async () => {
    const { limiter, clock } = setup({ initialLimit: 1 });
    const guarded = pipeline(limiter, new TimeoutPolicy({ timeoutMs: 100, clock }));
    const work = Promise.withResolvers<void>();
    const failure = expect(guarded.execute(() => work.promise)).rejects.toThrow("longer than");
    await clock.advance(200);
    await failure;
    await expect(guarded.execute(() => "pong")).rejects.toThrow("has reached its limit");
    work.resolve();
    await settled();
    expect(limiter.stats().inFlight).toBe(0);
    await expect(guarded.execute(() => "pong")).resolves.toBe("pong");
  });

  it.each([
    [{ initialLimit: 0 }, "initialLimit must be a whole number of at least 1, got 0"],
    [{ minLimit: 5, maxLimit: 4 }, "maxLimit must be a whole number of at least 5, got 4"],
    [{ windowMs: 0 }, "windowMs must be a whole number of at least 1, got 0"],
    [{ minSamples: 0 }, "minSamples must be a whole number of at least 1, got 0"],
    [{ tolerance: 0.9 }, "tolerance must be a number from 1 to 10, got 0.9"],
    [{ smoothing: 2 }, "smoothing must be a number above 0 to 1, got 2"],
    [{ probeIntervalMs: 0 }, "probeIntervalMs must be a whole number of at least 1, got 0"],
  ])("is refused when it is made: %j", (options, message) => {
    expect(() => setup(options)).toThrow(new RangeError(message));
  });
});

/**
 * Worlds and seeds by which no number was chosen: those of the limiter were tried on servers with 4, 8,
 * 12, 20, 30, 50, 100 and 150 workers, under other seeds.
 */
const worlds = [
  { workers: 16, serviceMs: 80, spread: 0.8, overload: 2.2 },
  { workers: 40, serviceMs: 200, spread: 0.5, overload: 1.7 },
  { workers: 90, serviceMs: 120, spread: 0.65, overload: 3 },
];

describe.each(worlds)("a server of $workers workers under $overload times its load", (given) => {
  const simulate = (seed: string) => {
    const random = seededRandom(seed);
    const { workers, serviceMs, spread, overload } = given;
    const world = { workers, serviceMs, spread, arrivalsPerMs: (overload * workers) / serviceMs };
    const server = new SimulatedServer(world, random);
    const limiter = new AdaptiveLimiter({ name: "server", clock: server.clock, random });
    const observe = (ms: number) => server.run(limiter, () => limiter.stats().limit, ms);
    const expectKnee = (ms: number): void => {
      const seen = observe(ms);
      const { workers: knee, serviceMs: alone } = server.world;
      // A tenth of tolerance and room for a queue are meant; as much again is for chance.
      const most = 1.2 * knee + 3 * Math.sqrt(knee);
      expect(seen.meanLimit).toBeGreaterThan(knee);
      expect(seen.meanLimit).toBeLessThan(most);
      expect((seen.answered * alone) / knee / ms).toBeGreaterThan(0.95);
      expect(seen.meanLatencyMs / alone).toBeLessThan(most / knee);
    };
    return { server, world, observe, expectKnee };
  };

  it.each(["unseen 1", "unseen 2", "unseen 3"])(
    "is kept at its knee, through a slowdown and after it (%s)",
    (seed) => {
      const { server, world, observe, expectKnee } = simulate(seed);
      observe(30_000);
      expectKnee(20_000);
      server.world = { ...world, workers: world.workers / 2 };
      observe(90_000);
      expectKnee(20_000);
      server.world = { ...world, serviceMs: world.serviceMs * 3 };
      observe(90_000);
      expectKnee(20_000);
      server.world = world;
      observe(60_000);
      expectKnee(20_000);
    },
  );
});
