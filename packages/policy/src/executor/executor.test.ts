import { describe, expect, expectTypeOf, it, onTestFinished, vi } from "vitest";

import { manualClock } from "../base/fixtures/clocks.ts";
import { reactions } from "../classify/index.ts";
import { ResilientExecutor } from "./executor.ts";
import type { ExecutorOptions } from "./executor-options.ts";
import type { ExecutionResult } from "./result.ts";
import { LoneCall } from "./shared-call.ts";

const down = async (): Promise<never> => {
  throw Object.assign(new Error("down"), { code: "ECONNRESET" });
};

function setup<F = never>(options: Partial<ExecutorOptions<F, undefined>> = {}) {
  const clock = manualClock();
  const onCall = vi.fn();
  const retry = { initialDelayMs: 100, jitterFactor: 0 };
  const executor = new ResilientExecutor<F>({
    name: "api",
    retry,
    clock,
    onCall,
    ...options,
  });
  return { executor, clock, onCall };
}

describe("an executor", () => {
  it("returns what the call returned, from whom, and what it took", async () => {
    const { executor, onCall } = setup();
    const result = await executor.execute(async () => "pong");
    expect(result).toEqual({
      success: true,
      data: "pong",
      attempts: 1,
      durationMs: 0,
      source: "primary",
    });
    const measure = { name: "api", outcome: "success", attempts: 1, durationMs: 0 };
    expect(onCall.mock.calls).toStrictEqual([[{ ...measure, source: "primary" }]]);
  });

  it("counts the attempts, and the waits between them", async () => {
    const { executor, clock } = setup();
    const running = executor.execute(({ attempt }) => (attempt < 3 ? down() : attempt));
    await clock.advance(300);
    await expect(running).resolves.toMatchObject({ data: 3, attempts: 3, durationMs: 300 });
  });

  it("measures a call from its start, whenever that is", async () => {
    const { executor, clock } = setup({ retry: { maxAttempts: 1 } });
    await clock.advance(5_000);
    const late = Promise.withResolvers<string>();
    const [good, bad] = [executor.execute(() => late.promise), executor.execute(down)];
    await clock.advance(30);
    late.resolve("pong");
    await expect(good).resolves.toMatchObject({ durationMs: 30 });
    await expect(bad).resolves.toMatchObject({ durationMs: 0 });
  });

  it("puts its policies together once, however many calls it makes", async () => {
    const policies = vi.spyOn(LoneCall.prototype, "policies");
    onTestFinished(() => policies.mockRestore());
    const { executor } = setup();
    const before = policies.mock.calls.length;
    for (let call = 0; call < 3; call += 1) await executor.execute(() => call);
    expect(policies.mock.calls.length).toBe(before);
  });

  it("does not throw for what the call did: it returns the error and its class", async () => {
    const { executor, clock, onCall } = setup();
    const running = executor.execute(down);
    await clock.advance(300);
    const result = await running;
    expect(result).toMatchObject({ success: false, errorClass: "network", attempts: 3 });
    expect(result.error?.message).toBe("down");
    const measure = { outcome: "failure", errorClass: "network", source: "none", attempts: 3 };
    expect(onCall.mock.calls[0]?.[0]).toMatchObject(measure);
  });

  it.each(["text", undefined, null])(
    "wraps what was thrown and is no Error: %j",
    async (thrown) => {
      const { executor } = setup({ retry: { maxAttempts: 1 } });
      const result = await executor.execute(() => Promise.reject(thrown));
      expect(result.error).toBeInstanceOf(Error);
      expect(result.error?.cause).toBe(thrown);
    },
  );

  it("has the policies that are named, and no others", async () => {
    const executor = new ResilientExecutor({ name: "bare" });
    const result = await executor.execute(down);
    expect(result).toMatchObject({ success: false, attempts: 1 });
  });

  it("tells in its stats of the policies that it has, and of no others", () => {
    const bare = new ResilientExecutor({ name: "bare" }).stats();
    const totals = { calls: 0, failed: 0, retried: 0, fallbacks: 0, cached: 0, attempts: 0 };
    expect(bare).toStrictEqual({ name: "bare", enabled: true, ...totals });
    const full = new ResilientExecutor({
      name: "full",
      chaos: { enabled: false },
      adaptiveLimit: {},
    });
    expect(Object.keys(full.stats())).toEqual([...Object.keys(bare), "adaptiveLimit", "chaos"]);
  });

  it("has a circuit that lives by its clock and its classifier, and reports nothing of its own", async () => {
    const report = vi.fn();
    vi.stubGlobal("reportError", report);
    onTestFinished(() => void vi.unstubAllGlobals());
    const classify = vi.fn(() => ({
      ...reactions["code-bug"],
      class: "code-bug" as const,
      evidence: "the test",
    }));
    const circuitBreaker = { failureThreshold: 1, timeout: 5_000 };
    const retry = { maxAttempts: 1 };
    const { executor, clock } = setup({ circuitBreaker, retry });
    await executor.execute(down);
    await clock.advance(4_999);
    expect(executor.stats().circuitBreaker).toMatchObject({ state: "open", retryAfterMs: 1 });
    await clock.advance(1);
    await expect(executor.execute(() => "pong")).resolves.toMatchObject({ data: "pong" });
    const { executor: knowing } = setup({ circuitBreaker, retry, classifier: { classify } });
    await knowing.execute(down);
    expect(knowing.stats().circuitBreaker).toMatchObject({ state: "closed", ignored: 1 });
    expect(report).not.toHaveBeenCalled();
  });

  it("gives up on each attempt when its time is up", async () => {
    const { executor, clock } = setup({ timeout: 50, retry: { maxAttempts: 1 } });
    const running = executor.execute(() => new Promise(() => {}));
    await clock.advance(50);
    await expect(running).resolves.toMatchObject({ success: false, errorClass: "timeout" });
    expect(clock.pending).toBe(0);
  });

  it("waits for a call that is bidden stop, where the timeout is cooperative", async () => {
    const timeout = { timeoutMs: 50, mode: "cooperative" } as const;
    const { executor, clock } = setup({ timeout });
    const late = Promise.withResolvers<string>();
    const running = executor.execute(() => late.promise);
    await clock.advance(500);
    late.resolve("late but good");
    await expect(running).resolves.toMatchObject({ data: "late but good" });
  });

  it("makes no call while its circuit is open: no attempt, and no wait", async () => {
    const circuitBreaker = { failureThreshold: 2, timeout: 5_000 };
    const { executor, clock } = setup({ circuitBreaker });
    const running = executor.execute(down);
    await clock.advance(1_000);
    await expect(running).resolves.toMatchObject({ attempts: 2, errorClass: "network" });
    await expect(executor.execute(down)).resolves.toMatchObject({
      success: false,
      attempts: 0,
      error: { code: "KINTSUGI_CIRCUIT_OPEN" },
    });
  });
});

