import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { eagerClock } from "../base/fixtures/clocks.ts";
import { retryEndOf } from "./nested.ts";
import { RetryPolicy } from "./retry-policy.ts";

/** How often a call that always fails is made under retries of these sizes, the outermost first. */
async function callsUnder(sizes: readonly number[], wrap = (error: unknown) => error) {
  const clock = eagerClock();
  let calls = 0;
  const innermost = async (): Promise<never> => {
    calls += 1;
    throw new Error("down");
  };
  const outermost = sizes.reduceRight<() => Promise<never>>((inner, maxAttempts) => {
    const policy = new RetryPolicy({ maxAttempts, clock, retryableErrors: () => true });
    return () =>
      policy.execute(inner).catch((error: unknown) => {
        throw wrap(error);
      });
  }, innermost);
  await outermost().catch(() => {});
  return calls;
}

describe("a retry inside a retry", () => {
  it.each([
    { sizes: [3, 3], calls: 3 },
    { sizes: [3, 5], calls: 5 },
    { sizes: [5, 3], calls: 3 },
    { sizes: [6, 3], calls: 6 },
    { sizes: [1, 4], calls: 4 },
    { sizes: [4, 1], calls: 4 },
    { sizes: [3, 3, 3], calls: 3 },
  ])("of $sizes attempts makes $calls calls", async ({ sizes, calls }) => {
    await expect(callsUnder(sizes)).resolves.toBe(calls);
  });

  it("is found when the error was wrapped on its way out", async () => {
    const wrap = (cause: unknown) => new Error("the tool failed", { cause });
    await expect(callsUnder([3, 3], wrap)).resolves.toBe(3);
  });

  it("never makes more calls than the larger of them allows", async () => {
    const anySizes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 2, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(anySizes, async (sizes) => {
        expect(await callsUnder(sizes)).toBeLessThanOrEqual(Math.max(...sizes));
      }),
    );
  });

  it("makes at most the outer number of attempts, where it is not itself the larger", async () => {
    const anySizes = fc
      .array(fc.integer({ min: 1, max: 7 }), { minLength: 2, maxLength: 4 })
      .map((sizes) => sizes.sort((one, other) => other - one));
    await fc.assert(
      fc.asyncProperty(anySizes, async (sizes) => {
        expect(await callsUnder(sizes)).toBeLessThanOrEqual(sizes[0] ?? 0);
      }),
    );
  });

  it("tells the outer why it ended", async () => {
    const clock = eagerClock();
    const inner = new RetryPolicy({ maxAttempts: 2, clock });
    const outer = new RetryPolicy({ maxAttempts: 3, clock });
    const error = new Error("down");
    await outer.execute(() => inner.execute(() => Promise.reject(error))).catch(() => {});
    expect(retryEndOf(new Error("the tool failed", { cause: error }))).toMatchObject({
      why: "attempts",
      attempts: 2,
      maxAttempts: 3,
    });
    expect(retryEndOf(new Error("never retried"))).toBeUndefined();
  });

  it("is not seen in an error that an earlier call left with", async () => {
    const clock = eagerClock();
    const shared = new Error("one object for all failures");
    const run = async () => {
      let calls = 0;
      const policy = new RetryPolicy({ maxAttempts: 4, clock });
      const call = async (): Promise<never> => {
        calls += 1;
        throw shared;
      };
      await policy.execute(call).catch(() => {});
      await new RetryPolicy({ clock, initialDelayMs: 1 }).execute(({ attempt }) => {
        if (attempt === 1) throw new Error("time goes on");
      });
      return calls;
    };
    expect([await run(), await run()]).toEqual([4, 4]);
  });

  it("is not seen again in an attempt that threw the same error without it", async () => {
    const clock = eagerClock();
    const shared = new Error("one object for all failures");
    const fail = (): never => {
      throw shared;
    };
    const inner = new RetryPolicy({ maxAttempts: 2, clock });
    const attempts: number[] = [];
    const outer = new RetryPolicy({ maxAttempts: 5, clock });
    const running = outer.execute(({ attempt }) => {
      attempts.push(attempt);
      return attempt === 1 ? inner.execute(fail) : fail();
    });
    await expect(running).rejects.toBe(shared);
    expect(attempts).toEqual([1, 2, 3, 4]); // The first made two calls, each other one.
  });

  it("is found on another clock too", async () => {
    let calls = 0;
    const inner = new RetryPolicy({ clock: eagerClock() });
    const outer = new RetryPolicy({ clock: eagerClock() });
    const call = (): never => {
      calls += 1;
      throw new Error("down");
    };
    await outer.execute(() => outer.execute(call)).catch(() => {});
    await outer.execute(() => inner.execute(call)).catch(() => {});
    expect(calls).toBe(6);
  });

  it("is found where it is one of another copy of this package", async () => {
    const other = { why: "attempts", attempts: 4, maxAttempts: 4, retryAfterMs: 0 } as const;
    const error = new Error("down");
    // Its attempts are counted by another class, so that the order of theirs and ours is not known.
    const mark = { ...other, serial: 0, counter: class OtherAttempt {} };
    Object.defineProperty(error, Symbol.for("kintsugi.retried"), { value: mark });
    let attempts = 0;
    const policy = new RetryPolicy({ maxAttempts: 9, clock: eagerClock() });
    const running = policy.execute(() => {
      attempts += 1;
      throw error;
    });
    await expect(running).rejects.toBe(error);
    expect(attempts).toBe(2); // Four calls each; four more would be too many.
  });

  it("is looked for in the causes of causes, as far as the fourth, and not in a circle", async () => {
    const error = new Error("down");
    const policy = new RetryPolicy({ maxAttempts: 2, clock: eagerClock() });
    await policy.execute(() => Promise.reject(error)).catch(() => {});
    const wrapped = (times: number): Error =>
      times === 0 ? error : new Error("failed", { cause: wrapped(times - 1) });
    expect(retryEndOf(wrapped(4))).toMatchObject({ attempts: 2 });
    expect(retryEndOf(wrapped(5))).toBeUndefined();
    const circle = new Error("failed");
    circle.cause = circle;
    expect(retryEndOf(circle)).toBeUndefined();
  });

  it("lets errors be that cannot be marked", async () => {
    const clock = eagerClock();
    const policy = new RetryPolicy({ clock });
    const frozen = Object.freeze(new Error("frozen"));
    for (const thrown of [frozen, "text", null]) {
      const call = (): never => {
        throw thrown;
      };
      await expect(policy.execute(call)).rejects.toBe(thrown);
    }
  });
});
