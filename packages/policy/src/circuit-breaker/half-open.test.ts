import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";

import { settled } from "../base/fixtures/clocks.ts";
import { oneAtATime, scheduledClock } from "../base/fixtures/scheduled.ts";
import { CircuitBreaker } from "./circuit-breaker.ts";
import { down, hang, up } from "./fixtures/calls.ts";
import { shortCircuit } from "./fixtures/short-circuit.ts";
import { CircuitOpenError } from "./open-error.ts";

const openMs = (breaker: CircuitBreaker): number => {
  const { state } = breaker;
  return state.kind === "open" ? state.untilMs - state.openedMs : 0;
};

describe("the open time", () => {
  it("grows each time that no trial succeeds, to its end, and is short again after closing", async () => {
    const { breaker, clock, fail } = shortCircuit({ openMultiplier: 2, maxOpenMs: 3_000 });
    const times: number[] = [];
    for (let opening = 0; opening < 4; opening += 1) {
      await fail();
      times.push(openMs(breaker));
      await clock.advance(openMs(breaker));
    }
    expect(times).toEqual([1_000, 2_000, 3_000, 3_000]);
    await breaker.execute(up);
    await fail();
    expect(openMs(breaker)).toBe(1_000);
  });

  it("grows on across a restart", async () => {
    const { breaker, fail, clock } = shortCircuit({ openMultiplier: 2 });
    await fail();
    const stored = breaker.toJSON();
    const later = shortCircuit({ openMultiplier: 2, initialState: stored, clock });
    await clock.advance(1_000);
    await later.fail();
    expect(openMs(later.breaker)).toBe(2_000);
  });

  it.each([
    { seconds: "4", lasts: 4_000, why: "what the other side asks for" },
    { seconds: "0.2", lasts: 1_000, why: "its own time, where less is asked for" },
    { seconds: "60", lasts: 5_000, why: "the longest time, where more is asked for" },
  ])("is $lasts ms with Retry-After: $seconds, $why", async ({ seconds, lasts }) => {
    const { breaker, fail } = shortCircuit({ maxOpenMs: 5_000 });
    await fail({ status: 503, headers: { "retry-after": seconds } });
    expect(openMs(breaker)).toBe(lasts);
  });
});

