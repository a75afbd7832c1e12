/** Retries inside the attempts of others, whose time is up, who stand beside each other, or whose signal is shared. */

import { describe, expect, it } from "vitest";

import { eagerClock, settled } from "../base/fixtures/clocks.ts";
import type { CallContext, Policy } from "../base/index.ts";
import { pipeline } from "../pipeline/index.ts";
import { TimeoutPolicy } from "../timeout/index.ts";
import { RetryPolicy } from "./retry-policy.ts";

function setup() {
  const clock = eagerClock();
  const calls: string[] = [];
  const retry = (maxAttempts: number): RetryPolicy =>
    new RetryPolicy({ maxAttempts, initialDelayMs: 400, jitterFactor: 0, clock });
  const limit = (timeoutMs: number): Policy => new TimeoutPolicy({ timeoutMs, clock });
  const fail = (name: string) => (): never => {
    calls.push(name);
    throw new Error("down");
  };
  const count = (name: string): number => calls.filter((each) => each === name).length;
  return { calls, retry, limit, fail, count };
}

describe("a retry inside an attempt", () => {
  it("is counted with the call under way when the attempt's time is up", async () => {
    const { limit, calls, retry, fail, count } = setup();
    const inner = retry(5);
    const limited = pipeline(retry(3), limit(1_000));
    const call = ({ attempt }: CallContext): unknown =>
      attempt === 1 ? fail("db")() : new Promise(() => calls.push("db"));
    const running = limited.execute(({ signal }) => inner.execute(call, signal));
    await expect(running).rejects.toThrow();
    expect(count("db")).toBe(5);
  });

  it("counts with what is further in when the time is up of what is further out", async () => {
    const { limit, retry, fail, count } = setup();
    const [inner, innermost] = [pipeline(retry(4), limit(9_000)), retry(2)];
    const limited = pipeline(retry(9), limit(1_000));
    const running = limited.execute(({ signal }) =>
      inner.execute((context) => innermost.execute(fail("db"), context.signal), signal),
    );
    await expect(running).rejects.toThrow();
    expect(count("db")).toBe(9); // Two, and one of the second attempt, in each second.
  });

  it("is counted though another beside it has succeeded since", async () => {
    const { retry, fail, count } = setup();
    const [inner, healing] = [retry(3), retry(4)];
    const running = retry(3).execute(async ({ signal }) => {
      const call = ({ attempt }: CallContext): unknown => attempt < 4 && fail("healed")();
      const healed = healing.execute(call, signal);
      await inner.execute(fail("db"), signal).catch(() => {});
      await healed;
      throw new Error("failed");
    });
    await expect(running).rejects.toThrow("failed");
    expect(count("db")).toBe(3);
  });

  it("is no longer known by the signal of a caller in a later turn", async () => {
    const { retry, fail, count } = setup();
    const { signal } = new AbortController();
    const inner = retry(3);
    const callsOf = async (name: string, isLater: boolean): Promise<number> => {
      const running = retry(3).execute(async () => {
        await inner.execute(fail(name), signal).catch(() => {});
        if (isLater) for (let turn = 0; turn < 3; turn += 1) await settled();
        throw new Error("failed");
      }, signal);
      await expect(running).rejects.toThrow("failed");
      return count(name);
    };
    expect([await callsOf("now", false), await callsOf("later", true)]).toEqual([3, 9]);
  });

  it("is told from another whose error does not surface", async () => {
    const { retry, fail, count } = setup();
    const [unknown, known] = [retry(3), retry(2)];
    const running = retry(5).execute(async ({ signal }) => {
      const error: unknown = await unknown.execute(fail("one")).catch((thrown: unknown) => thrown);
      await known.execute(fail("other"), signal).catch(() => {});
      throw error;
    });
    await expect(running).rejects.toThrow("down");
    expect([count("one"), count("other")]).toEqual([3, 2]); // Three more would be six of five.
  });
});
