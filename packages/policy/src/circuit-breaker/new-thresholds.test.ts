/** A circuit whose thresholds change while it works. */

import { describe, expect, it, vi } from "vitest";

import type { CircuitBreakerOptions } from "./circuit-breaker.ts";
import { down, hang, up } from "./fixtures/calls.ts";
import { shortCircuit } from "./fixtures/short-circuit.ts";
import { limitsOf } from "./thresholds.ts";

function setup(options: Partial<CircuitBreakerOptions> = {}) {
  const circuit = shortCircuit({ failureThreshold: 2, ...options });
  /** Calls in order: `.` succeeds, `x` fails. */
  const play = async (calls: string): Promise<void> => {
    for (const call of calls) await (call === "x" ? circuit.fail() : circuit.breaker.execute(up));
  };
  return { ...circuit, play };
}

describe("new thresholds", () => {
  it("leave what the window has seen, where it is the same window", async () => {
    const { breaker, play } = setup({ window: "count", windowSize: 4 });
    await play("x.");
    breaker.configure({ timeout: 500 });
    expect(breaker.state).toMatchObject({ kind: "closed", failures: 1 });
    await play("x");
    expect(breaker.stats()).toMatchObject({ state: "open", retryAfterMs: 500 });
  });

  it.each([
    { before: { window: "count", windowSize: 4 }, after: { windowSize: 8 }, what: "another size" },
    { before: { window: "time" }, after: { windowMs: 5_000 }, what: "another length" },
    { before: { window: "count" }, after: { window: "consecutive" }, what: "another kind" },
  ] as const)("begin with an empty window, where it is one of $what", async ({ before, after }) => {
    const { breaker, play } = setup(before);
    await play("x");
    breaker.configure(after);
    expect(breaker.state).toMatchObject({ failures: 0 });
    await play("x");
    expect(breaker.state.kind).toBe("closed");
  });

  it("leave the rate and the size of a window that stays", async () => {
    const { breaker, play } = setup({ window: "count", windowSize: 4, failureRate: 0.5 });
    breaker.configure({ timeout: 500, minimumCalls: 4 });
    await play("x.x.");
    expect(breaker.state.kind).toBe("open");
  });

  it("leave those that are named and not given", async () => {
    const { breaker, play } = setup({ timeout: 700 });
    breaker.configure({ timeout: undefined } as object);
    await play("xx");
    expect(breaker.stats().retryAfterMs).toBe(700);
  });

  it("that let nobody wait leave the options of those who waited", async () => {
    const { breaker, clock, halfOpen } = setup({
      failureThreshold: 1,
      halfOpenCallers: "wait",
      maxQueue: 5,
      queueTimeoutMs: 50,
    });
    breaker.configure({ halfOpenCallers: "reject" });
    await halfOpen();
    void breaker.execute(hang);
    await expect(breaker.execute(up)).rejects.toThrow('Circuit "db" is open');
    breaker.configure({ halfOpenCallers: "wait" });
    void breaker.execute(up).catch(() => {});
    await clock.advance(50);
    expect(breaker.stats().waiting).toBe(1);
  });

  it("leave the options of those who wait, where callers still may", async () => {
    const options = { failureThreshold: 1, halfOpenCallers: "wait", maxQueue: 1 } as const;
    const { breaker, halfOpen } = setup(options);
    breaker.configure({ leaseMs: 9_000 });
    await halfOpen();
    void breaker.execute(hang);
    void breaker.execute(up).catch(() => {});
    await expect(breaker.execute(up)).rejects.toThrow('Circuit "db" is open');
  });

  it("are refused where they are none, by name", () => {
    const { breaker } = setup();
    expect(() => breaker.configure({ treshold: 1 } as object)).toThrow(
      /^CircuitBreaker\.configure\(\) has no option "treshold"/,
    );
    const text = { window: "count", failureRate: "0.5" };
    expect(() => breaker.configure(text as object)).toThrow(
      /^failureRate must be a number above 0/,
    );
  });

  it("that ask for slow calls are told to who builds a pipeline of it", () => {
    const { breaker } = setup({ window: "count" });
    const role = { kind: "circuit breaker", state: breaker, name: "db" };
    expect(breaker.role).toEqual({ ...role, measures: false });
    breaker.configure({ slowCallMs: 100 });
    expect(breaker.role).toEqual({ ...role, measures: true });
    expect(breaker.layer).toMatchObject({ kind: "guard" });
    expect(setup({ fallback: down }).breaker.layer).toBeUndefined();
  });

  it("that are met by the trials so far begin the ramp there", async () => {
    const { breaker, play, clock } = setup({ successThreshold: 3, rampCalls: 5 });
    await play("xx");
    await clock.advance(1_000);
    await play(".");
    void breaker.execute(hang);
    breaker.configure({ successThreshold: 1 });
    expect(breaker.state).toMatchObject({
      kind: "closed",
      ramp: { successes: 1, leases: [], openings: 1 },
    });
  });
});

