import { describe, expect, it, vi } from "vitest";

import { manualClock } from "../../base/fixtures/clocks.ts";
import { CircuitBreaker } from "./breaker.ts";
import { endOf, fired } from "./fixtures/fired.ts";
import { MemoryCache } from "./memory-cache.ts";
import type { ResetOn } from "./options.ts";

describe("a cache", () => {
  it("gives the answer of the same arguments again, also in the state open", async () => {
    const { breaker, fire, begun, told } = fired({ cache: true });
    expect([await fire(1), await fire(1), await fire(2)]).toEqual([1, 1, 2]);
    await endOf(breaker.fire(-1));
    breaker.open();
    expect(await fire(1)).toBe(1);
    expect(begun).toEqual([1, 2, -1]);
    expect(breaker.stats).toMatchObject({ cacheHits: 2, cacheMisses: 3, fires: 5 });
    expect(told.slice(0, 5)).toEqual(["fire", "cacheMiss", "success", "fire", "cacheHit"]);
  });

  it("gives it while the call is out to nobody: each makes its own", async () => {
    const { breaker, begun, clock } = fired({ cache: true });
    const ends = [breaker.fire(1, 10), breaker.fire(1, 10)];
    await clock.advance(10);
    await Promise.all(ends);
    expect(begun).toEqual([1, 1]);
  });

  it("keeps no failure", async () => {
    const { fire, begun } = fired({ cache: true, errorThresholdPercentage: 100 });
    await fire(-1);
    await fire(-1);
    expect(begun).toEqual([-1, -1]);
  });

  it("keeps an answer that is false, or nothing", async () => {
    const action = vi.fn(async (answer: unknown) => answer);
    const breaker = new CircuitBreaker(action, { cache: true });
    for (const answer of [false, 0, "", null]) {
      expect([await breaker.fire(answer), await breaker.fire(answer)]).toEqual([answer, answer]);
    }
    expect(action).toHaveBeenCalledTimes(4);
  });

  it("forgets when the time is over, or when it is told", async () => {
    const { breaker, fire, begun, clock } = fired({ cache: true, cacheTTL: 100 });
    await fire(1);
    await clock.advance(99);
    await fire(1);
    await clock.advance(1);
    await fire(1);
    breaker.clearCache();
    await fire(1);
    expect(begun).toEqual([1, 1, 1]);
  });

  it("never forgets by time where none is set", async () => {
    const { fire, begun, clock } = fired({ cache: true });
    await fire(1);
    await clock.advance(1e10);
    await fire(1);
    expect(begun).toEqual([1]);
  });

  it("keeps as many as are allowed, and throws out what came first", async () => {
    const { breaker, fire, begun } = fired({ cache: true, cacheSize: 2 });
    for (const answer of [1, 2, 3, 3, 1]) await fire(answer);
    expect(begun).toEqual([1, 2, 3, 1]);
    expect((breaker.options.cacheTransport as MemoryCache).cache.size).toBe(2);
  });

  it("has a key of one's own", async () => {
    const { breaker, fire, begun } = fired({ cache: true, cacheGetKey: (answer) => `n${answer}` });
    await fire(1, 10);
    await fire(1, 20);
    expect(begun).toEqual([1]);
    expect([...(breaker.options.cacheTransport as MemoryCache).cache.keys()]).toEqual(["n1"]);
  });

  it("fails the call whose key cannot be made", async () => {
    const loop: { self?: unknown } = {};
    loop.self = loop;
    const breaker = new CircuitBreaker(async (_: unknown) => 1, { cache: true });
    await expect(breaker.fire(loop)).rejects.toThrow(TypeError);
  });

  it("may be elsewhere, and is told in epoch time when to forget", async () => {
    const kept = new Map<string, unknown>();
    const set = vi.fn((key: string, value: unknown) => void kept.set(key, value));
    const { breaker, fire, begun, clock } = fired({
      cache: true,
      cacheTTL: 500,
      cacheTransport: { get: (key) => kept.get(key), set, flush: () => kept.clear() },
    });
    await fire(1);
    await fire(1);
    expect(begun).toEqual([1]);
    expect(set).toHaveBeenCalledExactlyOnceWith("[1,0]", Promise.resolve(1), clock.epochMs() + 500);
    breaker.clearCache();
    expect(kept.size).toBe(0);
    await fire(1);
    breaker.shutdown();
    expect(kept.size).toBe(0);
  });

  it("that is broken costs no call its answer", async () => {
    const broken = (): never => {
      throw new Error("no connection");
    };
    const reported: unknown[] = [];
    const { fire } = fired({
      cache: true,
      cacheTransport: { get: broken, set: broken, flush: () => {} },
      onListenerError: (error) => reported.push(error),
    });
    expect(await fire(1)).toBe(1);
    expect(reported).toEqual([new Error("no connection"), new Error("no connection")]);
  });

  it("must be able to get, set and flush", () => {
    const cacheTransport = { get: () => 1 } as unknown as MemoryCache;
    expect(() => fired({ cache: true, cacheTransport })).toThrow(
      "options.cacheTransport should be an object with `get`, `set` and `flush` methods",
    );
  });

  it("is not shared by breakers that are made from one object of options", async () => {
    const options = { cache: true, coalesce: true };
    const first = new CircuitBreaker(async (_: number) => "first", options);
    const second = new CircuitBreaker(async (_: number) => "second", options);
    expect([await first.fire(1), await second.fire(1)]).toEqual(["first", "second"]);
    expect(options).toEqual({ cache: true, coalesce: true });
  });
});

