/** Ten thousand who wait under one signal, in every place where a call may wait. */

import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";

import { manualClock, settled } from "./base/fixtures/clocks.ts";
import {
  Bulkhead,
  CachePolicy,
  type CallContext,
  ChaosPolicy,
  CircuitBreaker,
  FallbackPolicy,
  Hedge,
  type Policy,
  RateLimiter,
  RetryPolicy,
  TimeoutPolicy,
} from "./index.ts";

const MANY = 10_000;

const never = (): Promise<never> => new Promise(() => {});

const heeding = ({ signal }: CallContext): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

const fail = (): Promise<never> => Promise.reject(new Error("down"));

/** Each policy, and a call that leaves its callers waiting; `prepare` is what brings it there. */
function waitingUnder(clock: ReturnType<typeof manualClock>) {
  const bulkhead = new Bulkhead({ name: "db", maxConcurrent: 1, maxQueue: MANY, clock });
  const limiter = new RateLimiter({
    name: "db",
    requestsPerMinute: 1,
    maxQueue: MANY,
    queueTimeoutMs: 1e12,
    clock,
  });
  const breaker = new CircuitBreaker({
    name: "db",
    failureThreshold: 1,
    timeout: 100,
    successThreshold: 1,
    halfOpenCallers: "wait",
    maxQueue: MANY,
    clock,
  });
  const halfOpen = async (): Promise<void> => {
    await breaker.execute(fail).catch(() => {});
    await clock.advance(100);
    void breaker.execute(never);
  };
  const cache = new CachePolicy({ ttlMs: 1_000, clock });
  const latency = { enabled: true, latencyRate: 1, latencyMinMs: 1e6, latencyMaxMs: 1e6, clock };
  return {
    "a back-off": { policy: new RetryPolicy({ initialDelayMs: 1_000, clock }), call: fail },
    "a queue of a bulkhead": { policy: bulkhead, call: never, isHeld: true },
    "a queue of a limiter": { policy: limiter, call: never, isHeld: true },
    "the line at a circuit": { policy: breaker, call: never, isHeld: true, prepare: halfOpen },
    "a flight of a cache": { policy: cache.for("one"), call: never },
    "a source of a fallback": {
      policy: new FallbackPolicy({ sources: [{ name: "other", answer: never }] }),
      call: fail,
    },
    "a fault on purpose": { policy: new ChaosPolicy(latency), call: never },
    "a hedge": { policy: new Hedge({ delayMs: 1_000, clock }), call: heeding },
    "a time limit": { policy: new TimeoutPolicy({ timeoutMs: 1_000, clock }), call: heeding },
  } satisfies Record<string, Waiting>;
}

interface Waiting {
  readonly policy: Policy<unknown>;
  readonly call: (context: CallContext) => Promise<never>;
  /** Whether one call is in the way of all others. */
  readonly isHeld?: boolean;
  readonly prepare?: () => Promise<void>;
}

describe("ten thousand under one signal", () => {
  const places = Object.keys(waitingUnder(manualClock()));

  it.each(places)("have one listener in %s, and leave none", async (place) => {
    const clock = manualClock();
    const { [place]: waiting } = waitingUnder(clock) as Readonly<Record<string, Waiting>>;
    if (!waiting) throw new Error(`Nobody waits in ${place}`);
    const { policy, call, isHeld, prepare } = waiting;
    await prepare?.();
    if (isHeld && !prepare) void policy.execute(never);
    const controller = new AbortController();
    const { signal } = controller;
    const listeners = (): number => getEventListeners(signal, "abort").length;
    const running = Array.from({ length: MANY }, () => policy.execute(call, signal));
    await settled();
    expect(listeners()).toBe(1);
    const reason = new Error("user left");
    controller.abort(reason);
    const ends = await Promise.allSettled(running);
    expect(ends.filter((end) => end.status === "fulfilled")).toEqual([]);
    await settled();
    expect(listeners()).toBe(0);
  });
});
