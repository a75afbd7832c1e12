import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { eagerClock } from "../base/fixtures/clocks.ts";
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
