import { describe, expect, it } from "vitest";
import { settled } from "../base/fixtures/clocks.ts";
import { firstAttempt } from "../base/index.ts";
import { Circuit } from "./circuit.ts";
import { closed, type StoredCircuit } from "./circuit-state.ts";
import { hang, up } from "./fixtures/calls.ts";
import { shortCircuit } from "./fixtures/short-circuit.ts";
import { CircuitOpenError } from "./open-error.ts";
import { limitsOf } from "./thresholds.ts";

/** A call that ends when it is told to. */
function held() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  return { call: () => promise, resolve, reject };
}

describe("traps that other breakers fall into", () => {
  it("a trial that hangs does not take the other callers with it: they are refused at once", async () => {
    const { breaker, halfOpen } = shortCircuit();
    await halfOpen();
    void breaker.execute(hang);
    await expect(breaker.execute(up)).rejects.toThrow(CircuitOpenError);
  });

  it("a trial that hangs keeps those who wait no longer than its lease", async () => {
    const { breaker, clock, halfOpen } = shortCircuit({ halfOpenCallers: "wait", leaseMs: 300 });
    await halfOpen();
    void breaker.execute(hang);
    const waiting = breaker.execute(up);
    await clock.advance(299);
    expect(breaker.stats().waiting).toBe(1);
    await clock.advance(1);
    await expect(waiting).resolves.toBe("pong");
    expect(clock.pending).toBe(0);
  });

  it("a thousand callers that waited for a trial are not let in at the same moment", async () => {
    const { breaker, clock, halfOpen } = shortCircuit({ halfOpenCallers: "wait" });
    await halfOpen();
    let running = 0;
    const waves: number[] = [];
    const finish: (() => void)[] = [];
    const call = async (): Promise<void> => {
      running += 1;
      await new Promise<void>((resolve) => finish.push(resolve));
      running -= 1;
    };
    const calls = Array.from({ length: 1_000 }, () => breaker.execute(call));
    for (let wave = 0; wave < 12 && running > 0; wave += 1) {
      waves.push(running);
      for (const end of finish.splice(0)) end();
      await settled();
    }
    await Promise.all(calls);
    expect(waves).toEqual([1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 488]);
    expect(breaker.state.kind).toBe("closed");
    expect(clock.pending).toBe(0);
  });

  it("the failure of a call from before the opening does not open a half-open circuit again", async () => {
    const { breaker, halfOpen } = shortCircuit({ successThreshold: 2 });
    const late = held();
    const straggler = breaker.execute(late.call);
    await halfOpen();
    await breaker.execute(up);
    late.reject(new Error("from another age"));
    await expect(straggler).rejects.toThrow("from another age");
    expect(breaker.state.kind).toBe("half-open");
    await breaker.execute(up);
    expect(breaker.state.kind).toBe("closed");
  });

  it("isolating and releasing an open circuit leaves it open", async () => {
    const { breaker, open } = shortCircuit();
    await open();
    breaker.isolate().release();
    expect(breaker.state.kind).toBe("open");
    await expect(breaker.execute(up)).rejects.toThrow('Circuit "db" is open');
  });

  it("of fifty calls that fail at once, one opens the circuit and the others change nothing", async () => {
    const { breaker, clock } = shortCircuit({ openMultiplier: 2 });
    const calls = Array.from({ length: 50 }, () => held());
    const ends = Promise.allSettled(calls.map(({ call }) => breaker.execute(call)));
    for (const { reject } of calls) {
      reject(new Error("dependency is down"));
      await clock.advance(10);
    }
    await ends;
    expect(breaker.stats()).toMatchObject({ opened: 1, failures: 50 });
    expect(breaker.state).toMatchObject({ kind: "open", untilMs: 1_000, openings: 1 });
  });

  it("a trial that hangs without any timeout around it does not keep the circuit shut for ever", async () => {
    const { breaker, clock, halfOpen } = shortCircuit();
    await halfOpen();
    void breaker.execute(hang);
    await clock.advance(2_000);
    await expect(breaker.execute(up)).resolves.toBe("pong");
    expect(breaker.state.kind).toBe("closed");
  });

  it("the success of a call from before the opening does not close a half-open circuit", async () => {
    const { breaker, halfOpen } = shortCircuit();
    const late = held();
    const straggler = breaker.execute(late.call);
    await halfOpen();
    void breaker.execute(hang);
    late.resolve("from another age");
    await straggler;
    expect(breaker.state.kind).toBe("half-open");
  });

  it("a stored circuit keeps the time of its opening, not of its making or storing", async () => {
    const before = shortCircuit();
    await before.clock.advance(5_000);
    const openedAtMs = before.clock.epochMs();
    await before.open();
    await before.clock.advance(400);
    const stored = JSON.parse(JSON.stringify(before.breaker)) as StoredCircuit;
    expect(stored).toMatchObject({ openedAtMs, trialAtMs: openedAtMs + 1_000 });
    const { clock } = before;
    const { breaker } = shortCircuit({ initialState: stored, clock });
    expect(breaker.toJSON()).toEqual(stored);
    await clock.advance(599);
    await expect(breaker.execute(up)).rejects.toMatchObject({ retryAfterMs: 1 });
    await clock.advance(1);
    await expect(breaker.execute(up)).resolves.toBe("pong");
  });

  it("a failed call costs the same with 100,000 calls in the window as with a few", () => {
    // To walk the window at each of them would take minutes.
    const size = 100_000;
    const limits = limitsOf({ window: "count", windowSize: size, failureRate: 1 }, 0);
    const circuit = new Circuit({ name: "db" }, limits, closed(0));
    const attempt = firstAttempt(undefined);
    const failure = { outcome: "failure", retryable: false } as const;
    circuit.settle(0, attempt, undefined, undefined);
    for (let call = 1; call < size; call += 1) circuit.settle(0, attempt, failure, undefined);
    expect(circuit.state).toMatchObject({ kind: "closed", failures: size - 1 });
    circuit.settle(0, attempt, failure, undefined);
    expect(circuit.state.kind).toBe("open");
  });

  it.each([3_600_000, -3_600_000])(
    "a wall clock that jumps %d ms moves no circuit",
    async (jumpMs) => {
      const { breaker, clock, open } = shortCircuit({ window: "time", windowMs: 10_000 });
      clock.jump(jumpMs);
      await open();
      clock.jump(jumpMs);
      await clock.advance(999);
      await expect(breaker.execute(up)).rejects.toMatchObject({ retryAfterMs: 1 });
      await clock.advance(1);
      clock.jump(jumpMs);
      await expect(breaker.execute(up)).resolves.toBe("pong");
      expect(breaker.state.kind).toBe("closed");
    },
  );
});
