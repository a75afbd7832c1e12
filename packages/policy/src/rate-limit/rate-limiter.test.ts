import { getEventListeners } from "node:events";
import { describe, expect, it, vi } from "vitest";

import { manualClock, settled } from "../base/fixtures/clocks.ts";
import { CircuitBreaker } from "../circuit-breaker/index.ts";
import type { Classifier } from "../classify/index.ts";
import { pipeline } from "../pipeline/index.ts";
import { TimeoutPolicy } from "../timeout/index.ts";
import { RateLimiter } from "./rate-limiter.ts";
import { RateLimitedError, type RateLimiterOptions } from "./rate-options.ts";

const left = new Error("user left");
const slow = (headers: Record<string, string>) =>
  Object.assign(new Error("slow down"), { status: 429, headers });

const waiting: Classifier = {
  classify: () => ({
    class: "rate-limit",
    retryable: true,
    outcome: "ignore",
    evidence: "the test",
    retryAfterMs: 3_000,
  }),
};

function setup(options: Partial<RateLimiterOptions> = {}) {
  const clock = manualClock();
  const limiter = new RateLimiter({ name: "model", clock, ...options });
  return { clock, limiter, spent: () => limiter.stats().budgets.map(({ spent }) => spent) };
}

describe("a limit on requests", () => {
  it("hands on what the call returns or throws, as long as there is room", async () => {
    const { limiter, spent } = setup({ requestsPerMinute: 3 });
    await expect(limiter.execute(() => "pong")).resolves.toBe("pong");
    await expect(limiter.execute(() => Promise.reject(left))).rejects.toBe(left);
    expect(spent()).toEqual([2]);
    expect(limiter.stats()).toMatchObject({ admitted: 2, reserved: 0, rejected: 0 });
  });

  it("refuses what comes after, says when to come again, and means it", async () => {
    const onReject = vi.fn();
    const { limiter, clock } = setup({ requestsPerMinute: 1, whenFull: "reject", onReject });
    await limiter.execute(() => "pong");
    const refused = await limiter.execute(() => "pong").catch((error: RateLimitedError) => error);
    expect(refused).toMatchObject({
      name: "RateLimitedError",
      code: "KINTSUGI_RATE_LIMITED",
      message: 'Rate limiter "model" has spent its budget',
      reason: "spent",
      retryAfterMs: 61_000,
    });
    expect(onReject.mock.calls).toEqual([
      [{ limiter: "model", reason: "spent", retryAfterMs: 61_000 }],
    ]);
    await clock.advance(60_999);
    await expect(limiter.execute(() => "pong")).rejects.toMatchObject({ retryAfterMs: 1 });
    await clock.advance(1);
    await expect(limiter.execute(() => "pong")).resolves.toBe("pong");
  });

  it("is held in every window at once", async () => {
    const { limiter, clock } = setup({
      requestsPerSecond: 2,
      requestsPerMinute: 3,
      whenFull: "reject",
    });
    const ask = () => limiter.execute(() => "pong").catch(({ reason }) => reason as string);
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(["pong", "pong", "spent"]);
    await clock.advance(1_017);
    expect(await Promise.all([ask(), ask()])).toEqual(["pong", "spent"]);
  });

  it("is spent evenly where not all of it may be spent at once", async () => {
    const { limiter, clock } = setup({ requestsPerMinute: 60, burst: 0 });
    const startsMs: number[] = [];
    const call = (): void => void startsMs.push(clock.monotonicMs());
    const all = Promise.all(Array.from({ length: 4 }, () => limiter.execute(call)));
    await clock.advance(3_000);
    await all;
    expect(startsMs).toEqual([0, 1_000, 2_000, 3_000]);
    expect(clock.pending).toBe(0);
  });
});