describe("calls that coalesce", () => {
  it("share one answer while the call is out, and after it until the time is over", async () => {
    const { breaker, fire, begun, clock } = fired({ coalesce: true, coalesceTTL: 200 });
    const ends = [breaker.fire(1, 50), breaker.fire(1, 50), breaker.fire(1, 50)];
    await clock.advance(50);
    expect(await Promise.all(ends)).toEqual([1, 1, 1]);
    expect(begun).toEqual([1]);
    expect(breaker.stats).toMatchObject({
      fires: 3,
      successes: 1,
      coalesceCacheHits: 2,
      coalesceCacheMisses: 1,
      cacheHits: 0,
    });
    await clock.advance(149);
    await fire(1, 50);
    expect(begun).toEqual([1]);
    await clock.advance(1);
    await fire(1, 50);
    expect(begun).toEqual([1, 1]);
  });

  it("do so only where it is asked for", async () => {
    const { breaker, begun, clock } = fired();
    const ends = [breaker.fire(1, 10), breaker.fire(1, 10)];
    await clock.advance(10);
    expect(await Promise.all(ends)).toEqual([1, 1]);
    expect(begun).toEqual([1, 1]);
    expect(breaker.stats.coalesceCacheMisses).toBe(0);
  });

  it("ask the cache first, where there is one", async () => {
    const { breaker, fire } = fired({ cache: true, coalesce: true });
    await Promise.all([breaker.fire(1, 0), breaker.fire(1, 0)]);
    await fire(1);
    expect(breaker.stats).toMatchObject({ cacheHits: 1, coalesceCacheHits: 1, successes: 1 });
  });

  it("share a failure too, and only ends that are named end it before its time", async () => {
    const { fire, begun } = fired({ coalesce: true, errorThresholdPercentage: 100 });
    await fire(-1);
    await fire(-1);
    expect(begun).toEqual([-1]);
  });

  it.each<[ResetOn, number, number]>([
    ["success", 1, 10],
    ["error", -1, 10],
    ["timeout", 1, 90],
  ])("share no longer after the end %s, where that is named", async (end, answer, afterMs) => {
    const all = { coalesce: true, coalesceTTL: 500, timeout: 50, errorThresholdPercentage: 100 };
    const others = (["success", "error", "timeout"] as const).filter((each) => each !== end);
    for (const [coalesceResetOn, begun] of [
      [[end], [answer, answer]],
      [others, [answer]],
    ] as const) {
      const one = fired({ ...all, coalesceResetOn });
      const first = endOf(one.breaker.fire(answer, afterMs));
      await one.clock.advance(50);
      await first;
      void endOf(one.breaker.fire(answer, afterMs));
      expect(one.begun).toEqual(begun);
    }
  });

  it("name no ends but those", () => {
    const coalesceResetOn = ["error", "sunset"] as ResetOn[];
    const { breaker } = fired({ coalesce: true, coalesceResetOn });
    expect(breaker.options.coalesceResetOn).toEqual(["error"]);
  });

  it("share no refusal: neither that there is no place nor that the circuit is open", async () => {
    const { breaker, fire, clock } = fired({ coalesce: true, capacity: 1, resetTimeout: 100 });
    const first = breaker.fire(1, 10);
    await endOf(breaker.fire(2, 0));
    expect(breaker.opened).toBe(false); // 1 of 2.
    await clock.advance(10);
    await first;
    expect(await fire(2)).toBe(2);
    breaker.open();
    await fire(3);
    breaker.close();
    expect(await fire(3)).toBe(3);
  });

  it("share no failure at once either, where that ends it", async () => {
    const action = vi.fn(() => {
      throw new Error("at once");
    });
    const breaker = new CircuitBreaker(action, {
      coalesce: true,
      coalesceResetOn: ["error"],
      errorThresholdPercentage: 100,
    });
    await endOf(breaker.fire());
    await endOf(breaker.fire());
    expect(action).toHaveBeenCalledTimes(2);
  });

  it("share for as long as a call may take, where no time is named", () => {
    expect(fired({ coalesce: true, timeout: 70 }).breaker.options.coalesceTTL).toBe(70);
  });

  it("share no more answers than are allowed", async () => {
    const { fire, begun } = fired({ coalesce: true, coalesceSize: 1 });
    for (const answer of [1, 2, 1]) await fire(answer);
    expect(begun).toEqual([1, 2, 1]);
  });
});

