/** Retries inside retries, however they are joined: all together make no more calls than the largest may. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { eagerClock, settled } from "./base/fixtures/clocks.ts";
import type { Call, Clock } from "./base/index.ts";
import {
  type CallContext,
  CircuitBreaker,
  type Policy,
  pipeline,
  RejectedError,
  ResilientExecutor,
  RetryPolicy,
  retryEndOf,
  TimeoutPolicy,
} from "./index.ts";

/** A retry, and how its calls reach what is further in. */
interface Level {
  readonly attempts: number;
  readonly as: "a policy" | "a pipeline" | "a pipeline, nested" | "an executor";
  /** What stands between it and the next one further in. */
  readonly between: "nothing" | "a time limit" | "others before it" | "a bare loop";
  /** Whether it hands its signal on. */
  readonly passesOn: boolean;
  /** What becomes of an error of what is further in. */
  readonly error: "as it is" | "as a cause" | "anew";
}

type Run = (signal?: AbortSignal) => Promise<unknown>;

/** Makes the calls of a level: `fail` is what is further in. */
function levelOf(level: Level, clock: Clock, fail: Run): Run {
  const retry = {
    maxAttempts: level.attempts,
    retryableErrors: () => true,
    initialDelayMs: 1,
  };
  const call = within(level, clock, fail);
  if (level.as === "an executor") {
    const executor = new ResilientExecutor({ name: "inner", retry, timeout: 1e9, clock });
    return async (signal) => {
      const result = await executor.execute(call, signal);
      if (!result.success) throw result.error;
    };
  }
  const policy = guarded(level.as, new RetryPolicy({ ...retry, clock }), clock);
  return (signal) => policy.execute(call, signal);
}

function guarded(as: Level["as"], retry: Policy, clock: Clock): Policy {
  if (as === "a policy") return retry;
  const unnamed: Policy = {
    execute: <T>(call: Call<T>, signal?: AbortSignal) => retry.execute(call, signal),
  };
  const breaker = new CircuitBreaker({ name: "db", failureThreshold: 1_000, clock });
  const timeout = new TimeoutPolicy({ timeoutMs: 1e9, clock });
  return pipeline(as === "a pipeline" ? retry : unnamed, breaker, timeout);
}

function within(level: Level, clock: Clock, fail: Run): (context: CallContext) => Promise<unknown> {
  const { between, error, passesOn } = level;
  const timeout = new TimeoutPolicy({ timeoutMs: 1e9, clock });
  return async (context) => {
    const signal = passesOn ? context.signal : undefined;
    try {
      if (between === "a time limit") {
        return await timeout.execute((own) => fail(passesOn ? own.signal : undefined), signal);
      }
      if (between === "others before it") {
        await new RetryPolicy({ maxAttempts: 9, clock }).execute(({ attempt }) => {
          if (attempt === 1) throw new Error("down for a moment");
        }, signal);
      }
      if (between === "a bare loop") {
        for (let round = 1; round <= 2; round += 1)
          await new RetryPolicy().execute(() => round, signal);
      }
      return await fail(signal);
    } catch (thrown) {
      if (error === "as it is") throw thrown;
      throw error === "as a cause" ? new Error("failed", { cause: thrown }) : new Error("failed");
    }
  };
}

/** How often a call is made that always fails. */
async function callsUnder(levels: readonly Level[], signal?: AbortSignal): Promise<number> {
  const clock = eagerClock();
  let calls = 0;
  const innermost: Run = async () => {
    calls += 1;
    throw new Error("down");
  };
  const run = levels.reduceRight<Run>((inner, level) => levelOf(level, clock, inner), innermost);
  await expect(run(signal)).rejects.toThrow();
  return calls;
}

const anyLevel: fc.Arbitrary<Level> = fc.record({
  attempts: fc.integer({ min: 1, max: 6 }),
  as: fc.constantFrom("a policy", "a pipeline", "a pipeline, nested", "an executor"),
  between: fc.constantFrom("nothing", "a time limit", "others before it", "a bare loop"),
  passesOn: fc.boolean(),
  error: fc.constantFrom("as it is", "as a cause", "anew"),
});

/** An error that is made anew tells nothing, so then it is the signal that must. */
const telling = anyLevel.map((level) =>
  level.error === "anew" ? { ...level, passesOn: true } : level,
);

/** Every error is made anew, so that the signal alone tells. */
const silent = (attempts: number): Level => ({
  attempts,
  as: "a policy",
  between: "nothing",
  passesOn: true,
  error: "anew",
});