describe("a limit on tokens", () => {
  const costOf = (answer: unknown) => (answer as { readonly tokens: number }).tokens;

  it("is never broken by calls that run at once: what they may cost is reserved before", async () => {
    const queueTimeoutMs = 1_000_000;
    const { limiter, clock } = setup({ tokensPerMinute: 100, costOf, cost: 10, queueTimeoutMs });
    const usedAtMs: { readonly atMs: number; readonly tokens: number }[] = [];
    const call = async (): Promise<{ tokens: number }> => {
      const atMs = clock.monotonicMs();
      const tokens = 1 + (usedAtMs.length % 10);
      usedAtMs.push({ atMs, tokens });
      await new Promise((resolve) => clock.after(500, () => resolve(undefined)));
      return { tokens };
    };
    const all = Promise.all(Array.from({ length: 60 }, () => limiter.execute(call)));
    await clock.advance(10 * 61_000);
    await all;
    expect(usedAtMs.length).toBe(60);
    for (const { atMs: endMs } of usedAtMs) {
      const within = usedAtMs.filter(({ atMs }) => atMs > endMs - 60_000 && atMs <= endMs);
      expect(within.reduce((sum, { tokens }) => sum + tokens, 0)).toBeLessThanOrEqual(100);
    }
    // Settling gave back what was not used: 60 reservations of 10 alone would need five minutes more.
    expect(usedAtMs.at(-1)?.atMs).toBeLessThan(4 * 61_000);
  });

  it("gives back what a call did not cost, to the time in which it was reserved", async () => {
    const { limiter, clock, spent } = setup({ tokensPerMinute: 100 });
    const reservation = await limiter.reserve({ cost: 80 });
    await clock.advance(30_000);
    reservation.settle(10);
    reservation.settle(70);
    reservation.cancel();
    expect(spent()).toEqual([10]);
    await limiter.reserve({ cost: 90 });
    await clock.advance(31_000);
    expect(spent()).toEqual([90]);
  });

  it("has nothing left to give back when the reservation itself is old", async () => {
    const { limiter, clock, spent } = setup({ tokensPerMinute: 100 });
    const reservation = await limiter.reserve({ cost: 80 });
    await clock.advance(61_000);
    await limiter.reserve({ cost: 50 });
    reservation.settle(10);
    expect(spent()).toEqual([50]);
  });

  it("admits nothing until a call that cost more than it said is paid for", async () => {
    const { limiter, clock } = setup({ tokensPerMinute: 100, costOf, whenFull: "reject" });
    await limiter.with({ cost: 10 }).execute(() => ({ tokens: 150 }));
    await expect(limiter.execute(() => "pong")).rejects.toMatchObject({ retryAfterMs: 61_000 });
    await clock.advance(61_000);
    await expect(limiter.execute(() => ({ tokens: 1 }))).resolves.toEqual({ tokens: 1 });
  });

  it("keeps the reservation of a call that failed, and gives back that of one that never ran", async () => {
    const { limiter, clock, spent } = setup({ tokensPerMinute: 100, cost: 10 });
    await limiter.execute(() => Promise.reject(left)).catch(() => {});
    expect(spent()).toEqual([10]);
    const breaker = new CircuitBreaker({ name: "model", clock });
    breaker.isolate();
    await expect(pipeline(limiter, breaker).execute(() => "pong")).rejects.toThrow("isolated");
    expect(spent()).toEqual([10]);
    const reservation = await limiter.reserve({ cost: 20 });
    reservation.cancel();
    reservation.cancel();
    expect(spent()).toEqual([10]);
  });

  it("settles a call that failed for what its error says that it has cost", async () => {
    const { limiter, spent } = setup({ tokensPerMinute: 100, cost: 10 });
    const brokenOff = (tokens: number) =>
      Object.assign(new Error("cut"), { usage: { total_tokens: tokens } });
    for (const tokens of [70.5, -5]) {
      await limiter.execute(() => Promise.reject(brokenOff(tokens))).catch(() => {});
    }
    expect(spent()).toEqual([71 + 10]); // Nobody gets tokens back for nonsense.
  });

  it("keeps what was reserved where costOf does not say, or throws, which is reported", async () => {
    const broken = new Error("no usage");
    const onListenerError = vi.fn();
    const answers = [undefined, Number.NaN, -1];
    const { limiter, spent } = setup({
      tokensPerMinute: 100,
      cost: 10,
      onListenerError,
      costOf: () => {
        if (answers.length === 0) throw broken;
        return answers.shift();
      },
    });
    for (let call = 0; call < 4; call += 1) await limiter.execute(() => "pong");
    expect(spent()).toEqual([40]);
    expect(onListenerError.mock.calls).toEqual([[broken]]);
  });

  it("refuses what is dearer than the whole budget at once and for good", async () => {
    const { limiter } = setup({ tokensPerMinute: 100 });
    const refused = limiter.with({ cost: 101 }).execute(() => "pong");
    await expect(refused).rejects.toMatchObject({ reason: "too-large", retryAfterMs: 0 });
  });

  it("settles what a block reserved at its end, also when it throws", async () => {
    const { limiter, spent } = setup({ tokensPerMinute: 100 });
    await (async () => {
      using reservation = await limiter.reserve({ cost: 30 });
      expect(reservation.cost).toBe(30);
      throw left;
    })().catch(() => {});
    expect(spent()).toEqual([30]);
    expect(limiter.stats().reserved).toBe(0);
    const reservation = await limiter.reserve({});
    expect(() => reservation.settle(-1)).toThrow(RangeError);
  });
});