describe("the memory of a cache", () => {
  const setup = (maxEntries?: number) => {
    const clock = manualClock();
    return { clock, cache: new MemoryCache(maxEntries, clock) };
  };

  it("is limited by what a Map can hold", () => {
    expect(setup().cache.maxEntries).toBe(2 ** 24 - 1);
  });

  it("throws out what came first, and a change makes nothing younger", () => {
    const { cache } = setup(3);
    for (const key of ["a", "b", "c"]) cache.set(key, key);
    cache.set("a", "changed");
    expect(cache.cache.size).toBe(3);
    cache.set("d", "d");
    expect(["a", "b", "c", "d"].map((key) => cache.get(key))).toEqual([undefined, "b", "c", "d"]);
  });

  it("forgets all at once, or one", () => {
    const { cache } = setup();
    for (const key of ["a", "b"]) cache.set(key, key);
    cache.delete("a");
    expect([...cache.cache.keys()]).toEqual(["b"]);
    cache.flush();
    expect(cache.get("b")).toBeUndefined();
  });

  it("forgets an entry when it is asked for after its time", async () => {
    const { cache, clock } = setup();
    const nowMs = clock.epochMs();
    cache.set("soon", 1, nowMs + 100);
    cache.set("later", 2, nowMs + 200);
    cache.set("never", 3, 0);
    await clock.advance(100);
    expect([cache.get("soon"), cache.get("later"), cache.get("never")]).toEqual([undefined, 2, 3]);
    expect(cache.cache.size).toBe(2);
  });

  it("takes no notice of a wall clock that jumps", () => {
    const { cache, clock } = setup();
    cache.set("a", 1, clock.epochMs() + 100);
    clock.jump(3_600_000);
    expect(cache.get("a")).toBe(1);
  });
});
