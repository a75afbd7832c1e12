import { describe, expect, it, vi } from "vitest";

import { manualClock } from "../base/fixtures/clocks.ts";
import { pipeline } from "../pipeline/index.ts";
import { TimeoutPolicy } from "../timeout/index.ts";
import { CircuitBreaker, type CircuitBreakerOptions } from "./circuit-breaker.ts";
import { down, hang, up } from "./fixtures/calls.ts";
import { CircuitOpenError } from "./open-error.ts";

/** A breaker of threshold 2, as an operator sees it. */
function setup<F = never>(options: Partial<CircuitBreakerOptions<F>> = {}) {
  const clock = manualClock();
  const breaker = new CircuitBreaker<F>({
    name: "db",
    failureThreshold: 2,
    successThreshold: 1,
    timeout: 1_000,
    clock,
    ...options,
  });
  const fail = async (times: number): Promise<void> => {
    for (let count = 0; count < times; count += 1) await breaker.execute(down).catch(() => {});
  };
  return { breaker, clock, fail };
}

describe("a fallback", () => {
  it("answers the calls that the circuit refuses, and is told why", async () => {
    const fallback = vi.fn(async (error: CircuitOpenError) => error.retryAfterMs);
    const { breaker, fail } = setup({ fallback });
    await fail(2);
    await expect(breaker.execute(up)).resolves.toBe(1_000);
    expect(fallback.mock.calls[0]?.[0]).toBeInstanceOf(CircuitOpenError);
    expect(breaker.stats().rejected).toBe(1);
  });

  it("leaves calls that failed to those who retry them", async () => {
    const { breaker } = setup({ fallback: () => "stale" });
    await expect(breaker.execute(down)).rejects.toThrow("dependency is down");
  });

  it("leaves an answer as it is", async () => {
    const { breaker } = setup({ fallback: () => "stale" });
    await expect(breaker.execute(up)).resolves.toBe("pong");
  });

  it("answers for no circuit further in, nor for a caller that has left", async () => {
    const fallback = vi.fn(() => "stale");
    const { breaker, fail, clock } = setup({ fallback, halfOpenCallers: "wait" });
    const { breaker: inner } = setup();
    inner.isolate();
    await expect(breaker.execute(() => inner.execute(up))).rejects.toThrow(CircuitOpenError);
    await fail(2);
    await clock.advance(1_000);
    void breaker.execute(hang);
    const user = new AbortController();
    const waiting = breaker.execute(up, user.signal);
    user.abort(new Error("user left"));
    await expect(waiting).rejects.toThrow("user left");
    expect(fallback).not.toHaveBeenCalled();
  });

  it("is left out in a pipeline with the strict side", async () => {
    const { breaker, fail, clock } = setup({ fallback: () => "stale" });
    await fail(2);
    const guarded = pipeline(new TimeoutPolicy({ timeoutMs: 50, clock }), breaker.strict);
    await expect(guarded.execute(up)).rejects.toThrow(CircuitOpenError);
  });

  it("is left out by the strict side of the same circuit", async () => {
    const { breaker, fail } = setup({ fallback: () => "stale" });
    await fail(2);
    await expect(breaker.strict.execute(up)).rejects.toThrow(CircuitOpenError);
    await expect(
      breaker.strict.within?.(up, { attempt: 1, signal: new AbortController().signal }),
    ).rejects.toThrow(CircuitOpenError);
  });
});

describe("an isolated circuit", () => {
  it("refuses all calls until the last hold is released", async () => {
    const { breaker } = setup();
    const first = breaker.isolate();
    const second = breaker.isolate();
    first.release();
    first.release();
    await expect(breaker.execute(up)).rejects.toMatchObject({
      message: 'Circuit "db" is isolated',
      code: "KINTSUGI_CIRCUIT_OPEN",
      isolated: true,
      retryAfterMs: 0,
    });
    second[Symbol.dispose]();
    await expect(breaker.execute(up)).resolves.toBe("pong");
  });

  it("goes back to the state that it had: an open one is still open", async () => {
    const { breaker, fail, clock } = setup();
    await fail(2);
    breaker.isolate().release();
    await expect(breaker.execute(up)).rejects.toThrow('Circuit "db" is open');
    await clock.advance(1_000);
    await expect(breaker.execute(up)).resolves.toBe("pong");
  });

  it("still learns from the calls that were out", async () => {
    const { breaker } = setup({ failureThreshold: 1 });
    const late = Promise.withResolvers<string>();
    const running = breaker.execute(() => late.promise);
    const isolation = breaker.isolate();
    late.reject(new Error("down at last"));
    await expect(running).rejects.toThrow("down at last");
    isolation.release();
    expect(breaker.state.kind).toBe("open");
  });
});

