/** The policies that find an answer, with those that let a call in: what each must know of the others. */

import { describe, expect, expectTypeOf, it } from "vitest";

import { eagerClock, manualClock, settled } from "./base/fixtures/clocks.ts";
import {
  Bulkhead,
  CachePolicy,
  type CallContext,
  ChaosPolicy,
  CircuitBreaker,
  FallbackPolicy,
  Hedge,
  type Pipeline,
  pipeline,
  ResilientExecutor,
  RetryPolicy,
  type StandardSchema,
  TimeoutError,
  TimeoutPolicy,
  ValidatePolicy,
} from "./index.ts";

const numberSchema: StandardSchema<unknown, number> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) =>
      typeof value === "number" ? { value } : { issues: [{ message: "must be a number" }] },
  },
};

/** Ends when its signal does. */
const obedient = ({ signal }: CallContext): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });

describe("a hedge", () => {
  it("does not let a circuit inside it count the attempts that lost", async () => {
    const clock = manualClock();
    const breaker = new CircuitBreaker({ name: "db", failureThreshold: 1, clock });
    const guarded = pipeline(new Hedge({ delayMs: 10, clock }), breaker);
    const running = guarded.execute((context) =>
      context.attempt === 1 ? obedient(context) : "second",
    );
    await clock.advance(10);
    await expect(running).resolves.toBe("second");
    await settled();
    expect(breaker.stats()).toMatchObject({ successes: 1, failures: 0, ignored: 1 });
  });

  it("holds its slot of a bulkhead around it until the attempts that lost have ended", async () => {
    const clock = manualClock();
    const bulkhead = new Bulkhead({ name: "db", maxConcurrent: 1, clock });
    const guarded = pipeline(bulkhead, new Hedge({ delayMs: 10, clock }));
    const first = Promise.withResolvers<string>();
    const running = guarded.execute(({ attempt }) => (attempt === 1 ? first.promise : "second"));
    await clock.advance(10);
    await expect(running).resolves.toBe("second");
    expect(bulkhead.stats()).toMatchObject({ zombies: 1 });
    first.reject(new Error("too late to matter"));
    await settled();
    expect(bulkhead.stats()).toMatchObject({ running: 0, zombies: 0 });
  });

  it("takes a bulkhead's refusal of its second attempt for no answer", async () => {
    const clock = manualClock();
    const bulkhead = new Bulkhead({ name: "db", maxConcurrent: 1, maxQueue: 0, clock });
    const guarded = pipeline(new Hedge({ delayMs: 10, clock }), bulkhead);
    const first = Promise.withResolvers<string>();
    const running = guarded.execute(() => first.promise);
    await clock.advance(10);
    first.resolve("first");
    await expect(running).resolves.toBe("first");
    expect(bulkhead.stats().rejected).toBe(1);
  });

  it("ends with the timeout around it, which stays a time-out for what is further in", async () => {
    const clock = manualClock();
    const breaker = new CircuitBreaker({ name: "db", failureThreshold: 9, clock });
    const timeout = new TimeoutPolicy({ timeoutMs: 50, clock });
    const guarded = pipeline(timeout, new Hedge({ delayMs: 10, clock }), breaker);
    const failure = expect(guarded.execute(obedient)).rejects.toThrow(TimeoutError);
    await clock.advance(60);
    await failure;
    await settled();
    expect(breaker.stats()).toMatchObject({ failures: 2, ignored: 0 });
  });
});

describe("a cache", () => {
  it("stands in front of a pipeline that is made once", async () => {
    const cache = new CachePolicy({ ttlMs: 1_000 });
    const guarded = pipeline(
      new RetryPolicy({ clock: eagerClock() }),
      new CircuitBreaker({ name: "db" }),
    );
    let made = 0;
    const ask = (key: string): Promise<string> =>
      cache.for(key).execute((context) =>
        guarded.within(() => {
          made += 1;
          if (made === 1) throw new Error("down");
          return `${key} ${made}`;
        }, context),
      );
    await expect(Promise.all([ask("a"), ask("a"), ask("b")])).resolves.toEqual([
      "a 3",
      "a 3",
      "b 2",
    ]);
    await expect(ask("a")).resolves.toBe("a 3");
  });

  it("stands in front of an executor", async () => {
    const cache = new CachePolicy({ ttlMs: 1_000 });
    const executor = new ResilientExecutor({ name: "search" });
    let made = 0;
    const ask = () =>
      cache.for("k").execute(async ({ signal }) => {
        const result = await executor.execute(() => ++made, signal);
        if (!result.success) throw result.error;
        return result.data;
      });
    expect([await ask(), await ask()]).toEqual([1, 1]);
  });

  it("tells a circuit inside it of a time-out for which the last caller has left", async () => {
    const clock = manualClock();
    const cache = new CachePolicy({ ttlMs: 1_000, clock });
    const breaker = new CircuitBreaker({ name: "db", clock });
    const timeout = new TimeoutPolicy({ timeoutMs: 50, clock });
    const failure = expect(
      pipeline(timeout, cache.for("k"), breaker).execute(obedient),
    ).rejects.toThrow(TimeoutError);
    await clock.advance(60);
    await failure;
    await settled();
    expect(breaker.stats()).toMatchObject({ failures: 1, ignored: 0 });
  });
});

describe("an answer that does not fit", () => {
  it("is asked for again where that is wanted, and then answered for", async () => {
    const retry = new RetryPolicy({ maxAttempts: 3, clock: eagerClock() });
    const validate = new ValidatePolicy({ schema: numberSchema, onInvalid: "retryable" });
    const fallback = new FallbackPolicy({ sources: [{ name: "none", answer: () => null }] });
    const guarded = pipeline(fallback, retry, validate);
    expectTypeOf(guarded).toEqualTypeOf<Pipeline<number | null>>();
    await expect(guarded.execute(({ attempt }) => (attempt < 3 ? "?" : 3))).resolves.toBe(3);
    await expect(guarded.execute(() => "?")).resolves.toBeNull();
    expect(validate.stats()).toEqual({ valid: 1, invalid: 5 });
    expect(fallback.stats()).toMatchObject({ primary: 1, sources: { none: { answered: 1 } } });
  });
});

describe("chaos", () => {
  it("innermost is a dependency that misbehaves: the policies around it mend what can be mended", async () => {
    const clock = eagerClock();
    const chaos = new ChaosPolicy({ enabled: true, errorRate: 0.5, seed: "tuesday", clock });
    const guarded = pipeline(new RetryPolicy({ maxAttempts: 20, clock }), chaos);
    expectTypeOf(guarded).toEqualTypeOf<Pipeline<never>>();
    for (let call = 0; call < 50; call += 1) {
      await expect(guarded.execute(() => call)).resolves.toBe(call);
    }
    const { calls, error } = chaos.stats();
    expect(calls - error).toBe(50);
    expect(error).toBeGreaterThan(20);
  });
});
