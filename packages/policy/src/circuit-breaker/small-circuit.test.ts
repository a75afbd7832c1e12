import * as fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { manualClock, settled } from "../base/fixtures/clocks.ts";
import { pipeline } from "../pipeline/index.ts";
import { RetryPolicy } from "../retry/index.ts";
import { CircuitBreaker } from "./circuit-breaker.ts";
import { down, up } from "./fixtures/calls.ts";
import { CircuitOpenError } from "./open-error.ts";
import { circuitBreaker, type SmallCircuitOptions } from "./small-circuit.ts";

function setup(options: Partial<SmallCircuitOptions> = {}) {
  const clock = manualClock();
  const shape = { name: "search", failureThreshold: 2, successThreshold: 2, timeout: 1_000 };
  const circuit = circuitBreaker({ ...shape, clock, ...options });
  const fail = (): Promise<unknown> => circuit.execute(down).catch(() => {});
  return { circuit, clock, fail, shape };
}

/** A call that ends when it is told to. */
function held() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  promise.catch(() => {}); // Where the circuit refused it, nobody else hears of it.
  return { call: () => promise, resolve, reject };
}

describe("a small circuit whose dependency fails", () => {
  it("opens after so many failures in a row, and refuses with the time that is left", async () => {
    const { circuit, clock, fail } = setup();
    await fail();
    await circuit.execute(up);
    await fail();
    expect(circuit.state.kind).toBe("closed");
    await fail();
    await clock.advance(400);
    const refused = await circuit.execute(up).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(CircuitOpenError);
    expect(refused).toMatchObject({ breaker: "search", retryAfterMs: 600, isolated: false });
  });

  it("closes after its trials, and lets in no more of them at once", async () => {
    const { circuit, clock, fail } = setup();
    await fail();
    await fail();
    await clock.advance(1_000);
    const trials = [held(), held()];
    const running = trials.map(({ call }) => circuit.execute(call));
    await expect(circuit.execute(up)).rejects.toThrow(CircuitOpenError);
    for (const { resolve } of trials) resolve("pong");
    expect(await Promise.all(running)).toEqual(["pong", "pong"]);
    expect(circuit.state.kind).toBe("closed");
  });

  it("opens again at a trial that fails, and gives up the place of one that hangs", async () => {
    const { circuit, clock, fail } = setup({ successThreshold: 1 });
    await fail();
    await fail();
    await clock.advance(1_000);
    void circuit.execute(() => new Promise(() => {}));
    await expect(circuit.execute(up)).rejects.toThrow(CircuitOpenError);
    await clock.advance(2_000);
    await expect(circuit.execute(down)).rejects.toThrow("dependency is down");
    expect(circuit.state.kind).toBe("open");
  });

  it("does not take a late result for news of a newer state", async () => {
    const { circuit, clock, fail } = setup({ successThreshold: 1 });
    const late = held();
    const running = circuit.execute(late.call);
    await fail();
    await fail();
    await clock.advance(1_000);
    late.resolve("pong");
    await running;
    expect(circuit.state.kind).toBe("open");
    await circuit.execute(up);
    expect(circuit.state.kind).toBe("closed");
  });

  it("forgets everything when it is reset, and what is still out then", async () => {
    const { circuit, fail } = setup();
    const late = held();
    const running = circuit.execute(late.call).catch(() => {});
    await fail();
    await fail();
    circuit.reset();
    late.reject(new Error("dependency is down"));
    await running;
    await fail();
    expect(await circuit.execute(up)).toBe("pong");
  });
});

describe("a small circuit whose calls say nothing about the dependency", () => {
  it("counts no abort of a caller, and does not ask about it", async () => {
    const outcomeOf = vi.fn(() => "failure" as const);
    const { circuit } = setup({ failureThreshold: 1, outcomeOf });
    const controller = new AbortController();
    const leaving = () => {
      controller.abort(new Error("the user has left"));
      return down();
    };
    await expect(circuit.execute(leaving, controller.signal)).rejects.toThrow("is down");
    expect(circuit.state.kind).toBe("closed");
    expect(outcomeOf).not.toHaveBeenCalled();
  });

  it("counts what its own judgement calls a failure, and nothing else", async () => {
    const { circuit, fail } = setup({ failureThreshold: 1, outcomeOf: () => "ignore" });
    await fail();
    expect(circuit.state.kind).toBe("closed");
  });

  it("leaves the failures in a row as they are at a call that says nothing", async () => {
    const outcomeOf = vi.fn((): "failure" | "ignore" => "failure");
    const { circuit, fail } = setup({ outcomeOf });
    await fail();
    outcomeOf.mockReturnValueOnce("ignore");
    await fail();
    await fail();
    expect(circuit.state.kind).toBe("open");
  });

  it("counts no failure of a call from before a reset", async () => {
    const { circuit, fail } = setup();
    const late = held();
    const running = circuit.execute(late.call).catch(() => {});
    circuit.reset();
    await fail();
    late.reject(new Error("dependency is down"));
    await running;
    expect(circuit.state.kind).toBe("closed");
  });

  it("takes no trace of the caller along with its refusal", async () => {
    const { circuit, fail } = setup({ failureThreshold: 1 });
    await fail();
    const refused = await circuit.execute(up).catch((error: Error) => error);
    expect((refused as Error).stack).not.toContain("\n    at ");
  });
});

