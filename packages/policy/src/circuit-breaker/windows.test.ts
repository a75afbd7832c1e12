import { describe, expect, it, vi } from "vitest";

import { manualClock } from "../base/fixtures/clocks.ts";
import type { Policy } from "../base/index.ts";
import { Bulkhead } from "../bulkhead/index.ts";
import { pipeline } from "../pipeline/index.ts";
import { RetryPolicy } from "../retry/index.ts";
import { CircuitBreaker, type CircuitBreakerOptions } from "./circuit-breaker.ts";
import { down, up } from "./fixtures/calls.ts";

function setup(options: Partial<CircuitBreakerOptions> = {}) {
  const clock = manualClock();
  const reads = vi.spyOn(clock, "monotonicMs");
  const breaker = new CircuitBreaker({ name: "db", timeout: 1_000, clock, ...options });
  /** Calls in order: `.` succeeds, `x` fails. */
  const play = async (calls: string): Promise<void> => {
    for (const call of calls) await breaker.execute(call === "x" ? down : up).catch(() => {});
  };
  const last = (ms: number) => breaker.execute(() => clock.advance(ms));
  return { breaker, clock, reads, play, last };
}

describe("a count window", () => {
  it("opens by failures among the last calls, whatever lies between them", async () => {
    const { breaker, play } = setup({ window: "count", windowSize: 5, failureThreshold: 3 });
    await play("x...x.x");
    expect(breaker.state).toMatchObject({ kind: "closed", failures: 2 });
    await play("x");
    expect(breaker.state.kind).toBe("open");
  });

  it("opens by a rate once there are calls enough, also at a success", async () => {
    const { breaker, play } = setup({ window: "count", failureRate: 0.3, minimumCalls: 10 });
    await play("xxx......");
    expect(breaker.state.kind).toBe("closed");
    await play(".");
    expect(breaker.state.kind).toBe("open");
  });

  it("counts the successes from before the first failure", async () => {
    const { breaker, play } = setup({ window: "count", windowSize: 10, failureRate: 0.2 });
    await play("...............x");
    expect(breaker.state).toMatchObject({ kind: "closed", failures: 1 });
    await play(".........x.");
    expect(breaker.state).toMatchObject({ kind: "closed", failures: 1 });
    await play("x");
    expect(breaker.state.kind).toBe("open");
  });

  it("is empty after the circuit has closed again", async () => {
    const { breaker, clock, play } = setup({ window: "count", failureThreshold: 2 });
    await play("xx");
    await clock.advance(1_000);
    await play("..");
    expect(breaker.state).toMatchObject({ kind: "closed", failures: 0 });
  });
});

describe("a time window", () => {
  it("forgets failures by tenths of its length", async () => {
    const { breaker, clock, play } = setup({
      window: "time",
      windowMs: 1_000,
      failureThreshold: 3,
    });
    await play("x");
    await clock.advance(500);
    await play("x");
    await clock.advance(499);
    expect(breaker.state).toMatchObject({ failures: 2 });
    await clock.advance(1);
    expect(breaker.state).toMatchObject({ failures: 1 });
    await play("xx");
    expect(breaker.state.kind).toBe("open");
  });
});

describe("a tenth of a time window", () => {
  it("ends when the next begins: a failure at that moment is remembered for longer", async () => {
    const { breaker, clock, play } = setup({
      window: "time",
      windowMs: 1_000,
      failureThreshold: 3,
    });
    await play("x");
    await clock.advance(100);
    await play("x");
    await clock.advance(999);
    expect(breaker.state).toMatchObject({ failures: 1 });
    await clock.advance(1);
    expect(breaker.state).toMatchObject({ failures: 0 });
  });
});

