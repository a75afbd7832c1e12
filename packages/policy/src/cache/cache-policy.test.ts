import { getEventListeners } from "node:events";
import { describe, expect, it, vi } from "vitest";

import { manualClock, settled } from "../base/fixtures/clocks.ts";
import { type CallContext, firstAttempt, RejectedError } from "../base/index.ts";
import { TimeoutError } from "../timeout/index.ts";
import { type CacheOptions, CachePolicy } from "./cache-policy.ts";
import { CallAbandonedError } from "./flight.ts";

const lost = new Error("the service is down");
const left = new Error("user left");
const down = async (): Promise<never> => {
  throw lost;
};

class Full extends RejectedError {
  readonly code = "KINTSUGI_FULL";
}

function setup(options: Partial<CacheOptions> = {}) {
  const clock = manualClock();
  const onStale = vi.fn();
  const onListenerError = vi.fn();
  const cache = new CachePolicy({ ttlMs: 100, clock, onStale, onListenerError, ...options });
  const contexts: CallContext[] = [];
  const ends: PromiseWithResolvers<string>[] = [];
  /** A call that ends when the test says so. */
  const slow = (context: CallContext): Promise<string> => {
    contexts.push(context);
    ends.push(Promise.withResolvers<string>());
    void context.signal;
    return ends.at(-1)?.promise ?? expect.fail();
  };
  const told = () => onStale.mock.calls.map(([event]) => event);
  return { clock, cache, slow, contexts, ends, told, onListenerError };
}

describe("an answer", () => {
  it("is given again while it is fresh, for its key alone", async () => {
    const { cache, clock } = setup();
    const call = vi.fn(async () => "sunny");
    await expect(cache.for("Oslo").execute(call)).resolves.toBe("sunny");
    await clock.advance(99);
    await expect(cache.for("Oslo").execute(call)).resolves.toBe("sunny");
    expect(call).toHaveBeenCalledTimes(1);
    await cache.for("Rome").execute(call);
    await clock.advance(1);
    await cache.for("Oslo").execute(call);
    expect(call).toHaveBeenCalledTimes(3);
    expect(cache.stats()).toMatchObject({ hits: 1, misses: 3, entries: 2, inFlight: 0 });
  });

  it("may be undefined, and says where it comes from", async () => {
    const { cache } = setup();
    const call = vi.fn(() => undefined);
    const first = await cache.for("k").answer(call);
    const second = await cache.for("k").answer(call);
    expect([first, second]).toEqual([
      { value: undefined, source: "call" },
      { value: undefined, source: "cache" },
    ]);
  });

  it("is not kept where somebody says so", async () => {
    const { cache } = setup({ keeps: (value) => value !== "" });
    const call = vi.fn(() => "");
    await cache.for("k").execute(call);
    await cache.for("k").execute(call);
    expect(call).toHaveBeenCalledTimes(2);
  });

  it("outlives no failure, which is not kept unless that is asked for", async () => {
    const { cache } = setup();
    await expect(cache.for("k").execute(down)).rejects.toBe(lost);
    await expect(cache.for("k").execute(() => "up")).resolves.toBe("up");
  });

  it("is found under the key that is made of the input", async () => {
    const key = (city: string, days: number) => `${city} ${days}`;
    const cache = new CachePolicy({ ttlMs: 100, key });
    await cache.for("Oslo", 1).execute(() => "cold");
    await expect(cache.for("Oslo", 1).answer(() => "warm")).resolves.toMatchObject({
      value: "cold",
    });
    cache.delete("Oslo", 1);
    await expect(cache.for("Oslo", 1).execute(() => "warm")).resolves.toBe("warm");
  });

  it("does not age by a jump of the wall clock", async () => {
    const { cache, clock } = setup();
    await cache.for("k").execute(() => 1);
    clock.jump(3_600_000);
    await expect(cache.for("k").execute(() => 2)).resolves.toBe(1);
  });
});

