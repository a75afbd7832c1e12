import { describe, expect, expectTypeOf, it } from "vitest";

import { eagerClock, manualClock } from "../base/fixtures/clocks.ts";
import type { Call, Policy } from "../base/index.ts";
import { CircuitBreaker, CircuitOpenError } from "../circuit-breaker/index.ts";
import { FallbackPolicy } from "../fallback/index.ts";
import { RetryPolicy } from "../retry/index.ts";
import { TimeoutError, TimeoutPolicy } from "../timeout/index.ts";
import { type Pipeline, pipeline } from "./pipeline.ts";

/** A policy of another house: it knows `execute` alone, and writes down when it is passed. */
const passed = (name: string, log: string[]): Policy => ({
  async execute<T>(call: Call<T>, signal?: AbortSignal): Promise<T> {
    log.push(`${name} in`);
    const value = await call({ signal: signal ?? new AbortController().signal, attempt: 1 });
    log.push(`${name} out`);
    return value;
  },
});

describe("a pipeline", () => {
  it("enters policies from the first to the last, and leaves them in reverse", async () => {
    const log: string[] = [];
    await pipeline(passed("outer", log), passed("inner", log)).execute(() => log.push("call"));
    expect(log).toEqual(["outer in", "inner in", "call", "inner out", "outer out"]);
  });

  it("is a bare call without any policy", async () => {
    await expect(pipeline().execute(({ attempt }) => attempt)).resolves.toBe(1);
    const thrower = (): never => {
      throw new Error("at once");
    };
    await expect(pipeline().execute(thrower)).rejects.toThrow("at once");
  });

  it("lets the call know its attempt and its caller's signal through all policies", async () => {
    const clock = eagerClock();
    const guarded = pipeline(
      new RetryPolicy({ clock }),
      passed("foreign", []),
      new CircuitBreaker({ name: "db", clock }),
    );
    const { signal } = new AbortController();
    const seen: unknown[] = [];
    await guarded
      .execute((context) => {
        seen.push([context.attempt, context.signal === signal]);
        throw new Error("down");
      }, signal)
      .catch(() => {});
    expect(seen).toEqual([
      [1, true],
      [2, true],
      [3, true],
    ]);
  });

  it("gives each attempt its own time, with the timeout inside the retry", async () => {
    const clock = manualClock();
    const guarded = pipeline(
      new RetryPolicy({ maxAttempts: 2, initialDelayMs: 10, jitterFactor: 0, clock }),
      new TimeoutPolicy({ timeoutMs: 100, clock }),
    );
    const attempts: number[] = [];
    const running = guarded.execute(({ attempt }) => {
      attempts.push(attempt);
      return new Promise<never>(() => {});
    });
    const failure = expect(running).rejects.toThrow(TimeoutError);
    await clock.advance(210);
    await failure;
    expect(attempts).toEqual([1, 2]);
    expect(clock.pending).toBe(0);
  });

  it("bounds all attempts together, with the timeout outside the retry", async () => {
    const clock = manualClock();
    const guarded = pipeline(
      new TimeoutPolicy({ timeoutMs: 100, clock }),
      new RetryPolicy({ maxAttempts: 9, initialDelayMs: 40, jitterFactor: 0, clock }),
    );
    let calls = 0;
    const running = guarded.execute(() => {
      calls += 1;
      throw new Error("down");
    });
    const failure = expect(running).rejects.toThrow("down");
    await clock.advance(40); // The next wait would be 80, and 60 are left: it is not begun.
    await failure;
    expect(calls).toBe(2);
    expect(clock.pending).toBe(0);
  });

  it("ends the retry when the circuit inside it opens", async () => {
    const clock = eagerClock();
    const breaker = new CircuitBreaker({ name: "db", failureThreshold: 2, clock });
    const guarded = pipeline(new RetryPolicy({ maxAttempts: 9, clock }), breaker);
    let calls = 0;
    const down = (): never => {
      calls += 1;
      throw new Error("down");
    };
    await expect(guarded.execute(down)).rejects.toThrow("down");
    await expect(guarded.execute(down)).rejects.toThrow(CircuitOpenError);
    expect(calls).toBe(2);
  });

  it("may stand in another pipeline, and is unfolded there", () => {
    const retry = new RetryPolicy();
    const breaker = new CircuitBreaker({ name: "db" });
    const inner = pipeline(breaker);
    expect(pipeline(retry, inner).policies).toEqual([retry, breaker]);
  });

  it("knows by its type what may come in place of the answer", () => {
    const guarded = pipeline(
      new FallbackPolicy({ sources: [{ name: "cache", answer: () => 404 }] }),
      new RetryPolicy(),
      new CircuitBreaker({ name: "db", fallback: async () => null }),
      passed("foreign", []),
    );
    expectTypeOf(guarded).toEqualTypeOf<Pipeline<number | null>>();
    expectTypeOf(guarded.execute(() => "text")).resolves.toEqualTypeOf<string | number | null>();
    expectTypeOf(pipeline(new RetryPolicy())).toEqualTypeOf<Pipeline<never>>();
  });
});