describe("slow calls", () => {
  it("open the circuit by their share, although they succeed", async () => {
    const { breaker, last } = setup({
      window: "count",
      slowCallMs: 100,
      slowCallRate: 0.5,
      minimumCalls: 4,
    });
    await last(99);
    await last(100);
    await last(10);
    expect(breaker.state.kind).toBe("closed");
    await last(150);
    expect(breaker.state.kind).toBe("open");
    expect(breaker.stats()).toMatchObject({ slow: 2, successes: 4 });
  });

  it.each([
    { where: "around it", row: ["bulkhead", "breaker"] },
    { where: "around it, in a retry with a limit", row: ["retry", "bulkhead", "breaker"] },
  ])("are not those that have waited for a slot: a bulkhead $where", async ({ row }) => {
    const clock = manualClock();
    const slow = { window: "count", slowCallMs: 100, slowCallRate: 0.5, minimumCalls: 1 } as const;
    const breaker = new CircuitBreaker({ name: "db", clock, ...slow });
    const bulkhead = new Bulkhead({ name: "db", maxConcurrent: 1, maxQueue: 1, clock });
    const retry = new RetryPolicy({ maxTotalMs: 10_000, clock });
    const policies = { retry, breaker, bulkhead } as Readonly<Record<string, Policy>>;
    const guarded = pipeline(...row.flatMap((name) => policies[name] ?? []));
    const blocking = Promise.withResolvers<void>();
    void bulkhead.execute(() => blocking.promise);
    const waiting = guarded.execute(() => clock.advance(99));
    await clock.advance(5_000);
    blocking.resolve();
    await waiting;
    expect(breaker.stats()).toMatchObject({ slow: 0, state: "closed" });
    await guarded.execute(() => clock.advance(100));
    expect(breaker.stats()).toMatchObject({ slow: 1, state: "open" });
  });

  it("are not those that have waited for a trial", async () => {
    const { breaker, clock, last, play } = setup({
      window: "count",
      failureThreshold: 1,
      slowCallMs: 100,
      successThreshold: 1,
      halfOpenCallers: "wait",
    });
    await play("x");
    await clock.advance(1_000);
    const trial = Promise.withResolvers<void>();
    void breaker.execute(() => trial.promise).catch(() => {});
    const waiting = last(10);
    await clock.advance(500);
    trial.reject({ status: 404 }); // Says nothing, and the next one is the trial.
    await waiting;
    expect(breaker.stats()).toMatchObject({ slow: 0, state: "closed" });
  });

  it("fail a trial", async () => {
    const { breaker, clock, last, play } = setup({
      window: "count",
      failureThreshold: 1,
      slowCallMs: 100,
    });
    await play("x");
    await clock.advance(1_000);
    await last(100);
    expect(breaker.state).toMatchObject({ kind: "open", openings: 2 });
  });
});

describe("the clock", () => {
  it.each([
    { options: {}, count: 0, when: "failures in a row" },
    { options: { window: "count" } as const, count: 0, when: "a count window" },
    { options: { window: "time" } as const, count: 3, when: "a time window" },
    { options: { window: "time", slowCallMs: 50 } as const, count: 6, when: "slow calls" },
  ])("is read $count times by three calls with $when", async ({ options, count }) => {
    for (const calls of ["...", ".x."]) {
      const { play, reads } = setup(options);
      await play(calls);
      expect(reads).toHaveBeenCalledTimes(count);
    }
  });
});

describe("options", () => {
  it.each([
    [{ windowSize: 10 }, 'windowSize needs window: "count"'],
    [{ window: "count", windowMs: 10 }, 'windowMs needs window: "time"'],
    [{ failureRate: 0.5 }, 'failureRate needs window: "count" or "time"'],
    [{ slowCallMs: 5 }, 'slowCallMs needs window: "count" or "time"'],
    [{ window: "time", slowCallRate: 0.5 }, "slowCallRate needs slowCallMs"],
    [{ window: "time", minimumCalls: 5 }, "minimumCalls needs failureRate or slowCallMs"],
    [{ maxQueue: 5 }, 'maxQueue needs halfOpenCallers: "wait"'],
    [{ queueTimeoutMs: 5 }, 'queueTimeoutMs needs halfOpenCallers: "wait"'],
    [
      { window: "count", failureRate: 1, windowSize: 5, minimumCalls: 6 },
      "minimumCalls must be a number from 1 to 5, got 6",
    ],
    [{ window: "count", windowSize: 3 }, "failureThreshold must be at most windowSize, 3, got 5"],
    [{ timeout: 50, maxOpenMs: 40 }, "maxOpenMs must be a whole number of at least 50, got 40"],
    [{ window: "time", failureRate: 0 }, "failureRate must be a number above 0, up to 1, got 0"],
    [
      { window: "time", failureRate: 1.5 },
      "failureRate must be a number above 0, up to 1, got 1.5",
    ],
    [{ window: "time", windowMs: 9 }, "windowMs must be a whole number of at least 10, got 9"],
    [{ openMultiplier: 0.5 }, "openMultiplier must be a number from 1 to 100, got 0.5"],
    [{ rampCalls: -1 }, "rampCalls must be a whole number of at least 0, got -1"],
    [{ warmUpMs: 0.5 }, "warmUpMs must be a whole number of at least 0, got 0.5"],
    [{ mode: "off" as "normal" }, 'mode must be "normal", "metrics-only" or "disabled", got "off"'],
  ] as const)("%j are refused: %s", (options, message) => {
    expect(() => setup(options)).toThrow(new RangeError(message));
  });

  it("of an old window are left when another one is named", async () => {
    const { breaker, play } = setup({ window: "count", windowSize: 50, failureRate: 0.5 });
    await play("x");
    breaker.configure({ window: "consecutive", failureThreshold: 2 });
    expect(breaker.state).toMatchObject({ failures: 0 });
    await play("xx");
    expect(breaker.state.kind).toBe("open");
  });
});
