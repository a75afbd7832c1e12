/** An executor with policies that a frame of retry, guards and timeout cannot hold alone. */

import { describe, expect, expectTypeOf, it, vi } from "vitest";

import { manualClock } from "../base/fixtures/clocks.ts";
import { seededRandom } from "../base/random.ts";
import { type Classifier, reactions } from "../classify/index.ts";
import type { StandardSchema } from "../validate/index.ts";
import { ResilientExecutor } from "./executor.ts";
import type { ExecutorOptions, MaybeSchema } from "./executor-options.ts";
import type { ExecutionResult } from "./result.ts";

const down = async (): Promise<never> => {
  throw Object.assign(new Error("down"), { code: "ECONNRESET" });
};
const slow = () => new Promise<never>(() => {});

function setup<S extends MaybeSchema = undefined>(
  options: Partial<ExecutorOptions<never, S>> = {},
) {
  const clock = manualClock();
  const random = seededRandom("layers");
  const executor = new ResilientExecutor<never, S>({ name: "api", clock, random, ...options });
  return { executor, clock };
}

describe("an executor with a cache", () => {
  const cache = { ttlMs: 1_000, maxStaleMs: 9_000 };

  it("answers from it, and says so: no attempt, no place, no budget", async () => {
    const rateLimit = { requestsPerMinute: 1, whenFull: "reject" } as const;
    const { executor } = setup({ cache, rateLimit });
    const oslo = executor.with({ cacheKey: "oslo" });
    await expect(oslo.execute(() => "rain")).resolves.toMatchObject({
      data: "rain",
      source: "primary",
      attempts: 1,
    });
    await expect(oslo.execute(() => "sun")).resolves.toEqual({
      success: true,
      data: "rain",
      source: "cache",
      attempts: 0,
      durationMs: 0,
    });
    expect(executor.stats()).toMatchObject({
      calls: 2,
      cached: 1,
      attempts: 1,
      cache: { hits: 1 },
    });
  });

  it("is passed by where the call names no key", async () => {
    const { executor } = setup({ cache });
    await executor.execute(() => "rain");
    await expect(executor.execute(() => "sun")).resolves.toMatchObject({ data: "sun" });
    await executor.with({ priority: 3 }).execute(() => "fog");
    expect(executor.stats().cache).toMatchObject({ misses: 0, entries: 0 });
  });

  it("is passed by without a key beside a hedge as well, and a key means nothing without it", async () => {
    const { executor } = setup({ cache, hedge: { delayMs: 100 } });
    await executor.execute(() => "rain");
    await expect(executor.execute(() => "sun")).resolves.toMatchObject({ data: "sun" });
    const { executor: other } = setup({ hedge: { delayMs: 100 } });
    const oslo = other.with({ cacheKey: "oslo" });
    await oslo.execute(() => "rain");
    await expect(oslo.execute(() => "sun")).resolves.toMatchObject({ data: "sun" });
  });

  it("makes one call for all who ask meanwhile, and it is one attempt in all", async () => {
    const { executor } = setup({ cache });
    const call = vi.fn(async () => "rain");
    const oslo = executor.with({ cacheKey: "oslo" });
    const results = await Promise.all([oslo.execute(call), oslo.execute(call)]);
    expect(results).toMatchObject([
      { source: "primary", attempts: 1 },
      { source: "cache", attempts: 0 },
    ]);
    expect(call).toHaveBeenCalledOnce();
  });

  it("stands in with an old answer when all attempts have failed", async () => {
    const retry = { maxAttempts: 2, initialDelayMs: 0 };
    const { executor, clock } = setup({ cache, retry });
    const oslo = executor.with({ cacheKey: "oslo" });
    await oslo.execute(() => "rain");
    await clock.advance(1_000);
    const running = oslo.execute(down);
    await clock.advance(0);
    await expect(running).resolves.toMatchObject({ data: "rain", source: "cache", attempts: 2 });
  });

  it("fails as the call does, where nothing is kept", async () => {
    const { executor } = setup({ cache });
    const failed = await executor.with({ cacheKey: "oslo" }).execute(down);
    expect(failed).toMatchObject({ success: false, errorClass: "network", attempts: 1 });
  });

  it("asks nobody when its caller has left already", async () => {
    const { executor } = setup({ cache });
    const call = vi.fn();
    const left = AbortSignal.abort(new Error("user left"));
    const result = await executor.with({ cacheKey: "oslo" }).execute(call, left);
    expect(result).toMatchObject({ success: false, errorClass: "aborted", attempts: 0 });
    expect(call).not.toHaveBeenCalled();
  });
});