describe("a circuit that is disabled", () => {
  it("learns nothing from the calls that were out", async () => {
    const { breaker, fail } = setup({ failureThreshold: 1 });
    const late = Promise.withResolvers<string>();
    const running = breaker.execute(() => late.promise);
    breaker.configure({ mode: "disabled" });
    late.reject(new Error("down at last"));
    await expect(running).rejects.toThrow("down at last");
    expect(breaker.state).toMatchObject({ kind: "closed", failures: 0 });
    await fail();
    expect(breaker.stats()).toMatchObject({ state: "closed", failures: 2 });
  });

  it("lets all pass when it was open before, after an isolation too", async () => {
    const { breaker, open } = setup({ failureThreshold: 1 });
    await open();
    breaker.configure({ mode: "disabled" });
    await expect(breaker.execute(up)).resolves.toBe("pong");
    breaker.isolate().release();
    await expect(breaker.execute(up)).resolves.toBe("pong");
  });
});

describe("a ramp", () => {
  it("is none where it is no longer than the trials", async () => {
    const { breaker, halfOpen } = setup({ failureThreshold: 1, rampCalls: 1 });
    await halfOpen();
    await breaker.execute(up);
    void breaker.execute(hang);
    await expect(breaker.execute(up)).resolves.toBe("pong");
  });

  it("is not climbed by calls that fail, or say nothing", async () => {
    const { breaker, play, clock } = setup({ successThreshold: 1, rampCalls: 3 });
    await play("xx");
    await clock.advance(1_000);
    await play(".x");
    await breaker.execute(() => Promise.reject({ status: 404 })).catch(() => {});
    expect(breaker.state).toMatchObject({ kind: "closed", ramp: { successes: 1 } });
    await play(".");
    expect(breaker.state).toMatchObject({ kind: "closed", ramp: { successes: 2 } });
  });
});

describe("a circuit without a listener", () => {
  it("changes its state and reports nothing", async () => {
    const onListenerError = vi.fn();
    const { breaker, open } = setup({ failureThreshold: 1, onListenerError });
    await open();
    expect(breaker.stats().opened).toBe(1);
    expect(onListenerError).not.toHaveBeenCalled();
  });
});

it("circuits of equal limits hold one object of them, however many they are", () => {
  const limits = limitsOf({ failureThreshold: 7 }, 0);
  expect(limitsOf({ failureThreshold: 7 }, 0)).toBe(limits);
  expect(limitsOf({ failureThreshold: 8 }, 0)).not.toBe(limits);
});

it.each([
  [{ failureThreshold: 200 }, { failureThreshold: 200 }],
  [{ window: "time", failureThreshold: 200 }, { failureThreshold: 200 }],
  [{ window: "time", failureRate: 0.5, minimumCalls: 500 }, { minimumCalls: 500 }],
  [
    { window: "count", windowSize: 3, failureRate: 0.5 },
    { windowSize: 3, minimumCalls: 3 },
  ],
] as const)("%j may be asked for", (thresholds, limits) => {
  expect(limitsOf(thresholds, 0)).toMatchObject(limits);
});
