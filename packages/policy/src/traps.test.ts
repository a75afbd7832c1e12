/** Traps that take more than one policy, or concern them all; where each is held: docs/policy-traps.md. */

import { getEventListeners } from "node:events";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { AdaptiveLimiter, AdaptiveThrottle } from "./adaptive-limit/index.ts";
import { type ManualClock, manualClock, settled } from "./base/fixtures/clocks.ts";
import type { CallContext, Clock, Policy } from "./base/index.ts";
import { Bulkhead } from "./bulkhead/index.ts";
import { CachePolicy } from "./cache/index.ts";
import { ChaosPolicy } from "./chaos/index.ts";
import { CircuitBreaker } from "./circuit-breaker/index.ts";
import { FallbackPolicy } from "./fallback/index.ts";
import { Hedge } from "./hedge/index.ts";
import { pipeline } from "./pipeline/index.ts";
import { RateLimiter } from "./rate-limit/index.ts";
import { RetryPolicy } from "./retry/index.ts";
import { TimeoutPolicy } from "./timeout/index.ts";
import { ValidatePolicy } from "./validate/index.ts";

const down = async (): Promise<never> => {
  throw new Error("dependency is down");
};

const anything = {
  "~standard": { version: 1, vendor: "here", validate: (value: unknown) => ({ value }) },
} as const;

/** One of each policy. */
const each: Readonly<Record<string, (clock: Clock) => Policy<unknown>>> = {
  retry: (clock) => new RetryPolicy({ clock }),
  "circuit breaker": (clock) => new CircuitBreaker({ name: "db", clock }),
  "aggressive timeout": (clock) => new TimeoutPolicy({ timeoutMs: 100, clock }),
  "cooperative timeout": (clock) =>
    new TimeoutPolicy({ timeoutMs: 100, mode: "cooperative", clock }),
  bulkhead: (clock) => new Bulkhead({ name: "db", clock }),
  "rate limiter": (clock) => new RateLimiter({ name: "api", requestsPerMinute: 9, clock }),
  "adaptive limiter": (clock) => new AdaptiveLimiter({ name: "search", clock }),
  "adaptive throttle": (clock) => new AdaptiveThrottle({ name: "search", clock }),
  hedge: (clock) => new Hedge({ delayMs: 50, clock }),
  fallback: () => new FallbackPolicy({ sources: [{ name: "other", answer: () => "other" }] }),
  cache: (clock) => new CachePolicy({ ttlMs: 1_000, clock }).for("key"),
  validation: () => new ValidatePolicy({ schema: anything }),
  chaos: (clock) => new ChaosPolicy({ enabled: true, clock }),
  pipeline: (clock) =>
    pipeline(
      new RetryPolicy({ clock }),
      new CircuitBreaker({ name: "db", clock }),
      new Bulkhead({ name: "db", clock }),
      new TimeoutPolicy({ timeoutMs: 100, clock }),
    ),
};

describe("fifty calls that fail at once", () => {
  /** How many of them are made, when all have ended. */
  async function madeOf(...row: readonly Policy[]): Promise<number> {
    let made = 0;
    const ends: (() => void)[] = [];
    const call = async (): Promise<never> => {
      made += 1;
      await new Promise<void>((resolve) => ends.push(resolve));
      return down();
    };
    const guarded = pipeline(...row);
    const calls = Array.from({ length: 50 }, () => guarded.execute(call));
    const all = Promise.allSettled(calls);
    for (let next = ends.shift(); next; next = ends.shift()) {
      next();
      await settled();
    }
    await all;
    return made;
  }

  const circuit = () =>
    new CircuitBreaker({ name: "db", failureThreshold: 1, clock: manualClock() });

  it("are all made under a circuit alone: none had failed when they came", async () => {
    expect(await madeOf(circuit())).toBe(50);
  });

  it("are made five at once inside a bulkhead, and those who wait are refused when the circuit opens", async () => {
    const bulkhead = new Bulkhead({ name: "db", maxConcurrent: 5, maxQueue: 45 });
    expect(await madeOf(bulkhead, circuit())).toBe(5);
    expect(bulkhead.stats()).toMatchObject({ running: 0, waiting: 0, rejected: 0 });
  });

  it("are made five at once with a bulkhead without a queue inside the circuit, which blames nobody for the rest", async () => {
    const breaker = circuit();
    expect(await madeOf(breaker, new Bulkhead({ name: "db", maxConcurrent: 5 }))).toBe(5);
    expect(breaker.stats()).toMatchObject({ opened: 1, failures: 5, ignored: 45 });
  });
});

