import { describe, expect, it } from "vitest";

import { AdaptiveLimiter, AdaptiveThrottle } from "../adaptive-limit/index.ts";
import type { Call, Policy } from "../base/index.ts";
import { Bulkhead } from "../bulkhead/index.ts";
import { CachePolicy } from "../cache/index.ts";
import { CircuitBreaker } from "../circuit-breaker/index.ts";
import { FallbackPolicy } from "../fallback/index.ts";
import { Hedge } from "../hedge/index.ts";
import { RateLimiter } from "../rate-limit/index.ts";
import { RetryPolicy } from "../retry/index.ts";
import { type EveryPolicy, makers } from "./fixtures/every-policy.ts";
import { PipelineError } from "./order.ts";
import { pipeline } from "./pipeline.ts";

const caches: readonly EveryPolicy[] = ["cache", "choosy cache"];
const hedges: readonly EveryPolicy[] = ["hedge", "late hedge"];

/** What must not stand around what: all of it, and nothing besides. */
const mistakes: Partial<Record<EveryPolicy, readonly EveryPolicy[]>> = {
  retry: ["retry"],
  breaker: caches,
  "slow-call breaker": [...caches, "retry", "bulkhead with a queue", "rate limiter"],
  "short timeout": ["long timeout", "late hedge"],
  "short cooperative timeout": ["late hedge"],
  "adaptive limiter": [...caches, "retry", "bulkhead with a queue", "rate limiter"],
  "adaptive throttle": caches,
  hedge: [...hedges, "retry", ...caches],
  "late hedge": [...hedges, "retry", ...caches],
  validation: ["cache"],
  "validation that asks again": ["cache", "retry"],
};

const names = Object.keys(makers) as EveryPolicy[];

/** A policy of another house. */
const foreign: Policy = {
  execute: async <T>(call: Call<T>) => call({ attempt: 1, signal: new AbortController().signal }),
};

describe("an order of two policies", () => {
  it.each(names)("is refused when it is built, or works: %s around any other", async (outer) => {
    const refused: EveryPolicy[] = [];
    for (const inner of names) {
      const build = () => pipeline(makers[outer](), makers[inner]());
      const through = () => pipeline(makers[outer](), foreign, pipeline(makers[inner]()));
      if (mistakes[outer]?.includes(inner)) {
        expect(build, inner).toThrow(PipelineError);
        expect(through, inner).toThrow(PipelineError);
        refused.push(inner);
      } else
        await expect(
          build().execute(() => "answer"),
          inner,
        ).resolves.toBe("answer");
    }
    expect(refused.toSorted()).toEqual((mistakes[outer] ?? []).toSorted());
  });

  it("is refused in one sentence: which two, why, and what to do", () => {
    const limiter = new AdaptiveLimiter({ name: "search" });
    const bulkhead = new Bulkhead({ name: "search", maxQueue: 9 });
    expect(() => pipeline(limiter, bulkhead)).toThrow(
      'The adaptive limiter "search" must not stand around the bulkhead "search": it would take the ' +
        "wait in the queue for slowness of the other side; put the bulkhead around the limiter, or " +
        "give it no queue",
    );
    expect(() => pipeline(new Hedge(), new RetryPolicy())).toThrow(
      "The hedge must not stand around the retry: each of its attempts would be retried for itself, " +
        "and they multiply; put the retry around the hedge",
    );
    expect(() => pipeline(new RetryPolicy(), new RetryPolicy())).toThrow(
      "2 retries in one pipeline multiply their attempts; keep one",
    );
  });

  it("lets a call of a cache go on for others: a longer time inside it is no mistake", () => {
    const cache = makers.cache();
    expect(() =>
      pipeline(makers["short timeout"](), cache, makers["long timeout"]()),
    ).not.toThrow();
    expect(() => pipeline(makers["short timeout"](), cache, makers["late hedge"]())).not.toThrow();
  });

  it("is a mistake whatever else stands between them, or further in", () => {
    for (const inner of [makers["long timeout"], makers["late hedge"]]) {
      const short = makers["short timeout"];
      expect(() => pipeline(short(), makers.bulkhead(), inner())).toThrow(PipelineError);
      expect(() => pipeline(short(), inner(), makers.cache())).toThrow(PipelineError);
    }
  });
});

