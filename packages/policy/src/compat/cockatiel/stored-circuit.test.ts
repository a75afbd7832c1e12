import { describe, expect, it, vi } from "vitest";

import { IterableBackoff } from "./backoff.ts";
import type { ICircuitBreakerOptions } from "./circuit-breaker.ts";
import { CircuitState } from "./circuit-state.ts";
import { BrokenCircuitError } from "./errors.ts";
import { circuitOf, down, held, OutageError, setup, up } from "./fixtures/circuits.ts";

describe("the stored state of a circuit", () => {
  /** Through a store, and into another circuit. */
  const revived = (circuit: object, options: Partial<ICircuitBreakerOptions> = {}) =>
    circuitOf({ initialState: JSON.parse(JSON.stringify(circuit)), ...options });

  it("is that of a closed circuit and its breaker", async () => {
    const { circuit, fail } = setup();
    await fail();
    expect(circuit.toJSON()).toEqual({ ownState: { value: 0 }, breakerState: 1 });
    const later = revived(circuit);
    expect(later.state).toBe(CircuitState.Closed);
    await later.execute(down).catch(() => {});
    expect(later.state).toBe(CircuitState.Open);
  });

  it("lets calls through where it was closed", async () => {
    const { circuit } = setup();
    await expect(revived(circuit).execute(up)).resolves.toBe("up");
  });

  it("is open for the time that was left, and its back-off goes on", async () => {
    const halfOpenAfter = new IterableBackoff([1_000, 5_000, 9_000]);
    const { circuit, open, advance, fail } = setup({ halfOpenAfter });
    await open();
    await advance(1_000);
    await fail();
    const openedAt = Date.now();
    await advance(2_000);
    expect(circuit.toJSON()).toMatchObject({ ownState: { value: 1, openedAt, attemptNo: 2 } });
    const later = revived(circuit, { halfOpenAfter });
    expect(later.lastFailure).toMatchObject({ error: { name: "HydratingCircuitError" } });
    await advance(2_999);
    await expect(later.execute(up)).rejects.toBeInstanceOf(BrokenCircuitError);
    await advance(1);
    await expect(later.execute(down)).rejects.toBeInstanceOf(OutageError);
    await advance(8_999);
    await expect(later.execute(up)).rejects.toBeInstanceOf(BrokenCircuitError);
    await advance(1);
    await expect(later.execute(up)).resolves.toBe("up");
  });

  it("is open, and ready for a trial, where it was half-open", async () => {
    const { circuit, open, advance } = setup();
    await open();
    await advance(1_000);
    void circuit.execute(held<never>().call);
    expect(circuit.toJSON()).toMatchObject({ ownState: { value: 1, openedAt: 0, attemptNo: 2 } });
    const later = revived(circuit);
    expect(later.state).toBe(CircuitState.Open);
    await expect(later.execute(up)).resolves.toBe("up");
  });

  it("waits no longer than the whole time, wherever the wall clock stood", async () => {
    const { circuit, open, advance } = setup();
    await open();
    const state = JSON.parse(JSON.stringify(circuit));
    vi.setSystemTime(Date.now() - 3_600_000);
    const later = circuitOf({ initialState: state });
    await advance(999);
    await expect(later.execute(up)).rejects.toBeInstanceOf(BrokenCircuitError);
    await advance(1);
    await expect(later.execute(up)).resolves.toBe("up");
  });

  it("is isolated where it was", async () => {
    const { circuit } = setup();
    circuit.isolate();
    expect(circuit.toJSON()).toMatchObject({ ownState: { value: 3, counters: 1 } });
    expect(revived(circuit).state).toBe(CircuitState.Isolated);
  });
});