describe("an executor that is aborted", () => {
  const left = new Error("user left");

  it("ends its wait at once, as aborted, and blames nobody", async () => {
    const { executor, clock, onCall } = setup({ fallback: () => "stale" });
    const controller = new AbortController();
    const running = executor.execute(down, controller.signal);
    await clock.advance(50);
    controller.abort(left);
    const result = await running;
    expect(result).toMatchObject({ success: false, errorClass: "aborted", error: left });
    expect(onCall.mock.calls[0]?.[0]).toMatchObject({ outcome: "ignore", source: "none" });
    expect(clock.pending).toBe(0);
  });

  it("makes no call at all when it was aborted before", async () => {
    const { executor } = setup();
    const call = vi.fn();
    const result = await executor.execute(call, AbortSignal.abort(left));
    expect(result).toMatchObject({ success: false, errorClass: "aborted", attempts: 0 });
    expect(call).not.toHaveBeenCalled();
  });
});

describe("an executor with a fallback", () => {
  it("says that the fallback answered, and why it had to", async () => {
    const fallback = vi.fn(async () => "stale");
    const { executor, onCall } = setup({ fallback, retry: { maxAttempts: 1 } });
    const result = await executor.execute(down);
    expect(result).toMatchObject({ success: true, data: "stale", source: "fallback", attempts: 1 });
    expect(onCall.mock.calls[0]?.[0]).toMatchObject({
      outcome: "success",
      errorClass: "network",
      source: "fallback",
    });
  });

  it("keeps the class of the call's own failure when the fallback fails too", async () => {
    const fallback = () => Promise.reject(new Error("cache is empty"));
    const { executor } = setup({ fallback, retry: { maxAttempts: 1 } });
    await expect(executor.execute(down)).resolves.toMatchObject({
      success: false,
      errorClass: "network",
      error: { code: "KINTSUGI_FALLBACK_FAILED" },
    });
  });

  it("asks a list in its order", async () => {
    const fallback = [
      { name: "cache", answer: () => Promise.reject(new Error("empty")) },
      { name: "rules", answer: () => "by rule" },
    ];
    const { executor } = setup<string>({ fallback, retry: { maxAttempts: 1 } });
    await expect(executor.execute(down)).resolves.toMatchObject({ data: "by rule" });
  });
});

describe("a listener of an executor", () => {
  it("never breaks a call", async () => {
    const report = vi.fn();
    vi.stubGlobal("reportError", report);
    const bad = new Error("bad listener");
    const { executor } = setup({ onCall: () => Promise.reject(bad) });
    await expect(executor.execute(() => "pong")).resolves.toMatchObject({ success: true });
    await vi.waitFor(() => expect(report.mock.calls).toEqual([[bad]]));
    vi.unstubAllGlobals();
  });
});

it("an executor with an option out of its range is refused when it is made", () => {
  expect(() => setup({ retry: { maxAttempts: 0 } })).toThrow(/^maxAttempts must be/);
  expect(() => setup({ circuitBreaker: { timeout: 0 } })).toThrow(/^timeout must be/);
  expect(() => setup({ timeout: -1 })).toThrow(/^timeout must be/);
});

it("a result is typed by its success", () => {
  const executor = new ResilientExecutor({ name: "api", fallback: async () => null });
  expectTypeOf(executor.execute(() => 1)).resolves.toEqualTypeOf<ExecutionResult<number | null>>();
  const plain = new ResilientExecutor({ name: "api" });
  expectTypeOf(plain.execute(async () => 1)).resolves.toEqualTypeOf<ExecutionResult<number>>();
  expectTypeOf<ExecutionResult<number>["data"]>().toEqualTypeOf<number | undefined>();
  expectTypeOf<ExecutionResult<number>["error"]>().toEqualTypeOf<Error | undefined>();
});