describe("retries of which each is told of by its error or by the signal", () => {
  const anyLevels = fc.array(telling, { minLength: 2, maxLength: 3 });

  it("make at most the larger number of calls, under a signal of the caller's or none", async () => {
    const ends = new Set<string>();
    await fc.assert(
      fc.asyncProperty(anyLevels, fc.boolean(), async (levels, isSigned) => {
        const sizes = levels.map(({ attempts }) => attempts);
        const signal = isSigned ? new AbortController().signal : undefined;
        const calls = await callsUnder(levels, signal);
        expect(calls).toBeLessThanOrEqual(Math.max(...sizes));
        expect(calls).toBeGreaterThanOrEqual(sizes.at(-1) ?? 1);
        ends.add(calls === Math.max(...sizes) ? "the larger" : "fewer");
      }),
      { numRuns: 400 },
    );
    expect([...ends].sort()).toEqual(["fewer", "the larger"]);
  });

  it.each([
    { sizes: [3, 5], calls: 5, underCaller: 5 },
    { sizes: [5, 3], calls: 5, underCaller: 3 },
    { sizes: [3, 3], calls: 3, underCaller: 3 },
    { sizes: [7, 3], calls: 7, underCaller: 6 },
    { sizes: [2, 3, 4], calls: 4, underCaller: 4 },
    { sizes: [4, 3, 2], calls: 4, underCaller: 2 },
    { sizes: [9, 2, 3], calls: 9, underCaller: 9 },
  ])("of $sizes attempts make $calls calls", async ({ sizes, calls, underCaller }) => {
    const levels = sizes.map(silent);
    await expect(callsUnder(levels)).resolves.toBe(calls);
    // Whose signal many calls may share: a retry further in cannot know which of them it serves.
    await expect(callsUnder(levels, new AbortController().signal)).resolves.toBe(underCaller);
  });
});

class OpenError extends RejectedError {
  readonly code = "KINTSUGI_TEST";
}

function setup() {
  const clock = eagerClock();
  const calls: string[] = [];
  const retry = (maxAttempts: number): RetryPolicy =>
    new RetryPolicy({ maxAttempts, initialDelayMs: 400, jitterFactor: 0, clock });
  const fail = (name: string) => (): never => {
    calls.push(name);
    throw new Error("down");
  };
  const count = (name: string): number => calls.filter((each) => each === name).length;
  return { clock, calls, retry, fail, count };
}

describe("a retry inside an attempt", () => {
  it("is counted when the attempt's time is up before it gives up", async () => {
    const { clock, retry, fail, count } = setup();
    const inner = retry(5);
    const limited = pipeline(retry(3), new TimeoutPolicy({ timeoutMs: 1_000, clock }));
    const running = limited.execute(({ signal }) => inner.execute(fail("db"), signal));
    await expect(running).rejects.toThrow();
    expect(count("db")).toBe(5);
  });

  it("is counted though whoever catches its error takes a while", async () => {
    const { retry, fail, count } = setup();
    const inner = retry(3);
    const running = retry(3).execute(async ({ signal }) => {
      await inner.execute(fail("db"), signal).catch(() => {});
      await settled();
      await settled();
      throw new Error("failed");
    });
    await expect(running).rejects.toThrow("failed");
    expect(count("db")).toBe(3);
  });

  it("counts no more once what it failed in has succeeded", async () => {
    const { retry, fail, count } = setup();
    const [inner, innermost] = [retry(4), retry(2)];
    const running = retry(6).execute(async ({ signal }) => {
      let isHealed = false;
      await inner.execute(async (context) => {
        if (isHealed) return;
        isHealed = true;
        await innermost.execute(fail("db"), context.signal).catch(() => {});
        throw new Error("failed");
      }, signal);
      fail("other")();
    });
    // With each attempt one call less is left, until the two and two further in are too many.
    await expect(running).rejects.toThrow("failed");
    expect(count("other")).toBe(3);
  });

  it("leaves the others in the attempt their own number of calls", async () => {
    const { retry, fail, count } = setup();
    const [first, second] = [retry(3), retry(3)];
    const running = retry(3).execute(async ({ signal }) => {
      await first.execute(({ attempt }) => (attempt < 3 ? fail("first")() : "an answer"), signal);
      await second.execute(fail("second"), signal);
    });
    await expect(running).rejects.toThrow("down");
    expect([count("first"), count("second")]).toEqual([2, 3]);
  });

  it("is not held to the calls of a loop that nobody knows to be a retry", async () => {
    const { retry, fail, count } = setup();
    const inner = retry(3);
    const running = retry(2).execute(async ({ signal }) => {
      const pages = ["one", "two", "three"];
      for (const page of pages) await inner.execute(fail(page), signal).catch(() => {});
      throw new Error("no page was read");
    });
    await expect(running).rejects.toThrow("no page was read");
    expect([count("one"), count("two"), count("three")]).toEqual([3, 3, 3]);
  });

  it("has made no call that was refused", async () => {
    const { clock, retry, fail, calls } = setup();
    const inner = retry(4);
    const down = (): never => {
      if (calls.length === 2) throw new OpenError("The circuit is open", 0);
      return fail("db")();
    };
    const patient = new RetryPolicy({ maxAttempts: 4, retryableErrors: () => true, clock });
    const ends: unknown[] = [];
    const running = patient.execute(async ({ signal }) => {
      try {
        await inner.execute(down, signal);
      } catch (thrown) {
        ends.push(retryEndOf(thrown)?.attempts ?? "refused");
        throw thrown;
      }
    });
    const error: unknown = await running.catch((thrown: unknown) => thrown);
    expect({ calls: calls.length, ends }).toEqual({
      calls: 2,
      ends: [2, "refused", "refused", "refused"],
    });
    expect(retryEndOf(error)).toMatchObject({ why: "attempts", attempts: 2, maxAttempts: 4 });
  });
});