describe("a reset", () => {
  it("closes an open circuit, and lets no late result count", async () => {
    const onTransition = vi.fn();
    const { breaker, fail } = setup({ onTransition, failureThreshold: 1 });
    const late = Promise.withResolvers<string>();
    const running = breaker.execute(() => late.promise);
    await fail(1);
    breaker.reset();
    late.reject(new Error("from another age"));
    await expect(running).rejects.toThrow("from another age");
    expect(breaker.state).toEqual({ kind: "closed", epoch: 2, failures: 0 });
    expect(onTransition.mock.calls.map(([{ to }]) => to)).toEqual(["open", "closed"]);
  });
});

describe("new thresholds", () => {
  it("hold from the next call on", async () => {
    const { breaker, fail, clock } = setup();
    await fail(1);
    breaker.configure({ failureThreshold: 3, timeout: 200 });
    await fail(1);
    expect(breaker.state.kind).toBe("closed");
    await fail(1);
    await clock.advance(200);
    await expect(breaker.execute(up)).resolves.toBe("pong");
  });

  it("close a circuit whose trials are enough for them", async () => {
    const { breaker, fail, clock } = setup({ successThreshold: 3 });
    await fail(2);
    await clock.advance(1_000);
    await breaker.execute(up);
    expect(breaker.state.kind).toBe("half-open");
    breaker.configure({ successThreshold: 1 });
    expect(breaker.state.kind).toBe("closed");
  });

  it("leave those that they do not name", async () => {
    const { breaker, fail } = setup();
    breaker.configure({ timeout: 5_000 });
    await fail(2);
    expect(breaker.stats()).toMatchObject({ state: "open", retryAfterMs: 5_000 });
  });

  it("change nothing when one of them is refused", async () => {
    const { breaker, fail } = setup();
    expect(() => breaker.configure({ failureThreshold: 9, timeout: 0 })).toThrow(RangeError);
    breaker.configure({});
    await fail(2);
    expect(breaker.state.kind).toBe("open");
  });
});

describe("the stats", () => {
  it("ask nobody to wait while the circuit is closed, and count the slow calls from the first on", async () => {
    const { breaker, clock } = setup({ window: "count", slowCallMs: 100, slowCallRate: 1 });
    await breaker.execute(() => clock.advance(100));
    expect(breaker.stats()).toMatchObject({ state: "closed", slow: 1, retryAfterMs: 0 });
  });

  it("count how calls ended, and say when a trial is due", async () => {
    const { breaker, fail, clock } = setup();
    await breaker.execute(up);
    await fail(2);
    await breaker.execute(up).catch(() => {});
    await clock.advance(400.5);
    expect(breaker.stats()).toEqual({
      name: "db",
      state: "open",
      mode: "normal",
      isolated: false,
      successes: 1,
      failures: 2,
      ignored: 0,
      slow: 0,
      rejected: 1,
      waiting: 0,
      opened: 1,
      retryAfterMs: 600,
    });
    await clock.advance(10_000);
    expect(breaker.stats().retryAfterMs).toBe(0);
  });

  it("do not change when the wall clock jumps, nor does the circuit", async () => {
    const { breaker, fail, clock } = setup();
    await fail(2);
    clock.jump(3_600_000);
    expect(breaker.stats().retryAfterMs).toBe(1_000);
    clock.jump(-7_200_000);
    await clock.advance(1_000);
    await expect(breaker.execute(up)).resolves.toBe("pong");
  });
});