describe("calls that wait for a budget", () => {
  it("are served in their order, a cheap one never before a dear one", async () => {
    const { limiter, clock } = setup({ tokensPerMinute: 100, queueTimeoutMs: 200_000 });
    const order: string[] = [];
    await limiter.reserve({ cost: 60 });
    const dear = limiter.with({ cost: 80 }).execute(() => void order.push("dear"));
    const cheap = limiter.with({ cost: 5 }).execute(() => void order.push("cheap"));
    await settled();
    expect(order).toEqual([]);
    await clock.advance(61_000);
    await Promise.all([dear, cheap]);
    expect(order).toEqual(["dear", "cheap"]);
    expect(clock.pending).toBe(0);
  });

  it("leave at once when their caller does, and let the next one in if that fits", async () => {
    const { limiter } = setup({ tokensPerMinute: 100, queueTimeoutMs: 200_000 });
    await limiter.reserve({ cost: 60 });
    const controller = new AbortController();
    const dear = limiter.with({ cost: 80 }).execute(() => "dear", controller.signal);
    const cheap = limiter.with({ cost: 5 }).execute(() => "cheap");
    controller.abort(left);
    await expect(dear).rejects.toBe(left);
    await expect(cheap).resolves.toBe("cheap");
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    expect(limiter.stats()).toMatchObject({ abandoned: 1, waiting: 0, reserved: 1 });
  });

  it("are not started when they are abandoned in the moment in which they are called in", async () => {
    const { limiter, spent } = setup({ tokensPerMinute: 100, queueTimeoutMs: 200_000 });
    const reservation = await limiter.reserve({ cost: 100 });
    const controller = new AbortController();
    const waiting = limiter.with({ cost: 50 }).execute(() => "pong", controller.signal);
    reservation.settle(20);
    controller.abort(left);
    await expect(waiting).rejects.toBe(left);
    expect(spent()).toEqual([20]);
  });

  it("no longer stand in the way when they have been served", async () => {
    const { limiter, clock } = setup({ tokensPerMinute: 100, queueTimeoutMs: 70_000 });
    await limiter.reserve({ cost: 100 });
    const served = limiter.reserve({ cost: 100 });
    await clock.advance(61_000);
    await served;
    const next = limiter.reserve({ cost: 100 });
    await clock.advance(61_000);
    await expect(next).resolves.toMatchObject({ cost: 100 });
  });

  it("go on as soon as another call turns out to be cheaper", async () => {
    const { limiter } = setup({ tokensPerMinute: 100, queueTimeoutMs: 200_000 });
    const reservation = await limiter.reserve({ cost: 100 });
    const waiting = limiter.with({ cost: 50 }).execute(() => "pong");
    await settled();
    reservation.settle(20);
    await expect(waiting).resolves.toBe("pong");
  });

  it("are refused at once where the wait would be too long, or the queue is full", async () => {
    const { limiter, clock } = setup({ requestsPerMinute: 1, maxQueue: 1, queueTimeoutMs: 61_000 });
    await limiter.execute(() => "pong");
    await clock.advance(10);
    const waiting = limiter.execute(() => "pong");
    await expect(limiter.execute(() => "pong")).rejects.toMatchObject({ reason: "spent" });
    await clock.advance(61_000);
    await expect(waiting).resolves.toBe("pong");
    const impatient = setup({ requestsPerMinute: 1, queueTimeoutMs: 60_999 });
    await impatient.limiter.execute(() => "pong");
    await expect(impatient.limiter.execute(() => "pong")).rejects.toMatchObject({
      reason: "spent",
      retryAfterMs: 61_000,
    });
  });

  it("are turned away when the time is up that looked long enough", async () => {
    const { limiter, clock } = setup({ requestsPerMinute: 1, queueTimeoutMs: 61_000 });
    await limiter.execute(() => "pong");
    await clock.advance(10);
    const waiting = expect(limiter.execute(() => "pong")).rejects.toMatchObject({
      reason: "queue-timeout",
    });
    limiter.pause(90_000);
    await clock.advance(61_000);
    await waiting;
    expect(limiter.stats()).toMatchObject({ queueTimeouts: 1, rejected: 1, waiting: 0 });
    expect(clock.pending).toBe(0);
  });

  it("may claim a higher priority", async () => {
    const { limiter, clock } = setup({ requestsPerSecond: 1 });
    const order: string[] = [];
    const ask = (name: string, priority: number) =>
      limiter.with({ priority }).execute(() => void order.push(name));
    const all = Promise.all([ask("first", 0), ask("later", 0), ask("urgent", 5)]);
    await clock.advance(3_000);
    await all;
    expect(order).toEqual(["first", "urgent", "later"]);
  });
});

