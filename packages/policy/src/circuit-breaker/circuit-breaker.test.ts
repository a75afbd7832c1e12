import { describe, expect, it, vi } from "vitest";
import type { CallContext, Clock, Outcome } from "../base/index.ts";
import { Bulkhead } from "../bulkhead/index.ts";
import { pipeline } from "../pipeline/index.ts";
import { CircuitBreaker, type CircuitBreakerOptions } from "./circuit-breaker.ts";
import type { StoredCircuit } from "./circuit-state.ts";
import { down, up } from "./fixtures/calls.ts";
import { CircuitOpenError } from "./open-error.ts";

/** A call whose caller leaves while it is being made. */
const leaving = (breaker: CircuitBreaker<unknown>, reason: unknown): Promise<unknown> => {
  const controller = new AbortController();
  const call = (): Promise<never> => {
    controller.abort(reason);
    return down();
  };
  return breaker.execute(call, controller.signal);
};

/** A breaker of threshold 2 on a clock that moves only when told to, in a process born at `bornAtMs`. */
function setup(options: Partial<CircuitBreakerOptions> = {}, bornAtMs = 1_000_000) {
  let nowMs = 0;
  const clock: Clock = {
    epochMs: () => bornAtMs + nowMs,
    monotonicMs: () => nowMs,
    after: () => () => {},
    immediate: () => {},
  };
  const onTransition = vi.fn();
  const breaker = new CircuitBreaker({
    name: "db",
    failureThreshold: 2,
    successThreshold: 2,
    timeout: 1_000,
    clock,
    onTransition,
    ...options,
  });
  return {
    breaker,
    onTransition,
    advance: (ms: number): void => {
      nowMs += ms;
    },
    fail: (times: number) =>
      Promise.allSettled(Array.from({ length: times }, () => breaker.execute(down))),
  };
}