describe("an executor with a hedge", () => {
  it("counts both attempts, and takes a place for each", async () => {
    const bulkhead = { maxConcurrent: 2 };
    const { executor, clock } = setup({ hedge: { delayMs: 100 }, bulkhead });
    const running = executor.execute(({ attempt }) => (attempt === 1 ? slow() : "quick"));
    expect(executor.stats().bulkhead).toMatchObject({ running: 1 });
    await clock.advance(200);
    await expect(running).resolves.toMatchObject({ data: "quick", attempts: 2, source: "primary" });
    expect(executor.stats()).toMatchObject({ attempts: 2, hedge: { hedges: 1, won: 1 } });
  });

  it("goes on with the first where a second has no place", async () => {
    const bulkhead = { maxConcurrent: 1 };
    const { executor, clock } = setup({ hedge: { delayMs: 100 }, bulkhead });
    const first = Promise.withResolvers<string>();
    const running = executor.execute(() => first.promise);
    await clock.advance(200);
    first.resolve("late");
    await expect(running).resolves.toMatchObject({ data: "late", attempts: 1 });
  });

  it("gives each attempt its own time, and the retry one failure for both", async () => {
    const retry = { maxAttempts: 2, initialDelayMs: 0 };
    const { executor, clock } = setup({ hedge: { delayMs: 100 }, timeout: 1_000, retry });
    const calls: number[] = [];
    const running = executor.execute(() => {
      calls.push(clock.monotonicMs());
      return slow();
    });
    for (let step = 0; step < 300; step += 1) await clock.advance(10);
    await expect(running).resolves.toMatchObject({ errorClass: "timeout", attempts: 4 });
    expect(calls).toHaveLength(4);
  });

  it("does not blame the circuit for an attempt that was not needed any more", async () => {
    const circuitBreaker = { failureThreshold: 1 };
    const { executor, clock } = setup({ hedge: { delayMs: 100 }, circuitBreaker });
    const running = executor.execute(({ attempt, signal }) =>
      attempt > 1
        ? "quick"
        : new Promise<never>((_, reject) => {
            signal.addEventListener("abort", () => reject(signal.reason));
          }),
    );
    await clock.advance(200);
    await expect(running).resolves.toMatchObject({ data: "quick" });
    expect(executor.stats().circuitBreaker).toMatchObject({ state: "closed", failures: 0 });
  });
});

const city: StandardSchema<unknown, { readonly name: string }> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) =>
      typeof value === "object" && value !== null && "name" in value
        ? { value: { name: String(value.name) } }
        : { issues: [{ message: "must have a name" }] },
  },
};

describe("an executor with a schema", () => {
  it("gives what the schema makes of the answer, and is typed by it", async () => {
    const { executor } = setup({ validate: { schema: city, json: true } });
    const result = await executor.execute(() => '{"name":"Oslo"}');
    expectTypeOf(result).toEqualTypeOf<ExecutionResult<{ readonly name: string }>>();
    expect(result).toMatchObject({ data: { name: "Oslo" }, attempts: 1 });
  });

  it("tries again where the answer does not fit, and counts each", async () => {
    const retry = { maxAttempts: 3, initialDelayMs: 0 };
    const validate = { schema: city, onInvalid: "retryable" } as const;
    const { executor, clock } = setup({ validate, retry });
    const running = executor.execute(({ attempt }) => (attempt < 3 ? {} : { name: "Oslo" }));
    await clock.advance(1);
    await expect(running).resolves.toMatchObject({ data: { name: "Oslo" }, attempts: 3 });
    expect(executor.stats().validate).toEqual({ valid: 1, invalid: 2 });
  });
});

describe("an executor with a classifier", () => {
  const broken: Classifier = {
    classify: () => ({ ...reactions.auth, class: "auth", evidence: "the test" }),
  };

  it("has it decide what is tried again, also beside a schema", async () => {
    const retry = { maxAttempts: 3, initialDelayMs: 0 };
    const { executor } = setup({ validate: { schema: city }, retry, classifier: broken });
    await expect(executor.execute(down)).resolves.toMatchObject({
      errorClass: "auth",
      attempts: 1,
    });
  });

  it("has it decide whether a hedge waits for its other attempt", async () => {
    const { executor, clock } = setup({ hedge: { delayMs: 100 }, classifier: broken });
    const running = executor.execute(({ attempt }) => (attempt === 1 ? slow() : down()));
    await clock.advance(200);
    await expect(running).resolves.toMatchObject({ errorClass: "auth", attempts: 2 });
  });
});