describe("a server that asks to be left alone", () => {
  it.each([
    ["", slow({ "retry-after": "7" }), {}, 7_000],
    [", as its own classifier reads it", "wait", { classifier: waiting }, 3_000],
    [", unless it is only what they left with", left, { classifier: waiting }, 0],
  ])("pauses although the caller has left by then%s", async (_, said, options, pausedMs) => {
    const { limiter } = setup(options);
    const caller = new AbortController();
    const call = async (): Promise<never> => {
      caller.abort(left);
      throw said;
    };
    await expect(limiter.execute(call, caller.signal)).rejects.toBe(said);
    expect(limiter.stats().pausedMs).toBe(pausedMs);
  });

  it.each([
    ["its time is up", slow({ "retry-after": "7" }), 7_000],
    ["its caller has left", slow({ "retry-after": "7" }), 7_000],
    ["another limit has refused it", new RateLimitedError("other", "spent", 9_000, false), 0],
  ])("is heard when it answers a call that is not waited for: %s", async (why, said, pausedMs) => {
    const { limiter, clock } = setup();
    const row = pipeline(limiter, new TimeoutPolicy({ timeoutMs: 100, clock }));
    const caller = new AbortController();
    const answer = Promise.withResolvers<never>();
    const call = row.execute(() => answer.promise, caller.signal).catch(() => {});
    if (why === "its caller has left") caller.abort(left);
    else await clock.advance(100);
    await call;
    expect(limiter.stats().pausedMs).toBe(0);
    answer.reject(said);
    await settled();
    expect(limiter.stats().pausedMs).toBe(pausedMs);
  });

  it("pauses everything for as long as it asks, and the clock of the wall has no say", async () => {
    const onPause = vi.fn();
    const { limiter, clock } = setup({ requestsPerMinute: 100, whenFull: "reject", onPause });
    await limiter.execute(() => Promise.reject(slow({ "retry-after": "7" }))).catch(() => {});
    expect(onPause.mock.calls).toEqual([[{ limiter: "model", pauseMs: 7_000 }]]);
    clock.jump(-3_600_000);
    await clock.advance(6_999);
    await expect(limiter.execute(() => "pong")).rejects.toMatchObject({
      reason: "paused",
      retryAfterMs: 1,
    });
    await clock.advance(1);
    await expect(limiter.execute(() => "pong")).resolves.toBe("pong");
  });

  it("is not obeyed for longer than maxPauseMs", () => {
    const { limiter } = setup({ maxPauseMs: 5_000 });
    limiter.observe({ "retry-after": "99999" });
    limiter.pause(Number.NaN);
    expect(limiter.stats().pausedMs).toBe(5_000);
  });

  it("is not what a policy inside is that refuses", async () => {
    const { limiter } = setup({ requestsPerMinute: 100 });
    const refused = new RateLimitedError("inner", "spent", 9_000);
    await limiter.execute(() => Promise.reject(refused)).catch(() => {});
    expect(limiter.stats().pausedMs).toBe(0);
  });
});

describe("a limiter that cannot work", () => {
  it.each([
    [{ requestsPerMinute: 0 }, "requestsPerMinute must be a whole number of at least 1, got 0"],
    [{ tokensPerDay: 1.5 }, "tokensPerDay must be a whole number of at least 1, got 1.5"],
    [{ burst: 2 }, "burst must be a number from 0 to 1, got 2"],
    [{ cost: -1 }, "cost must be a whole number of at least 0, got -1"],
    [{ maxQueue: -1 }, "maxQueue must be a whole number of at least 0, got -1"],
    [{ queueTimeoutMs: 0 }, "queueTimeoutMs must be a whole number of at least 1, got 0"],
    [{ whenFull: "queue" as "wait" }, 'whenFull must be "wait" or "reject", got "queue"'],
    [{ maxPauseMs: -1 }, "maxPauseMs must be a number from 0 to 1000000000000, got -1"],
  ])("is refused when it is made: %j", (options, message) => {
    expect(() => setup(options)).toThrow(new RangeError(message));
  });

  it("refuses a claim out of range", async () => {
    const { limiter } = setup();
    expect(() => limiter.with({ cost: 0.5 })).toThrow(RangeError);
    await expect(limiter.reserve({ priority: 10 })).rejects.toThrow(RangeError);
  });
});
