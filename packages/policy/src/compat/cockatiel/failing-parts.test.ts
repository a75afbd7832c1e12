import { describe, expect, it, onTestFinished, vi } from "vitest";

import { CircuitState } from "./circuit-state.ts";
import { setup, up } from "./fixtures/circuits.ts";

const broken = new Error("the user's part is broken");
const fails = (): never => {
  throw broken;
};

/** A breaker of the user's that opens at the second failure, and throws when it is told to. */
function setupBroken(throwing: readonly ("success" | "failure" | "back-off")[]) {
  const report = vi.fn();
  vi.stubGlobal("reportError", report);
  onTestFinished(() => void vi.unstubAllGlobals());
  let isBroken = false;
  let failures = 0;
  const breaker = {
    state: null,
    success: vi.fn(() => {
      if (isBroken && throwing.includes("success")) fails();
    }),
    failure: vi.fn(() => {
      if (isBroken && throwing.includes("failure")) fails();
      failures += 1;
      return failures >= 2;
    }),
  };
  const step = { duration: 1_000, next: () => next() };
  const next = () => (isBroken && throwing.includes("back-off") ? fails() : step);
  const circuits = setup({ breaker, halfOpenAfter: { next } });
  const halfOpen = async (): Promise<void> => {
    await circuits.open();
    await circuits.advance(1_000);
  };
  const breakNow = (isSo = true): void => {
    isBroken = isSo;
  };
  return { ...circuits, report, halfOpen, breakNow };
}

describe("a breaker or a back-off that throws", () => {
  it("ends no call, and its error is reported", async () => {
    const { circuit, fail, report, breakNow } = setupBroken(["success", "failure"]);
    breakNow();
    await expect(circuit.execute(up)).resolves.toBe("up");
    await fail();
    expect(report.mock.calls).toEqual([[broken], [broken]]);
    expect(circuit.state).toBe(CircuitState.Closed);
  });

  it("does not keep a trial that fails from opening the circuit again", async () => {
    const { circuit, fail, report, breakNow, halfOpen, advance } = setupBroken(["failure"]);
    await halfOpen();
    breakNow();
    await fail();
    expect(report.mock.calls).toEqual([[broken]]);
    expect(circuit.state).toBe(CircuitState.Open);
    await advance(1_000);
    await expect(circuit.execute(up)).resolves.toBe("up");
    expect(circuit.state).toBe(CircuitState.Closed);
  });

  it("does not keep a circuit that closes from telling of it", async () => {
    const { circuit, report, breakNow, halfOpen, told } = setupBroken(["success"]);
    await halfOpen();
    breakNow();
    await expect(circuit.execute(up)).resolves.toBe("up");
    expect(report.mock.calls).toEqual([[broken]]);
    expect([circuit.state, told]).toEqual([CircuitState.Closed, ["broken", "half-open", "reset"]]);
  });

  it("leaves the circuit as it was where nobody can say for how long it is to be open", async () => {
    const { circuit, fail, report, breakNow } = setupBroken(["back-off"]);
    breakNow();
    await fail();
    await fail();
    expect(circuit.state).toBe(CircuitState.Closed);
    breakNow(false);
    await fail();
    expect(circuit.state).toBe(CircuitState.Open);
    expect(report.mock.calls).toEqual([[broken]]);
  });

  it("gives the place of a trial back where nobody can say for how long it is to be open", async () => {
    const { circuit, fail, breakNow, halfOpen } = setupBroken(["back-off"]);
    await halfOpen();
    breakNow();
    await fail();
    expect(circuit.state).toBe(CircuitState.HalfOpen);
    await expect(circuit.execute(up)).resolves.toBe("up");
    expect(circuit.state).toBe(CircuitState.Closed);
  });
});