describe("a call that returns undefined at once", () => {
  it.each(Object.keys(each))("is answered as it is: under this policy: %s", async (kind) => {
    const clock = manualClock();
    const policy = each[kind]?.(clock);
    await expect(policy?.execute(() => undefined)).resolves.toBeUndefined();
    await clock.advance(1);
    expect(clock.pending).toBe(0);
  });
});

describe("the time-out of one call", () => {
  it.each(["aggressive", "cooperative"] as const)(
    "aborts none of the others that are in flight, %s",
    async (mode) => {
      const clock = manualClock();
      const policy = new TimeoutPolicy({ timeoutMs: 100, mode, exact: true, clock });
      const signals: AbortSignal[] = [];
      const call = ({ signal }: CallContext): Promise<string> => {
        signals.push(signal);
        return new Promise((resolve, reject) => {
          clock.after(150 - 40 * (signals.length - 1), () => resolve("in time"));
          signal.addEventListener("abort", () => reject(signal.reason));
        });
      };
      const calls = [0, 1, 2].map(async (place) => {
        await new Promise<void>((resolve) => void clock.after(30 * place, resolve));
        return policy.execute(call);
      });
      const ends = Promise.allSettled(calls);
      await clock.advance(300);
      const kinds = (await ends).map(({ status }) => status);
      expect(kinds).toEqual(["rejected", "rejected", "fulfilled"]);
      expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, false]);
    },
  );
});

describe("a policy that nobody calls any more", () => {
  it.each(Object.keys(each))("has no timer, whatever its calls have come to: %s", async (kind) => {
    const clock = manualClock();
    const policy = each[kind]?.(clock);
    let isOver = false;
    const ends = Promise.allSettled([policy?.execute(() => "answer"), policy?.execute(down)]);
    void ends.then(() => {
      isOver = true;
    });
    while (!isOver) await clock.advance(10);
    await clock.advance(1);
    expect(clock.pending).toBe(0);

    const user = new AbortController();
    const left = Promise.allSettled([
      policy?.execute(down, user.signal),
      policy?.execute(({ signal }) => orAborted(signal), user.signal),
    ]);
    await clock.advance(60);
    user.abort(new Error("left"));
    await left;
    await clock.advance(1);
    expect(clock.pending).toBe(0);
    expect(getEventListeners(user.signal, "abort")).toEqual([]);
  });

  it("has no timer in any state of a circuit", async () => {
    const clock = manualClock();
    const breaker = new CircuitBreaker({ name: "db", failureThreshold: 1, timeout: 1_000, clock });
    await breaker.execute(down).catch(() => {});
    expect([breaker.state.kind, clock.pending]).toEqual(["open", 0]);
    await clock.advance(1_000);
    await breaker.execute(() => "pong");
    expect([breaker.state.kind, clock.pending]).toEqual(["half-open", 0]);
    breaker.isolate();
    expect([breaker.stats().isolated, clock.pending]).toEqual([true, 0]);
  });
});

/** A call that ends when its signal is aborted. */
const orAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });

describe("a call among twenty thousand in flight", () => {
  /** Whatever the calls ask of the platform, all together. */
  async function workOf(calls: number): Promise<Readonly<Record<string, number>>> {
    const inner = manualClock();
    const reads = vi.fn(() => inner.monotonicMs());
    const timers = vi.fn(inner.after);
    const clock: ManualClock = { ...inner, pending: 0, monotonicMs: reads, after: timers };
    const guarded = pipeline(
      new RetryPolicy({ clock }),
      new CircuitBreaker({ name: "db", window: "time", clock }),
      new Bulkhead({ name: "db", maxConcurrent: calls, clock }),
      new TimeoutPolicy({ timeoutMs: 1_000, clock }),
    );
    const { signal } = new AbortController();
    const listeners = vi.spyOn(signal, "addEventListener");
    const gate = Promise.withResolvers<void>();
    const running = Array.from({ length: calls }, () =>
      guarded.execute(async (context) => {
        void context.signal;
        await gate.promise;
      }, signal),
    );
    gate.resolve();
    await Promise.all(running);
    return {
      reads: reads.mock.calls.length,
      timers: timers.mock.calls.length,
      listeners: listeners.mock.calls.length,
    };
  }

  it("asks for no more than a call alone: no timer, no listener and no more than a look at the clock", async () => {
    const alone = await workOf(1);
    const many = await workOf(20_000);
    expect(many["listeners"]).toBe(1);
    expect(many["timers"]).toBeLessThanOrEqual((alone["timers"] ?? 0) + 1);
    expect((many["reads"] ?? 0) / 20_000).toBeLessThanOrEqual(alone["reads"] ?? 0);
  });
});