describe("a closed circuit", () => {
  it("hands on what the call returns or throws", async () => {
    const { breaker } = setup();
    await expect(breaker.execute(up)).resolves.toBe("pong");
    await expect(breaker.execute(down)).rejects.toThrow("dependency is down");
  });

  it("opens after failureThreshold failures in a row", async () => {
    const { breaker, fail, onTransition } = setup();
    await fail(2);
    expect(breaker.state).toMatchObject({ kind: "open", epoch: 1, untilMs: 1_000 });
    expect(onTransition.mock.calls).toEqual([[{ breaker: "db", from: "closed", to: "open" }]]);
  });

  it("forgets earlier failures at the first success", async () => {
    const { breaker, fail } = setup();
    await fail(1);
    await breaker.execute(up);
    await fail(1);
    expect(breaker.state.kind).toBe("closed");
  });

  it.each([
    { outcome: "ignore", failures: 1 },
    { outcome: "success", failures: 0 },
    { outcome: "failure", failures: 2 },
  ] as const)("takes an error for what outcomeOf says: $outcome", async ({ outcome, failures }) => {
    const outcomeOf = vi.fn((): Outcome => "failure");
    const { breaker, fail } = setup({ outcomeOf, failureThreshold: 3 });
    await fail(1);
    outcomeOf.mockReturnValueOnce(outcome);
    await fail(1);
    expect(breaker.state).toMatchObject({ kind: "closed", failures });
  });

  it("does not blame the dependency for errors that their class puts elsewhere", async () => {
    const { breaker } = setup({ failureThreshold: 1 });
    const errors = [new TypeError("our own bug"), { status: 429 }, { status: 404 }];
    for (const error of errors) {
      await expect(breaker.execute(() => Promise.reject(error))).rejects.toBe(error);
    }
    expect(breaker.state.kind).toBe("closed");
    expect(breaker.stats()).toMatchObject({ ignored: 3, failures: 0 });
  });

  it("tells the call its signal and its attempt", async () => {
    const { breaker } = setup();
    const { signal } = new AbortController();
    const call = ({ signal, attempt }: CallContext) => ({ signal, attempt });
    await expect(breaker.execute(call, signal)).resolves.toEqual({ signal, attempt: 1 });
    await expect(breaker.execute(({ signal }) => signal.aborted)).resolves.toBe(false);
  });

  it("gives one call one signal, and no two calls the same", async () => {
    const { breaker } = setup();
    const twice = (context: CallContext) => [context.signal, context.signal] as const;
    const [first, again] = await breaker.execute(twice);
    const [other] = await breaker.execute(twice);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  it("goes by the class where outcomeOf throws, which is reported and costs nobody a slot", async () => {
    const mistake = new TypeError("no such field");
    const onListenerError = vi.fn();
    const outcomeOf = (): Outcome => {
      throw mistake;
    };
    const { breaker } = setup({ outcomeOf, onListenerError, failureThreshold: 1 });
    const bulkhead = new Bulkhead({ name: "db" });
    await expect(pipeline(bulkhead, breaker).execute(down)).rejects.toThrow("dependency is down");
    expect(breaker.state.kind).toBe("open");
    expect(onListenerError).toHaveBeenCalledExactlyOnceWith(mistake);
    expect(bulkhead.stats().running).toBe(0);
  });

  it("asks nobody whose fault an abandoned call is", async () => {
    const outcomeOf = vi.fn((): Outcome => "failure");
    const { breaker } = setup({ outcomeOf, failureThreshold: 1 });
    await leaving(breaker, new Error("user left")).catch(() => {});
    expect(breaker.state.kind).toBe("closed");
    expect(outcomeOf).not.toHaveBeenCalled();
  });

  it("leaves the count of failures as it is when a call is abandoned", async () => {
    const { breaker, fail } = setup();
    await fail(1);
    await leaving(breaker, new Error("user left")).catch(() => {});
    await fail(1);
    expect(breaker.state.kind).toBe("open");
  });

  it.each([
    { reason: new Error("user left"), kind: "closed", why: "a caller that changed its mind" },
    {
      reason: new DOMException("too slow", "TimeoutError"),
      kind: "open",
      why: "a caller that ran out of time",
    },
  ])("ends up $kind after $why", async ({ reason, kind }) => {
    const { breaker } = setup({ failureThreshold: 1 });
    await expect(leaving(breaker, reason)).rejects.toThrow();
    expect(breaker.state.kind).toBe(kind);
  });
});

describe("an open circuit", () => {
  it("rejects without making the call, and says when to come back", async () => {
    const { breaker, fail, advance } = setup();
    await fail(2);
    advance(400);
    const call = vi.fn(up);
    const error = await breaker.execute(call).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CircuitOpenError);
    expect(error).toMatchObject({
      code: "KINTSUGI_CIRCUIT_OPEN",
      breaker: "db",
      retryAfterMs: 600,
    });
    expect(call).not.toHaveBeenCalled();
  });

  it("rounds a broken wait up, so that nobody comes back too early", async () => {
    const { breaker, fail, advance } = setup();
    await fail(2);
    advance(400.3);
    await expect(breaker.execute(up)).rejects.toMatchObject({ retryAfterMs: 600 });
    const { breaker: late } = setup({}, 1_000_000.3);
    await Promise.allSettled([late.execute(down), late.execute(down)]);
    expect(late.toJSON()).toMatchObject({ kind: "open", epoch: 1, trialAtMs: 1_001_001 });
  });

  it.each([
    { awayMs: 300, waitMs: 500, when: "what was left" },
    { awayMs: 5_000, waitMs: 0, when: "nothing, when the time has passed" },
    { awayMs: -90_000, waitMs: 1_000, when: "one timeout, when the wall clock was set back" },
  ])("waits across a restart for $when", async ({ awayMs, waitMs }) => {
    const before = setup();
    before.advance(50);
    await before.fail(2);
    before.advance(200);
    const stored = JSON.parse(JSON.stringify(before.breaker)) as StoredCircuit;
    const { breaker, advance } = setup({ initialState: stored }, 1_000_250 + awayMs);
    if (waitMs > 0) {
      advance(waitMs - 1);
      await expect(breaker.execute(up)).rejects.toMatchObject({ retryAfterMs: 1 });
      advance(1);
    }
    await expect(breaker.execute(up)).resolves.toBe("pong");
  });
});

describe("a half-open circuit", () => {
  it("closes after successThreshold successful trials", async () => {
    const { breaker, fail, advance, onTransition } = setup();
    await fail(2);
    advance(1_000);
    await breaker.execute(up);
    expect(breaker.state.kind).toBe("half-open");
    await breaker.execute(up);
    expect(breaker.state.kind).toBe("closed");
    expect(onTransition.mock.calls.map(([event]) => event.to)).toEqual([
      "open",
      "half-open",
      "closed",
    ]);
  });

  it("opens again at the first failed trial", async () => {
    const { breaker, fail, advance } = setup();
    await fail(2);
    advance(1_000);
    await fail(1);
    expect(breaker.state).toMatchObject({ kind: "open", untilMs: 2_000 });
  });

  it("takes an error that says nothing about the dependency for no answer", async () => {
    const outcomeOf = vi.fn((): Outcome => "failure");
    const { breaker, fail, advance } = setup({ outcomeOf, successThreshold: 1 });
    await fail(2);
    advance(1_000);
    outcomeOf.mockReturnValueOnce("ignore");
    await fail(1);
    expect(breaker.state).toMatchObject({ kind: "half-open", leases: [], successes: 0 });
  });

  it.each([
    { lease: {}, holdsMs: 2_000 },
    { lease: { leaseMs: 300 }, holdsMs: 300 },
  ])("gives the place of a trial that hangs to another call after $holdsMs ms", async (given) => {
    const { lease, holdsMs } = given;
    const { breaker, fail, advance } = setup({ successThreshold: 1, ...lease });
    await fail(2);
    advance(1_000);
    void breaker.execute(() => new Promise(() => {}));
    advance(holdsMs - 1);
    await expect(breaker.execute(up)).rejects.toThrow(CircuitOpenError);
    advance(1);
    await breaker.execute(up);
    expect(breaker.state.kind).toBe("closed");
  });

  it("still counts the answer of a trial that outlived its lease", async () => {
    const { breaker, fail, advance } = setup();
    await fail(2);
    advance(1_000);
    const slow = Promise.withResolvers<string>();
    const trial = breaker.execute(() => slow.promise);
    advance(2_000);
    await breaker.execute(up);
    slow.resolve("pong at last");
    await trial;
    expect(breaker.state.kind).toBe("closed");
  });

  it("gives the place of an abandoned trial to the next call", async () => {
    const { breaker, fail, advance } = setup({ successThreshold: 1 });
    await fail(2);
    advance(1_000);
    await leaving(breaker, new Error("user left")).catch(() => {});
    expect(breaker.state).toMatchObject({ kind: "half-open", leases: [], successes: 0 });
    await breaker.execute(up);
    expect(breaker.state.kind).toBe("closed");
  });

  it("ignores the late result of a call that started while it was closed", async () => {
    const { breaker, fail, advance } = setup();
    const late = Promise.withResolvers<string>();
    const straggler = breaker.execute(() => late.promise);
    await fail(2);
    advance(1_000);
    await breaker.execute(up);
    late.reject(new Error("from another age"));
    await expect(straggler).rejects.toThrow("from another age");
    expect(breaker.state).toMatchObject({ kind: "half-open", successes: 1 });
  });

  it("keeps its successes across a restart, but no trial of the dead process", async () => {
    const before = setup();
    await before.fail(2);
    before.advance(1_000);
    await before.breaker.execute(up);
    void before.breaker.execute(() => new Promise(() => {}));
    const { breaker } = setup({ initialState: before.breaker.toJSON() });
    expect(breaker.state).toMatchObject({ kind: "half-open", epoch: 2, leases: [], successes: 1 });
    await breaker.execute(up);
    expect(breaker.toJSON()).toEqual({ kind: "closed", epoch: 3, failures: 0 });
    expect(setup({ initialState: breaker.toJSON() }).breaker.state).toEqual(breaker.state);
  });

  it("is closed by a process that asks for fewer trials than have succeeded", async () => {
    const stored = { kind: "half-open", epoch: 6, successes: 1 } as const;
    const { breaker } = setup({ initialState: stored, successThreshold: 1 });
    expect(breaker.state).toEqual({ kind: "closed", epoch: 7, failures: 0 });
  });
});

it("reports a listener that throws, and carries on", async () => {
  const bad = new Error("bad listener");
  const onTransition = vi.fn().mockRejectedValue(bad);
  const onListenerError = vi.fn();
  const { breaker, fail } = setup({ onTransition, onListenerError });
  await fail(2);
  expect(breaker.state.kind).toBe("open");
  await vi.waitFor(() => expect(onListenerError.mock.calls).toEqual([[bad]]));
});

describe.each(["failureThreshold", "successThreshold", "timeout", "leaseMs"])("%s", (option) => {
  it.each([0, -1, 1.5, Number.NaN])("is refused by name when it is %s", (value) => {
    const message = `${option} must be a whole number of at least 1, got ${value}`;
    expect(() => setup({ [option]: value })).toThrow(new RangeError(message));
  });
});
