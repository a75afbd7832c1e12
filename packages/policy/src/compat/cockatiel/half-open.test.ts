import { describe, expect, it, vi } from "vitest";

import { ConsecutiveBreaker } from "./breakers.ts";
import { CircuitState } from "./circuit-state.ts";
import { BrokenCircuitError, TaskCancelledError } from "./errors.ts";
import { held, OutageError, setup, up } from "./fixtures/circuits.ts";

describe("a half-open circuit", () => {
  it("keeps other callers waiting for its trial, and then makes their calls", async () => {
    const { circuit, open, advance } = setup();
    await open();
    await advance(1_000);
    const trial = held<number>();
    const next = vi.fn(() => 2);
    const first = circuit.execute(trial.call);
    const second = circuit.execute(next);
    await advance(0);
    expect(next).not.toHaveBeenCalled();
    trial.resolve(1);
    await expect(Promise.all([first, second])).resolves.toEqual([1, 2]);
  });

  it("refuses those who wait when its trial fails", async () => {
    const { circuit, open, advance } = setup();
    await open();
    await advance(1_000);
    const trial = held<never>();
    const next = vi.fn();
    const first = expect(circuit.execute(trial.call)).rejects.toBeInstanceOf(OutageError);
    const second = expect(circuit.execute(next)).rejects.toBeInstanceOf(BrokenCircuitError);
    trial.reject(new OutageError());
    await Promise.all([first, second]);
    expect(next).not.toHaveBeenCalled();
  });

  it("closes after a sample in which few enough have failed", async () => {
    const { circuit, open, advance, fail, told } = setup({
      halfOpenSampling: { calls: 5, threshold: 0.4 },
    });
    await open();
    await advance(1_000);
    await fail();
    await fail();
    await circuit.execute(up);
    await circuit.execute(up);
    expect(circuit.state).toBe(CircuitState.HalfOpen);
    await circuit.execute(up);
    expect(circuit.state).toBe(CircuitState.Closed);
    expect(told).toEqual(["broken", "half-open", "reset"]);
  });

  it("opens again as soon as too many of a sample have failed", async () => {
    const { circuit, open, advance, fail } = setup({
      halfOpenSampling: { calls: 5, threshold: 0.4 },
    });
    await open();
    await advance(1_000);
    await fail();
    await fail();
    expect(circuit.state).toBe(CircuitState.HalfOpen);
    await fail();
    expect(circuit.state).toBe(CircuitState.Open);
  });

  it("forgets the failed trials of an earlier time", async () => {
    const { circuit, open, advance, fail } = setup({
      halfOpenSampling: { calls: 2, threshold: 0.5 },
    });
    await open();
    for (let time = 0; time < 2; time += 1) {
      await advance(1_000);
      await fail();
      expect(circuit.state).toBe(CircuitState.HalfOpen);
      await fail();
      expect(circuit.state).toBe(CircuitState.Open);
    }
  });

  it("makes the calls of a sample side by side, and the others wait", async () => {
    const { circuit, open, advance } = setup({ halfOpenSampling: { calls: 2, threshold: 0 } });
    await open();
    await advance(1_000);
    const trials = [held<number>(), held<number>()];
    const next = vi.fn(() => 3);
    const all = Promise.all([
      ...trials.map(({ call }) => circuit.execute(call)),
      circuit.execute(next),
    ]);
    await advance(0);
    expect(trials.map(({ call }) => call.mock.calls.length)).toEqual([1, 1]);
    expect(next).not.toHaveBeenCalled();
    trials.forEach(({ resolve }, index) => {
      resolve(index);
    });
    await expect(all).resolves.toEqual([0, 1, 3]);
    expect(circuit.state).toBe(CircuitState.Closed);
  });

  it("refuses a sample that cannot be", () => {
    const bad: readonly (readonly [number, number])[] = [
      [0, 0.3],
      [2.5, 0.3],
      [10, -0.1],
      [10, 1],
      [10, Number.NaN],
    ];
    for (const [calls, threshold] of bad) {
      const halfOpenSampling = { calls, threshold };
      expect(() => setup({ halfOpenSampling }), `${calls}, ${threshold}`).toThrow(RangeError);
    }
    const halfOpenSampling = { calls: 10 } as { calls: number; threshold: number };
    expect(() => setup({ halfOpenSampling })).toThrow(/threshold must be .* got undefined$/);
  });

  it("makes no call for who has given up meanwhile", async () => {
    const { circuit, open, advance } = setup();
    await open();
    await advance(1_000);
    const trial = circuit.execute(async () => "up");
    const call = vi.fn();
    await expect(circuit.execute(call, AbortSignal.abort())).rejects.toBeInstanceOf(
      TaskCancelledError,
    );
    await trial;
    expect(call).not.toHaveBeenCalled();
    expect(circuit.state).toBe(CircuitState.Closed);
  });

  it("lets go at once of who gives up while its trial hangs", async () => {
    const { circuit, open, advance } = setup();
    await open();
    await advance(1_000);
    void circuit.execute(held<never>().call);
    const controller = new AbortController();
    const waiting = circuit.execute(up, controller.signal);
    await advance(0);
    controller.abort();
    await expect(waiting).rejects.toBeInstanceOf(TaskCancelledError);
  });

  it("hands on the signal of who has waited", async () => {
    const { circuit, open, advance } = setup();
    await open();
    await advance(1_000);
    void circuit.execute(async () => "up");
    const controller = new AbortController();
    const seen = await circuit.execute(({ signal }) => {
      controller.abort();
      return signal.aborted;
    }, controller.signal);
    expect(seen).toBe(true);
  });

  it("gives the place of a trial that hangs to the next after a minute", async () => {
    const { circuit, open, advance } = setup();
    await open();
    await advance(1_000);
    void circuit.execute(held<never>().call);
    const next = circuit.execute(up);
    await advance(60_000);
    await expect(next).resolves.toBe("up");
    expect(circuit.state).toBe(CircuitState.Closed);
  });

  it("lets those who have waited in by and by, and keeps up nobody when they are through", async () => {
    const { circuit, open, advance } = setup();
    await open();
    await advance(1_000);
    const trial = held<void>();
    void circuit.execute(trial.call);
    const ends: (() => void)[] = [];
    const call = (): Promise<void> => new Promise((resolve) => void ends.push(resolve));
    const waiting = Array.from({ length: 10 }, () => circuit.execute(call));
    trial.resolve();
    const running: number[] = [];
    while (ends.length > 0 || running.length === 0) {
      await advance(0);
      running.push(ends.length);
      for (const end of ends.splice(0)) end();
      await advance(0);
    }
    await Promise.all(waiting);
    expect(running[0]).toBe(1);
    expect(Math.max(...running)).toBeLessThan(10);
    const free = Array.from({ length: 20 }, () => circuit.execute(up));
    await expect(Promise.all(free)).resolves.toHaveLength(20);
  });

  it("is not moved by a call that began before it was open", async () => {
    const { circuit, open, advance } = setup();
    const old = held<never>();
    const stale = expect(circuit.execute(old.call)).rejects.toBeInstanceOf(OutageError);
    await open();
    await advance(1_000);
    const trial = held<string>();
    const tried = circuit.execute(trial.call);
    old.reject(new OutageError());
    await stale;
    expect(circuit.state).toBe(CircuitState.HalfOpen);
    trial.resolve("up");
    await tried;
    expect(circuit.state).toBe(CircuitState.Closed);
  });

  it("tells its breaker nothing of a call that began before it was open", async () => {
    const breaker = new ConsecutiveBreaker(2);
    const { circuit, open } = setup({ breaker });
    const old = held<string>();
    const stale = circuit.execute(old.call);
    await open();
    old.resolve("at last");
    await stale;
    expect(breaker.state).toBe(2);
  });

  it("closes on an error that its policy does not name: somebody is there", async () => {
    const { circuit, open, advance } = setup();
    await open();
    await advance(1_000);
    await expect(circuit.execute(() => Promise.reject(new TypeError()))).rejects.toThrow(TypeError);
    expect(circuit.state).toBe(CircuitState.Closed);
  });
});