describe("callers of a half-open circuit that wait", () => {
  it("are refused with the circuit when the trial fails", async () => {
    const { breaker, clock, halfOpen } = shortCircuit({ halfOpenCallers: "wait" });
    await halfOpen();
    const trial = Promise.withResolvers<string>();
    void breaker.execute(() => trial.promise).catch(() => {});
    const waiting = breaker.execute(up);
    trial.reject(new Error("dependency is down"));
    await expect(waiting).rejects.toMatchObject({ retryAfterMs: 1_000 });
    expect(breaker.stats()).toMatchObject({ waiting: 0, rejected: 1 });
    expect(clock.pending).toBe(0);
  });

  it("take over from a trial that says nothing", async () => {
    const { breaker, halfOpen } = shortCircuit({ halfOpenCallers: "wait" });
    await halfOpen();
    const trial = Promise.withResolvers<string>();
    void breaker.execute(() => trial.promise).catch(() => {});
    const waiting = breaker.execute(up);
    trial.reject({ status: 404 });
    await expect(waiting).resolves.toBe("pong");
    expect(breaker.state.kind).toBe("closed");
  });

  it("leave at once when they are aborted, and no timer stays behind", async () => {
    const { breaker, clock, halfOpen } = shortCircuit({ halfOpenCallers: "wait" });
    await halfOpen();
    void breaker.execute(hang);
    const user = new AbortController();
    const waiting = breaker.execute(up, user.signal);
    user.abort(new Error("user left"));
    await expect(waiting).rejects.toThrow("user left");
    expect(breaker.stats().waiting).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it("wait no longer than they may, and no more of them than may", async () => {
    const options = { halfOpenCallers: "wait", maxQueue: 1, queueTimeoutMs: 50 } as const;
    const { breaker, clock, halfOpen } = shortCircuit(options);
    await halfOpen();
    void breaker.execute(hang);
    const waiting = breaker.execute(up).catch((error: unknown) => error);
    await expect(breaker.execute(up)).rejects.toThrow(CircuitOpenError);
    await clock.advance(50);
    expect(await waiting).toBeInstanceOf(CircuitOpenError);
    expect(clock.pending).toBe(0);
  });

  it("are sent away by an isolation, and let in by a reset", async () => {
    const { breaker, halfOpen } = shortCircuit({ halfOpenCallers: "wait" });
    await halfOpen();
    void breaker.execute(hang);
    const first = breaker.execute(up);
    const isolation = breaker.isolate();
    await expect(first).rejects.toMatchObject({ isolated: true });
    isolation.release();
    const second = breaker.execute(up);
    breaker.reset();
    await expect(second).resolves.toBe("pong");
  });
});

describe("a ramp", () => {
  it("admits as many at once as have succeeded, then all", async () => {
    const { breaker, halfOpen } = shortCircuit({ rampCalls: 3 });
    await halfOpen();
    await breaker.execute(up);
    const slow = Promise.withResolvers<string>();
    const first = breaker.execute(() => slow.promise);
    await expect(breaker.execute(up)).rejects.toMatchObject({ retryAfterMs: 0 });
    slow.resolve("pong");
    await first;
    void breaker.execute(hang);
    await breaker.execute(up);
    await Promise.all([breaker.execute(up), breaker.execute(up), breaker.execute(up)]);
    expect(breaker.toJSON()).toEqual({ kind: "closed", epoch: 3, failures: 0 });
  });

  it("opens again by the window, for longer", async () => {
    const { breaker, fail, halfOpen } = shortCircuit({ rampCalls: 5, openMultiplier: 3 });
    await halfOpen();
    await breaker.execute(up);
    expect(breaker.toJSON()).toMatchObject({ ramp: { successes: 1, openings: 1 } });
    await fail();
    expect(openMs(breaker)).toBe(3_000);
  });
});

describe("a breaker in another mode", () => {
  it("refuses nothing with metrics only, and tells what it would have done", async () => {
    const onTransition = vi.fn();
    const { breaker, clock, fail } = shortCircuit({ mode: "metrics-only", onTransition });
    await fail();
    await expect(breaker.execute(up)).resolves.toBe("pong");
    expect(breaker.stats()).toMatchObject({ state: "open", rejected: 1 });
    await clock.advance(1_000);
    await breaker.execute(up);
    expect(onTransition.mock.calls.map(([{ to }]) => to)).toEqual(["open", "half-open", "closed"]);
  });

  it("learns nothing when disabled, and can be isolated all the same", async () => {
    const { breaker, fail } = shortCircuit({ mode: "disabled" });
    await fail();
    expect(breaker.stats()).toMatchObject({ state: "closed", failures: 1 });
    const isolation = breaker.isolate();
    await expect(breaker.execute(up)).rejects.toMatchObject({ isolated: true });
    isolation.release();
    breaker.configure({ mode: "normal" });
    await fail();
    expect(breaker.state.kind).toBe("open");
  });

  it("lets those in who wait when it is disabled", async () => {
    const { breaker, halfOpen } = shortCircuit({ halfOpenCallers: "wait" });
    await halfOpen();
    void breaker.execute(hang);
    const waiting = breaker.execute(up);
    breaker.configure({ mode: "disabled" });
    await expect(waiting).resolves.toBe("pong");
    expect(breaker.state.kind).toBe("half-open");
  });

  it("does not open while it warms up, but with the next failure after", async () => {
    const { breaker, clock, fail } = shortCircuit({ warmUpMs: 500, failureThreshold: 2 });
    await fail();
    await fail();
    await clock.advance(499);
    await fail();
    expect(breaker.state).toMatchObject({ kind: "closed", failures: 3 });
    await clock.advance(1);
    await fail();
    expect(breaker.state.kind).toBe("open");
  });
});

/** One caller; how it ended for it. */
async function call(
  breaker: CircuitBreaker,
  scheduler: fc.Scheduler,
  way: "up" | "down" | "abort",
): Promise<string> {
  const caller = new AbortController();
  let isOneTooMany = false;
  const work = async (): Promise<void> => {
    const { state } = breaker;
    if (state.kind === "half-open") isOneTooMany = state.leases.length > 2;
    if (state.kind === "closed" && state.ramp) {
      isOneTooMany = state.ramp.leases.length > state.ramp.successes;
    }
    await scheduler.schedule(Promise.resolve(), "a call ends");
    if (way === "down") await down();
  };
  const end = breaker.execute(work, caller.signal);
  if (way === "abort") {
    void scheduler.schedule(Promise.resolve(), "an abort").then(() => caller.abort());
  }
  const how = await end.then(
    () => "answered",
    (error: unknown) => (error instanceof CircuitOpenError ? "refused" : "failed"),
  );
  return isOneTooMany ? "admitted one too many" : how;
}

describe("a circuit, in any order of its callers", () => {
  it("admits no more than it may, answers everybody, and leaves nothing behind", async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(oneAtATime),
        fc.array(fc.constantFrom("up" as const, "down" as const, "abort" as const), {
          minLength: 3,
          maxLength: 8,
        }),
        fc.constantFrom("wait" as const, "reject" as const),
        async (scheduler, ways, halfOpenCallers) => {
          const clock = scheduledClock(scheduler);
          const breaker = new CircuitBreaker({
            name: "db",
            failureThreshold: 1,
            successThreshold: 2,
            timeout: 100,
            rampCalls: 6,
            halfOpenCallers,
            clock,
            initialState: { kind: "half-open", epoch: 2, successes: 0, openings: 1 },
            onTransition: ({ from, to }) => void seen.add(`${from} > ${to}`),
          });
          const calls = ways.map(async (way) => {
            await scheduler.schedule(Promise.resolve(), "a caller comes");
            seen.add(await call(breaker, scheduler, way));
          });
          const time = new Promise<void>((resolve) => clock.after(100, resolve));
          await scheduler.waitFor(Promise.all([...calls, time]));
          await settled();
          expect(breaker.stats().waiting).toBe(0);
          expect(clock.pending).toBe(0);
          if (breaker.state.kind === "half-open") expect(breaker.state.leases).toEqual([]);
          if (breaker.state.kind === "closed") expect(breaker.state.ramp?.leases ?? []).toEqual([]);
        },
      ),
      { numRuns: 2_000 },
    );
    expect([...seen].sort()).toEqual([
      "answered",
      "closed > open",
      "failed",
      "half-open > closed",
      "half-open > open",
      "open > half-open",
      "refused",
    ]);
  }, 60_000);
});
