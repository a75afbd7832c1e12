import { callRegistry } from "@kintsugi/policy";
import { expect, it, onTestFinished } from "vitest";

import { getHealthStatus } from "./health-status.ts";

/** A circuit of the process that one failure opens. */
async function setup(name: string, mode: "normal" | "metrics-only") {
  const circuit = callRegistry.circuits.getOrCreate({ name, mode, failureThreshold: 1 });
  onTestFinished(() => circuit.reset());
  const fail = async () => {
    throw Object.assign(new Error("down"), { code: "ECONNRESET" });
  };
  await circuit.execute(fail).catch(() => {});
}

it("the process is degraded while a circuit refuses calls", async () => {
  await setup("refuses", "normal");
  const reason = 'Of the circuits, "refuses" is open';
  expect(getHealthStatus()).toMatchObject({ kind: "degraded", reason });
});

it("a circuit that only measures, or is off, makes it none the worse", async () => {
  await setup("measures", "metrics-only");
  expect(getHealthStatus()).toMatchObject({ kind: "healthy", circuits: { measures: "open" } });
  await setup("refuses", "normal");
  callRegistry.update({ enabled: false });
  onTestFinished(() => callRegistry.update({ enabled: true }));
  expect(getHealthStatus()).toMatchObject({ kind: "healthy", enabled: false });
});