describe("callers who ask for the same meanwhile", () => {
  it("share one call, and its failure", async () => {
    const { cache, slow, ends, contexts } = setup();
    const key = cache.for("k");
    const both = [key.answer(slow), key.answer(slow)];
    ends[0]?.resolve("once");
    await expect(Promise.all(both)).resolves.toEqual([
      { value: "once", source: "call" },
      { value: "once", source: "shared" },
    ]);
    cache.clear();
    const again = Promise.allSettled([key.execute(slow), key.execute(slow)]);
    ends[1]?.reject(lost);
    const reasons = (await again).map((each) => each.status === "rejected" && each.reason);
    expect(reasons).toEqual([lost, lost]);
    expect(contexts).toHaveLength(2);
    expect(cache.stats()).toMatchObject({ shared: 2, misses: 2, inFlight: 0 });
  });

  it("do not end each other's call when one leaves", async () => {
    const { cache, slow, ends, contexts } = setup();
    const [first, second] = [new AbortController(), new AbortController()];
    const running = [first, second].map(({ signal }) => cache.for("k").execute(slow, signal));
    first.abort(left);
    await expect(running[0]).rejects.toBe(left);
    expect(contexts[0]?.signal.aborted).toBe(false);
    ends[0]?.resolve("still here");
    await expect(running[1]).resolves.toBe("still here");
    await settled();
    expect(getEventListeners(first.signal, "abort")).toEqual([]);
    expect(getEventListeners(second.signal, "abort")).toEqual([]);
  });

  it("end the call when all have left, and whoever comes then has a new one", async () => {
    const { cache, slow, ends, contexts, clock } = setup();
    const controllers = [new AbortController(), new AbortController()];
    const running = controllers.map(({ signal }) => cache.for("k").execute(slow, signal));
    const reason = new TimeoutError(5);
    const settled = Promise.allSettled(running);
    controllers[0]?.abort(left);
    controllers[1]?.abort(reason);
    await settled;
    expect(contexts[0]?.signal.reason).toBeInstanceOf(CallAbandonedError);
    expect(contexts[0]?.signal.reason).toMatchObject({
      code: "KINTSUGI_CALL_ABANDONED",
      cause: reason,
    });
    const later = cache.for("k").execute(slow);
    ends[0]?.reject(lost); // An unhandled rejection would fail the test run here.
    await clock.advance(0);
    ends[1]?.resolve("new");
    await expect(later).resolves.toBe("new");
  });

  it("tell who counts what runs of a call that goes on when the last has left", async () => {
    const { cache, slow, ends } = setup();
    const controllers = [new AbortController(), new AbortController()];
    const outers = controllers.map(({ signal }) => firstAttempt(signal));
    const running = outers.map((outer) => cache.for("k").within(slow, outer));
    const all = Promise.allSettled(running);
    for (const controller of controllers) controller.abort(left);
    await all;
    expect(outers.map(({ zombie }) => zombie !== undefined)).toEqual([false, true]);
    ends[0]?.reject(lost);
    await expect(outers[1]?.zombie).resolves.toBeUndefined();
  });

  it("are not called for when they have left before", async () => {
    const { cache, slow, contexts } = setup();
    const gone = AbortSignal.abort(left);
    await expect(cache.for("k").execute(slow, gone)).rejects.toBe(left);
    await expect(cache.for("k").answer(slow, gone)).rejects.toBe(left);
    expect(contexts).toEqual([]);
  });

  it("may leave from within the call itself", async () => {
    const { cache, slow, contexts } = setup();
    const controller = new AbortController();
    const call = (context: CallContext) => {
      controller.abort(left);
      return slow(context);
    };
    await expect(cache.for("k").execute(call, controller.signal)).rejects.toBe(left);
    expect(contexts[0]?.signal.aborted).toBe(true);
  });
});

describe("a key that is deleted while its call is in flight", () => {
  it("answers those who wait, and keeps nothing that may be older than the deletion", async () => {
    const { cache, slow, ends } = setup();
    const early = cache.for("k").execute(slow);
    cache.delete("k");
    const late = cache.for("k").execute(slow);
    ends[1]?.resolve("new");
    await expect(late).resolves.toBe("new");
    ends[0]?.resolve("old");
    await expect(early).resolves.toBe("old");
    await expect(cache.for("k").execute(slow)).resolves.toBe("new");
  });

  it("cuts a renewal that nobody waits for", async () => {
    const { cache, slow, clock, contexts } = setup({ staleWhileRevalidateMs: 50 });
    await cache.for("k").execute(() => "first");
    await clock.advance(100);
    const outer = firstAttempt(undefined);
    await cache.for("k").within(slow, outer);
    expect(outer.zombie).toBeInstanceOf(Promise);
    cache.clear();
    expect(contexts[0]?.signal.reason).toBeInstanceOf(CallAbandonedError);
    expect(cache.stats()).toMatchObject({ inFlight: 0, entries: 0 });
  });
});

describe("an answer that is stale", () => {
  it("is given at once, and renewed behind by one call", async () => {
    const { cache, slow, ends, clock, told } = setup({ staleWhileRevalidateMs: 50 });
    const key = cache.for("k");
    await key.execute(() => "first");
    await clock.advance(120);
    await expect(key.answer(slow)).resolves.toEqual({ value: "first", source: "stale" });
    await expect(key.execute(slow)).resolves.toBe("first");
    expect(ends).toHaveLength(1);
    const outer = firstAttempt(undefined);
    await key.within(slow, outer);
    expect(outer.zombie).toBeUndefined(); // Another one has started the renewal.
    ends[0]?.resolve("second");
    await clock.advance(0);
    await expect(key.answer(slow)).resolves.toEqual({ value: "second", source: "cache" });
    expect(told()[0]).toEqual({ kind: "answered", key: "k", ageMs: 120 });
    expect(cache.stats()).toMatchObject({ stale: 3, renewals: 1, misses: 1, hits: 1 });
  });

  it("stays when its renewal fails, which is told", async () => {
    const { cache, clock, told } = setup({ staleWhileRevalidateMs: 50 });
    const key = cache.for("k");
    await key.execute(() => "first");
    await clock.advance(100);
    await key.execute(down);
    await clock.advance(10);
    expect(told()[1]).toEqual({ kind: "renewal-failed", key: "k", error: lost });
    await expect(key.execute(() => "second")).resolves.toBe("first");
    await clock.advance(0);
    await expect(key.execute(() => "third")).resolves.toBe("second");
  });

  it("is waited for in a renewal that takes longer than that", async () => {
    const { cache, slow, ends, clock } = setup({ staleWhileRevalidateMs: 50 });
    await cache.for("k").execute(() => "first");
    await clock.advance(100);
    await cache.for("k").execute(slow);
    await clock.advance(50);
    const waiting = cache.for("k").answer(slow);
    ends[0]?.resolve("second");
    await expect(waiting).resolves.toEqual({ value: "second", source: "shared" });
  });
});