describe("one state", () => {
  const beside = (policy: Policy) =>
    new FallbackPolicy({ sources: [{ name: "other", answer: () => 0, policy }] });
  /** Made within each test, as all that a test looks at. */
  const setup = () => ({
    bulkhead: new Bulkhead({ name: "db", maxQueue: 9 }),
    limiter: new RateLimiter({ name: "api" }),
    breaker: new CircuitBreaker({ name: "db" }),
    cache: new CachePolicy({ ttlMs: 9 }),
  });
  type Row = (made: ReturnType<typeof setup>) => readonly Policy<unknown>[];

  it.each<{ readonly what: string; readonly row: Row }>([
    {
      what: "two views of a bulkhead",
      row: ({ bulkhead }) => [bulkhead.with({ key: "a" }), bulkhead.with({})],
    },
    {
      what: "a bulkhead and its view",
      row: ({ bulkhead }) => [bulkhead, new RetryPolicy(), bulkhead.with({})],
    },
    {
      what: "a view in an inner pipeline",
      row: ({ bulkhead }) => [bulkhead, pipeline(bulkhead.with({}))],
    },
    {
      what: "a view beside a fallback",
      row: ({ bulkhead }) => [bulkhead, beside(pipeline(bulkhead.with({})))],
    },
    {
      what: "a view as such beside a fallback",
      row: ({ bulkhead }) => [bulkhead, beside(bulkhead.with({}))],
    },
    { what: "two views of a rate limiter", row: ({ limiter }) => [limiter.with({}), limiter] },
    {
      what: "an adaptive limiter twice",
      row: () => Array(2).fill(new AdaptiveLimiter({ name: "a" })),
    },
    { what: "a throttle twice", row: () => Array(2).fill(new AdaptiveThrottle({ name: "a" })) },
    { what: "a circuit and its strict side", row: ({ breaker }) => [breaker, breaker.strict] },
    { what: "one key of a cache", row: ({ cache }) => [cache.for("oslo"), cache.for("oslo")] },
    { what: "a policy of another house", row: () => [foreign, foreign] },
  ])("must not stand around a call twice: $what", ({ row }) => {
    const twice = row(setup());
    expect(() => pipeline(...twice)).toThrow(PipelineError);
    expect(() => pipeline(...twice)).toThrow(/^The same .* stands around a call twice: /);
  });

  it.each<{ readonly what: string; readonly row: Row }>([
    { what: "two bulkheads", row: ({ bulkhead }) => [bulkhead, new Bulkhead({ name: "db" })] },
    { what: "two keys of a cache", row: ({ cache }) => [cache.for("oslo"), cache.for("rome")] },
    {
      what: "one beside the other",
      row: ({ bulkhead }) => [beside(bulkhead.with({})), bulkhead],
    },
    {
      what: "two caches of one key",
      row: ({ cache }) => [cache.for("a"), new CachePolicy({ ttlMs: 1 }).for("a")],
    },
  ])("is not what these share: $what", async ({ row }) => {
    await expect(pipeline(...row(setup())).execute(() => "answer")).resolves.toBe("answer");
  });

  it("would wait for itself for ever, where a pipeline cannot see it", async () => {
    const narrow = new Bulkhead({ name: "db", maxConcurrent: 1, maxQueue: 1 });
    const user = new AbortController();
    const stuck = narrow.execute(
      (context) => narrow.with({}).within?.(() => "answer", context),
      user.signal,
    );
    expect(narrow.stats()).toMatchObject({ running: 1, waiting: 1 });
    user.abort(new Error("left"));
    await expect(stuck).rejects.toThrow("left");
  });
});