describe("a failed call under a window", () => {
  /** Counts what a typed array is asked for, and how much of them there is. */
  function counted(name: "Uint8Array" | "Int32Array" | "Uint32Array") {
    const count = { touches: 0, elements: 0 };
    const Plain = globalThis[name];
    const make = (size: number): object => {
      count.elements += size;
      return new Proxy(new Plain(size), {
        get(array, place) {
          count.touches += 1;
          const value: unknown = Reflect.get(array, place);
          return typeof value === "function" ? value.bind(array) : value;
        },
        set(array, place, value) {
          count.touches += 1;
          return Reflect.set(array, place, value);
        },
      });
    };
    vi.stubGlobal(
      name,
      new Proxy(Plain, { construct: (_, [size]: readonly unknown[]) => make(size as number) }),
    );
    onTestFinished(() => void vi.unstubAllGlobals());
    return count;
  }

  /** So many calls that fail, but for one, so that no rate is reached. */
  async function fill(breaker: CircuitBreaker, calls: number): Promise<void> {
    await breaker.execute(() => "pong");
    const failing = new Error("down");
    for (let call = 1; call < calls; call += 1) {
      await breaker.execute(() => Promise.reject(failing)).catch(() => {});
    }
  }

  it("walks nothing: it touches as little of 100,000 calls as of 100", async () => {
    const touches: number[] = [];
    for (const windowSize of [100, 100_000]) {
      const count = counted("Uint8Array");
      const breaker = new CircuitBreaker({
        name: "db",
        window: "count",
        windowSize,
        failureRate: 1,
        minimumCalls: windowSize,
        clock: manualClock(),
      });
      await fill(breaker, windowSize);
      expect(count.elements).toBe(windowSize);
      const before = count.touches;
      await breaker.execute(down).catch(() => {});
      touches.push(count.touches - before);
      vi.unstubAllGlobals();
    }
    expect(touches[0]).toBeGreaterThan(0);
    expect(touches[1]).toBe(touches[0]);
  });

  it("keeps no latencies, and nothing for each call of a window of time", async () => {
    const counts = (["Uint8Array", "Int32Array", "Uint32Array"] as const).map(counted);
    const clock = manualClock();
    const breaker = new CircuitBreaker({
      name: "db",
      window: "time",
      failureRate: 1,
      slowCallMs: 100,
      clock,
    });
    await fill(breaker, 20_000);
    const hedge = new Hedge({ delayMs: 100, clock });
    for (let call = 0; call < 1_000; call += 1) await hedge.execute(() => "pong");
    expect(breaker.stats().failures).toBe(19_999);
    // Calls, failures and slow ones, of ten tenths.
    expect(counts.map(({ elements }) => elements)).toEqual([0, 30, 0]);
  });
});

describe("a loser that fails late", () => {
  it("is nobody's unhandled rejection: of a timeout, a hedge, a cache and a fallback", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    onTestFinished(() => void process.off("unhandledRejection", note));
    const clock = manualClock();
    const user = new AbortController();
    const lose: (() => void)[] = [];
    const late = (): Promise<never> =>
      new Promise((_, reject) => lose.push(() => reject(new Error("too late"))));
    let hedged = 0;
    const ends = Promise.allSettled([
      new TimeoutPolicy({ timeoutMs: 10, clock }).execute(late),
      new Hedge({ delayMs: 10, clock }).execute(() => {
        hedged += 1;
        return hedged === 1 ? late() : "won";
      }),
      new CachePolicy({ ttlMs: 10, clock }).for("key").execute(late, user.signal),
      new FallbackPolicy({ sources: [{ name: "late", answer: late }] }).execute(down, user.signal),
      pipeline(new RetryPolicy({ clock }), new TimeoutPolicy({ timeoutMs: 99, clock })).execute(
        late,
        user.signal,
      ),
    ]);
    await clock.advance(10);
    user.abort(new Error("left"));
    await ends;
    expect(lose.length).toBeGreaterThanOrEqual(5);
    for (const fail of lose) fail();
    await settled();
    await settled();
    expect(unhandled).toEqual([]);
  });
});
