import { ResilientExecutor, RetryPolicy } from "@kintsugi/policy";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { manualClock } from "../../testing/index.ts";
import type { StepContext, StepOptions } from "../step-types.ts";
import { attemptStep } from "./attempts.ts";

const HOURS = 40 * 3_600_000;

function setup() {
  const clock = manualClock();
  const open = new Set<AbortController>();
  const signals = {
    open: () => {
      const controller = new AbortController();
      open.add(controller);
      return controller;
    },
    close: (controller: AbortController) => void open.delete(controller),
  };
  /** Does the step to its end, however long it waits. */
  const attempt = async (options: StepOptions, fn: (told: StepContext) => unknown) => {
    const step = { name: "ask", idempotencyKey: "run:0", options, clock, signals };
    const ending = attemptStep({ ...step, fn: async (told) => fn(told) });
    await clock.advance(HOURS);
    const { failed } = await ending;
    expect([clock.pending, open.size]).toEqual([0, 0]);
    return failed === 0 ? "done" : "failed";
  };
  return { clock, open, attempt };
}

/** A dependency that is down to some time, and an executor that asks it. */
function model(clock: ReturnType<typeof manualClock>, upAtMs: number, retries: number) {
  const asked = { calls: 0, refused: 0 };
  const executor = new ResilientExecutor({
    name: "model",
    retry: { maxAttempts: retries, initialDelayMs: 1_000 },
    circuitBreaker: { failureThreshold: 5, timeout: 30_000, successThreshold: 1 },
    clock,
  });
  const ask = async (signal?: AbortSignal): Promise<void> => {
    const result = await executor.execute(() => {
      asked.calls += 1;
      if (clock.monotonicMs() < upAtMs) throw new Error("down");
    }, signal);
    if (result.success) return;
    if (result.attempts === 0) asked.refused += 1;
    throw result.error;
  };
  return { asked, ask };
}

describe("a step whose code tries again itself", () => {
  it.each([
    { step: 10, inner: 4, signed: 10, unsigned: 8 },
    { step: 3, inner: 5, signed: 5, unsigned: 5 },
    { step: 3, inner: 3, signed: 3, unsigned: 3 },
    { step: 1, inner: 4, signed: 4, unsigned: 4 },
  ])("makes the larger number of calls: $step and $inner", async (sizes) => {
    const callsWith = async (isSigned: boolean): Promise<number> => {
      const { clock, attempt } = setup();
      const retry = new RetryPolicy({ maxAttempts: sizes.inner, clock });
      let calls = 0;
      const down = (): never => {
        calls += 1;
        throw new Error("down");
      };
      const end = await attempt({ maxAttempts: sizes.step }, ({ signal }) =>
        isSigned
          ? retry.execute(down, signal).catch(() => Promise.reject(new Error("made anew")))
          : retry.execute(down),
      );
      expect(end).toBe("failed");
      return calls;
    };
    await expect(callsWith(true)).resolves.toBe(sizes.signed);
    await expect(callsWith(false)).resolves.toBe(sizes.unsigned);
  });

  it("outlasts an open circuit, whose refusals are no calls", async () => {
    const { clock, attempt } = setup();
    const { asked, ask } = model(clock, 100_000, 4);
    const end = await attempt({ maxAttempts: 10, retryDelay: "500ms" }, ({ signal }) =>
      ask(signal),
    );
    expect(end).toBe("done");
    expect(asked.calls).toBeLessThanOrEqual(10);
  });

  it("asks a circuit that stays open as often as it has attempts", async () => {
    const { attempt, clock } = setup();
    const { asked, ask } = model(clock, Infinity, 4);
    for (let call = 0; call < 2; call += 1) {
      void ask().catch(() => {});
      await clock.advance(10_000);
    }
    expect(asked.calls).toBe(5);
    const told: number[] = [];
    await attempt({ maxAttempts: 3, retryDelay: "1ms" }, ({ attempt: number, signal }) => {
      told.push(number);
      return ask(signal);
    });
    expect(told).toEqual([1, 2, 3]);
    expect(asked.calls).toBe(6); // Refused, then let in when the circuit had waited, then refused.
  });

  it("is told of by a policy around the step as well", async () => {
    const { clock, attempt } = setup();
    let calls = 0;
    const [policy, inner] = [new RetryPolicy({ clock }), new RetryPolicy({ clock })];
    const end = await attempt({ maxAttempts: 4, policy }, ({ signal }) => {
      const down = (): never => {
        calls += 1;
        throw new Error("down");
      };
      return inner.execute(down, signal);
    });
    expect([end, calls]).toEqual(["failed", 4]);
  });

  it("never makes more calls than the larger number, nor more attempts than its own", async () => {
    const counts = fc.integer({ min: 1, max: 8 });
    const upAt = fc.constantFrom(0, 3_000, 40_000, 200_000, Infinity);
    const ends = new Set<string>();
    await fc.assert(
      fc.asyncProperty(counts, counts, upAt, fc.boolean(), async (own, inner, upAtMs, isSigned) => {
        const { clock, attempt } = setup();
        const { asked, ask } = model(clock, upAtMs, inner);
        let made = 0;
        const end = await attempt({ maxAttempts: own }, ({ signal }) => {
          made += 1;
          return ask(isSigned ? signal : undefined);
        });
        ends.add(`${end}, ${asked.refused > 0 ? "refused" : "let in"}`);
        expect(made).toBeLessThanOrEqual(own);
        expect(asked.calls).toBeLessThanOrEqual(Math.max(own, inner));
      }),
    );
    expect([...ends].sort()).toEqual([
      "done, let in",
      "done, refused",
      "failed, let in",
      "failed, refused",
    ]);
  });
});

describe("the signal of an attempt", () => {
  it("is aborted with the run, and leaves nothing on it", async () => {
    const { clock, open } = setup();
    const reasons: unknown[] = [];
    const fn = ({ signal }: StepContext): Promise<never> =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          reasons.push(signal.reason);
          reject(signal.reason);
        });
      });
    const signals = {
      open: () => {
        const controller = new AbortController();
        open.add(controller);
        return controller;
      },
      close: () => {},
    };
    const step = { name: "ask", idempotencyKey: "run:0", options: { maxAttempts: 3 }, clock };
    const ending = attemptStep({ ...step, fn, signals });
    await clock.advance(0);
    const cancelled = new Error("the run was cancelled");
    for (const controller of open) controller.abort(cancelled);
    await clock.advance(HOURS);
    expect((await ending).failed).toBe(1);
    expect(reasons).toEqual([cancelled]);
  });
});
