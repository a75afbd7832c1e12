import { describe, expect, it } from "vitest";

import { eagerClock } from "../base/fixtures/clocks.ts";
import { type Call, Frame, type Policy } from "../base/index.ts";
import { CircuitBreaker } from "../circuit-breaker/index.ts";
import { RetryPolicy } from "../retry/index.ts";
import { TimeoutPolicy } from "../timeout/index.ts";
import { frameOf, nestsOf } from "./compile.ts";
import { pipeline } from "./pipeline.ts";

/** A policy of another house, which has something that is called as a part of our guards is. */
const foreign: Policy & { settle(): void } = {
  execute: async <T>(call: Call<T>) => call({ attempt: 1, signal: new AbortController().signal }),
  settle() {},
};

const setup = () => ({
  retry: new RetryPolicy({ maxAttempts: 3, clock: eagerClock() }),
  breaker: new CircuitBreaker({ name: "db", failureThreshold: 9 }),
  timeout: new TimeoutPolicy({ timeoutMs: 1_000 }),
});

/** `frame` for each step that is one. */
const steps = (...policies: readonly Policy<unknown>[]) =>
  nestsOf(policies).map((nest) => (nest instanceof Frame ? "frame" : "policy"));

describe("a row of policies", () => {
  it("is one frame where a retry, guards and a timeout stand in this order", () => {
    const { retry, breaker, timeout } = setup();
    expect(steps(retry, breaker, timeout)).toEqual(["frame"]);
    expect(steps(breaker)).toEqual(["frame"]);
  });

  it("begins a frame anew with each retry, and after each timeout", () => {
    const { retry, breaker, timeout } = setup();
    expect(steps(breaker, retry)).toEqual(["frame", "frame"]);
    expect(steps(timeout, breaker)).toEqual(["frame", "frame"]);
    expect(steps(timeout, retry)).toEqual(["frame", "frame"]);
  });

  it("has no frame for what has its own way, before it or after it", () => {
    const { retry } = setup();
    expect(steps()).toEqual([]);
    expect(steps(foreign)).toEqual(["policy"]);
    expect(steps(retry, foreign)).toEqual(["frame", "policy"]);
  });

  it("counts a call once in a circuit around its retry, and each attempt in one further in", async () => {
    const down = (): never => {
      throw new Error("down");
    };
    const around = setup();
    await expect(pipeline(around.breaker, around.retry).execute(down)).rejects.toThrow("down");
    expect(around.breaker.stats().failures).toBe(1);
    const within = setup();
    await expect(pipeline(within.retry, within.breaker).execute(down)).rejects.toThrow("down");
    expect(within.breaker.stats().failures).toBe(3);
  });
});

describe("the one frame of an executor", () => {
  const ending = { answered: (value: unknown) => value, failed: () => "failed" };

  it.each<[string, (made: ReturnType<typeof setup>) => readonly Policy<unknown>[]]>([
    ["a policy of another house", () => [foreign]],
    ["a retry inside a circuit", ({ breaker, retry }) => [breaker, retry]],
  ])("is not made of %s", (_, row) => {
    expect(() => frameOf(row(setup()), ending)).toThrow(TypeError);
  });

  it("is made of what fits", async () => {
    const { retry, breaker, timeout } = setup();
    const frame = frameOf([retry, breaker, timeout], ending);
    await expect(frame.execute(() => "answer", undefined)).resolves.toBe("answer");
  });
});