describe("a listener of a small circuit", () => {
  it("hears of every change, and breaks nothing by throwing", async () => {
    const heard: string[] = [];
    const reported = vi.spyOn(console, "warn").mockImplementation(() => {});
    const { circuit, clock, fail } = setup({
      failureThreshold: 1,
      successThreshold: 1,
      onTransition: ({ breaker, from, to }) => {
        heard.push(`${breaker}: ${from} to ${to}`);
        throw new Error("a listener fails");
      },
    });
    await fail();
    await clock.advance(1_000);
    expect(await circuit.execute(up)).toBe("pong");
    expect(heard).toEqual([
      "search: closed to open",
      "search: open to half-open",
      "search: half-open to closed",
    ]);
    expect(reported).toHaveBeenCalledTimes(3);
    reported.mockRestore();
  });
});

describe("a small circuit in a pipeline", () => {
  it("sees every attempt of the retry around it, and hands on the attempt's own context", async () => {
    const { circuit } = setup({ failureThreshold: 3 });
    const attempts: number[] = [];
    const guarded = pipeline(new RetryPolicy({ maxAttempts: 3, initialDelayMs: 0 }), circuit);
    const call = guarded.execute(({ attempt, signal }) => {
      attempts.push(attempt);
      expect(signal.aborted).toBe(false);
      return down();
    });
    await expect(call).rejects.toThrow("is down");
    expect(attempts).toEqual([1, 2, 3]);
    expect(circuit.state.kind).toBe("open");
  });
});

describe("options of a small circuit", () => {
  it.each([
    [{ failureThreshold: 0 }, "failureThreshold must be a whole number of at least 1, got 0"],
    [{ successThreshold: 1.5 }, "successThreshold must be a whole number of at least 1, got 1.5"],
    [{ timeout: -1 }, "timeout must be a whole number of at least 1, got -1"],
    [{ clock: {} }, "clock must be an object with monotonicMs(), got an object"],
    [{ clock: null }, "clock must be an object with monotonicMs(), got null"],
  ])("such as %j are refused", (options, sentence) => {
    expect(() => setup(options as object)).toThrow(new RangeError(sentence));
  });
});

type Step = { readonly kind: "begin" | "succeed" | "fail" | "wait"; readonly which: number };

it("goes from state to state as the complete circuit does with the same settings", async () => {
  const step = fc.record<Step>({
    kind: fc.constantFrom("begin", "succeed", "fail", "wait"),
    which: fc.nat(1_500),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { size: "max", maxLength: 60 }), async (steps) => {
      const { circuit, clock, shape } = setup();
      const complete = new CircuitBreaker({ ...shape, clock });
      const out: ReturnType<typeof held>[] = [];
      for (const { kind, which } of steps) {
        const [ending] =
          kind === "succeed" || kind === "fail" ? out.splice(which % (out.length || 1), 1) : [];
        if (kind === "wait") await clock.advance(which);
        if (kind === "begin") {
          const call = held();
          out.push(call);
          for (const each of [circuit, complete]) each.execute(call.call).catch(() => {});
        }
        if (kind === "succeed") ending?.resolve("pong");
        if (kind === "fail") ending?.reject(new Error("dependency is down"));
        await settled();
        expect(circuit.state).toEqual(complete.state);
      }
    }),
  );
});

it("reports a predicate that throws: the call ends with its own error, and the trial is over", async () => {
  const report = vi.fn();
  vi.stubGlobal("reportError", report);
  onTestFinished(() => void vi.unstubAllGlobals());
  const broken = new Error("the predicate is wrong");
  const { circuit, clock } = setup({
    outcomeOf: () => {
      throw broken;
    },
  });
  for (const _ of [1, 2]) await expect(circuit.execute(down)).rejects.toThrow("dependency is down");
  await clock.advance(1_000);
  await expect(circuit.execute(down)).rejects.toThrow("dependency is down");
  expect(circuit.state.kind).toBe("open");
  expect(report.mock.calls).toEqual([[broken], [broken], [broken]]);
});