describe("an answer that is old", () => {
  it("stands in for a call that failed, until it is too old", async () => {
    const { cache, clock, told } = setup({ maxStaleMs: 200 });
    const key = cache.for("k");
    await key.execute(() => "first");
    await clock.advance(299);
    await expect(key.answer(down)).resolves.toEqual({ value: "first", source: "stale" });
    expect(told()).toEqual([{ kind: "answered", key: "k", ageMs: 299, error: lost }]);
    await clock.advance(1);
    await expect(key.execute(down)).rejects.toBe(lost);
  });

  it("gives way to a call that succeeds", async () => {
    const { cache, clock } = setup({ maxStaleMs: 200 });
    await cache.for("k").execute(() => "first");
    await clock.advance(150);
    await expect(cache.for("k").execute(() => "second")).resolves.toBe("second");
  });

  it("stands in only for the failures that are named", async () => {
    const { cache, clock } = setup({ maxStaleMs: 200, staleFor: (error) => error !== lost });
    await cache.for("k").execute(() => "first");
    await clock.advance(150);
    await expect(cache.for("k").execute(down)).rejects.toBe(lost);
  });
});

describe("a failure that is kept", () => {
  it("is thrown again without a call, for its time", async () => {
    const { cache, clock } = setup({ negativeTtlMs: 50 });
    const call = vi.fn(down);
    const key = cache.for("k");
    await expect(key.execute(call)).rejects.toBe(lost);
    await clock.advance(49);
    await expect(key.execute(call)).rejects.toBe(lost);
    expect(call).toHaveBeenCalledTimes(1);
    await clock.advance(1);
    await expect(key.execute(() => "up")).resolves.toBe("up");
    expect(cache.stats()).toMatchObject({ negative: 1, misses: 2 });
  });

  it("leaves an old answer to stand in", async () => {
    const { cache, clock } = setup({ negativeTtlMs: 50, maxStaleMs: 500 });
    const call = vi.fn(down);
    const key = cache.for("k");
    await key.execute(() => "first");
    await clock.advance(150);
    await expect(key.execute(call)).resolves.toBe("first");
    await expect(key.execute(call)).resolves.toBe("first");
    expect(call).toHaveBeenCalledTimes(1);
  });

  it("is neither a refusal nor one that is not named", async () => {
    const { cache } = setup({ negativeTtlMs: 50 });
    const refused = new Full("The bulkhead is full", 10);
    await expect(cache.for("k").execute(() => Promise.reject(refused))).rejects.toBe(refused);
    await expect(cache.for("k").execute(() => "up")).resolves.toBe("up");
    const choosy = setup({ negativeTtlMs: 50, negativeFor: () => false }).cache;
    await expect(choosy.for("k").execute(down)).rejects.toBe(lost);
    await expect(choosy.for("k").execute(() => "up")).resolves.toBe("up");
  });
});

describe("a store or a size that fails", () => {
  it("fails no call, and is told", async () => {
    const broken = (): never => {
      throw lost;
    };
    const { cache, onListenerError } = setup({ maxBytes: 10, sizeOf: broken });
    await expect(cache.for("k").execute(() => "up")).resolves.toBe("up");
    const stats = { entries: 0, bytes: 0, evicted: 0 };
    const store = { get: broken, set: broken, delete: broken, clear: broken, stats };
    const other = setup({ store });
    await expect(other.cache.for("k").execute(() => "up")).resolves.toBe("up");
    other.cache.delete("k");
    other.cache.clear();
    expect(onListenerError.mock.calls).toEqual([[lost]]);
    expect(other.onListenerError).toHaveBeenCalledTimes(5);
  });
});

const store = { get: () => undefined, set() {}, delete() {}, clear() {} } as never;

it.each([
  { ttlMs: 0 },
  { ttlMs: Number.NaN },
  { staleWhileRevalidateMs: -1 },
  { maxStaleMs: Infinity },
  { negativeTtlMs: -1 },
  { maxEntries: 0 },
  { sizeOf: () => 1, maxBytes: 0 },
  { maxBytes: 10 },
  { store, maxEntries: 10 },
])("a cache is refused with %o", (options) => {
  const name = Object.keys(options).at(-1);
  expect(() => setup(options)).toThrow(new RegExp(`^${name} must `));
});

it("a cache that is asked for what is no text wants to know how to make a key", () => {
  const cache = new CachePolicy<[id: number]>({ ttlMs: 1 });
  expect(() => cache.for(1)).toThrow(TypeError);
});
