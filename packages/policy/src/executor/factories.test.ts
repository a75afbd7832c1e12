/** The short ways to the registry of the process. */

import { describe, expect, it, onTestFinished, vi } from "vitest";

import { eagerClock } from "../base/fixtures/clocks.ts";
import { systemClock, systemRandom } from "../base/index.ts";
import {
  applyResiliencePreset,
  CircuitBreakerFactory,
  ResilientExecutorFactory,
} from "./factories.ts";
import { callRegistry } from "./registry.ts";

const down = async (): Promise<never> => {
  throw Object.assign(new Error("down"), { code: "ECONNRESET" });
};

/** Lets the process wait on a clock that takes no time, without chance. */
function setup() {
  const clock = eagerClock();
  callRegistry.use({ clock, random: { next: () => 0, uuid: () => "" } });
  onTestFinished(() => callRegistry.use({ clock: systemClock, random: systemRandom }));
  return clock;
}

describe("an executor of the process", () => {
  it.each([
    { make: ResilientExecutorFactory.forAPI, waits: [200, 400] },
    { make: ResilientExecutorFactory.forDatabase, waits: [50, 100] },
    { make: ResilientExecutorFactory.forLLM, waits: [1_000, 2_000, 4_000] },
  ])("waits $waits between its attempts, as its preset says", async ({ make, waits }) => {
    const clock = setup();
    const result = await make(`waits ${waits[0]}`).execute(down);
    expect(result).toMatchObject({ success: false, attempts: waits.length + 1 });
    const between = clock.waitsMs.filter((ms) => ms > 1 && ms < 5_000); // The others are of time limits.
    expect(between).toEqual(waits);
  });

  it("may have a fallback", async () => {
    setup();
    const executor = ResilientExecutorFactory.forAPI("with fallback", () => "stale");
    await expect(executor.execute(down)).resolves.toMatchObject({ data: "stale" });
    const without = ResilientExecutorFactory.forAPI("without fallback");
    await expect(without.execute(down)).resolves.toMatchObject({ errorClass: "network" });
  });

  it("has what is named and nothing else, where it is a custom one", async () => {
    setup();
    const bare = ResilientExecutorFactory.custom({ name: "bare" });
    await expect(bare.execute(down)).resolves.toMatchObject({ attempts: 1 });
    expect(bare.stats()).not.toHaveProperty("circuitBreaker");
    const retry = { maxAttempts: 2 };
    const patient = ResilientExecutorFactory.custom({ name: "patient", retry });
    await expect(patient.execute(down)).resolves.toMatchObject({ attempts: 2 });
    expect(callRegistry.stats()["patient"]).toMatchObject({ calls: 1, attempts: 2 });
  });

  it("is as cautious as the preset of the process says", async () => {
    setup();
    const executor = ResilientExecutorFactory.forAPI("cautious");
    applyResiliencePreset("development");
    onTestFinished(() => applyResiliencePreset("production"));
    await expect(executor.execute(down)).resolves.toMatchObject({ attempts: 1 });
    callRegistry.applyPreset("high-throughput");
    await expect(executor.execute(down)).resolves.toMatchObject({ attempts: 2 });
  });
});

describe("a circuit of the process", () => {
  it("is one for its name, listed and closed with all others, and used by executors", async () => {
    setup();
    const circuit = CircuitBreakerFactory.getOrCreate({ name: "factory db", failureThreshold: 1 });
    expect(CircuitBreakerFactory.get("factory db")).toBe(circuit);
    expect(CircuitBreakerFactory.get("nobody's")).toBeUndefined();
    await ResilientExecutorFactory.forDatabase("factory db").execute(down);
    expect(CircuitBreakerFactory.getAllStats()["factory db"]).toMatchObject({ state: "open" });
    CircuitBreakerFactory.resetAll();
    expect(circuit.state.kind).toBe("closed");
  });
});

describe("the registry of the process", () => {
  it("is configured, listened to and counted as any other", async () => {
    setup();
    expect(callRegistry.isEnabled).toBe(true);
    const [onCall, onCircuit] = [vi.fn(), vi.fn()];
    const ends = [callRegistry.onCall(onCall), callRegistry.onCircuit(onCircuit)];
    callRegistry.configure("heard", { circuitBreaker: { failureThreshold: 1 } });
    const executor = callRegistry.executor("heard", { retry: { maxAttempts: 1 } });
    await executor.execute(down);
    expect(onCall.mock.calls).toMatchObject([[{ name: "heard", outcome: "failure" }]]);
    expect(onCircuit.mock.calls).toEqual([[{ name: "heard", from: "closed", to: "open" }]]);
    for (const end of ends) end();
    await executor.execute(() => "pong");
    expect(onCall).toHaveBeenCalledOnce();
    expect(callRegistry.stats()["heard"]).toMatchObject({ calls: 2, failed: 2 });
    expect(callRegistry.circuits.get("heard")?.state.kind).toBe("open");
  });
});