describe("an executor with chaos", () => {
  it("leaves it to the chance of the executor which calls are hit", async () => {
    const chaos = { enabled: true, errorRate: 0.5 };
    const hit = async (chance: number) => {
      const random = { next: () => chance, uuid: () => "" };
      const result = await setup({ chaos, random }).executor.execute(() => "pong");
      return !result.success;
    };
    await expect(Promise.all([hit(0.1), hit(0.9)])).resolves.toEqual([true, false]);
  });

  it("leaves it to the seed of chaos, where there is one", async () => {
    const chaos = { enabled: true, errorRate: 0.5, seed: "tuesday" };
    const hits = async (chance: number) => {
      const random = { next: () => chance, uuid: () => "" };
      const { executor } = setup({ chaos, random });
      const results = Array.from({ length: 20 }, () => executor.execute(() => 1));
      return (await Promise.all(results)).filter(({ success }) => !success).length;
    };
    const [low, high] = [await hits(0), await hits(1 - 1e-9)];
    expect(low).toBe(high);
    expect(low).toBeGreaterThan(0);
    expect(low).toBeLessThan(20);
  });

  it("counts what chaos does as the call's own attempts", async () => {
    const retry = { maxAttempts: 3, initialDelayMs: 0 };
    const { executor, clock } = setup({ retry, chaos: { enabled: true, errorRate: 1 } });
    const call = vi.fn();
    const running = executor.execute(call);
    await clock.advance(1);
    await expect(running).resolves.toMatchObject({ error: { code: "KINTSUGI_CHAOS" } });
    expect(executor.stats().attempts).toBe((await running).attempts);
    expect((await running).attempts).toBeGreaterThan(0);
    expect(call).not.toHaveBeenCalled();
  });

  it("hits the same calls with the same seed", async () => {
    const hits = async () => {
      const { executor } = setup({ chaos: { enabled: true, errorRate: 0.5, seed: "tuesday" } });
      const results = Array.from({ length: 20 }, () => executor.execute(() => 1));
      return (await Promise.all(results)).map(({ success }) => success);
    };
    expect(await hits()).toEqual(await hits());
  });
});

describe("the limits of an executor", () => {
  it("refuse from the outermost in: an open circuit takes no budget, a spent budget no place", async () => {
    const { executor } = setup({
      circuitBreaker: { failureThreshold: 1 },
      rateLimit: { requestsPerMinute: 2, whenFull: "reject" },
      bulkhead: { maxConcurrent: 5 },
      adaptiveLimit: { initialLimit: 5 },
    });
    await executor.execute(() => "pong");
    await executor.execute(down);
    await executor.execute(down);
    expect(executor.stats()).toMatchObject({
      circuitBreaker: { state: "open", rejected: 1 },
      rateLimit: { admitted: 2, rejected: 0 },
      bulkhead: { successes: 1, failures: 1 },
      adaptiveLimit: { successes: 1, dropped: 1 },
    });
  });

  it("hear what a call claims", async () => {
    const { executor } = setup({ rateLimit: { tokensPerMinute: 100, whenFull: "reject" } });
    await executor.with({ cost: 90 }).execute(() => "pong");
    await expect(executor.with({ cost: 20 }).execute(() => "pong")).resolves.toMatchObject({
      error: { code: "KINTSUGI_RATE_LIMITED" },
      attempts: 0,
    });
    await expect(executor.execute(() => "pong")).resolves.toMatchObject({ success: true });
    expect(() => executor.with({ cost: -1 })).toThrow(/^cost must be/);
  });

  it("keep a call in the line outside its time", async () => {
    const { executor, clock } = setup({
      bulkhead: { maxConcurrent: 1, maxQueue: 1 },
      timeout: 100,
    });
    const first = executor.execute(slow);
    const held = Promise.withResolvers<string>();
    const second = executor.execute(() => held.promise);
    await clock.advance(90);
    expect(executor.stats().bulkhead).toMatchObject({ running: 1, waiting: 1 });
    await clock.advance(20);
    await expect(first).resolves.toMatchObject({ errorClass: "timeout" });
    const left = new AbortController();
    const third = executor.execute(() => "pong", left.signal);
    left.abort(new Error("user left"));
    await expect(third).resolves.toMatchObject({ success: false });
    expect(executor.stats().bulkhead).toMatchObject({ zombies: 1, waiting: 1 });
    void second;
  });
});

it.each([
  [{ bulkhead: { maxConcurrent: 0 } }, /^maxConcurrent must be/],
  [{ rateLimit: { burst: 2 } }, /^burst must be/],
  [{ adaptiveLimit: { minLimit: 0 } }, /^minLimit must be/],
  [{ hedge: { maxHedges: 0 } }, /^maxHedges must be/],
  [{ cache: { ttlMs: 0 } }, /^ttlMs must be/],
  [{ chaos: { errorRate: 2 } }, /^errorRate must be/],
] as const)("an executor with %j is refused when it is made", (options, sentence) => {
  expect(() => setup(options)).toThrow(sentence);
});

it.each([
  [{ rateLimit: 10 }, "rateLimit must be an object, got 10"],
  [{ retry: true }, "retry must be an object, got true"],
  [{ timeout: "5s" }, 'timeout must be a number of milliseconds or an object, got "5s"'],
  [
    { fallback: "none" },
    'fallback must be a function or a list of at least one source, got "none"',
  ],
])("an executor of plain JavaScript with %j is refused when it is made", (options, sentence) => {
  expect(() => setup(options as never)).toThrow(new RangeError(sentence));
});
