import { describe, expect, it, onTestFinished, vi } from "vitest";

import { manualClock } from "../base/fixtures/clocks.ts";
import { ResilientExecutor } from "./executor.ts";
import { updateResilienceConfig } from "./factories.ts";
import { createCallRegistry } from "./registry.ts";

const down = async (): Promise<never> => {
  throw Object.assign(new Error("down"), { code: "ECONNRESET" });
};

function setup() {
  const clock = manualClock();
  const registry = createCallRegistry();
  registry.use({ clock });
  return { registry, clock };
}

/** With every policy there is, and none of them willing. */
const cautious = {
  preset: "none",
  retry: { maxAttempts: 5 },
  circuitBreaker: { failureThreshold: 1 },
  rateLimit: { requestsPerMinute: 1, whenFull: "reject" },
  bulkhead: { maxConcurrent: 1 },
  timeout: 10,
  hedge: { delayMs: 1 },
  cache: { ttlMs: 1_000 },
  chaos: { enabled: true, errorRate: 1 },
  fallback: () => "stale",
} as const;

describe("while policies are off", () => {
  it("a call goes straight through: one attempt, without limit, and no other answers for it", async () => {
    const { registry, clock } = setup();
    registry.update({ enabled: false });
    const executor = registry.executor("db", cautious);
    const held = Promise.withResolvers<string>();
    const running = [1, 2, 3].map(() =>
      executor.with({ cacheKey: "one" }).execute(() => held.promise),
    );
    await clock.advance(1_000);
    held.resolve("pong");
    const result = { success: true, data: "pong", source: "primary", attempts: 1 };
    await expect(Promise.all(running)).resolves.toMatchObject([result, result, result]);
    await expect(executor.execute(down)).resolves.toMatchObject({
      success: false,
      errorClass: "network",
      attempts: 1,
    });
    expect(clock.pending).toBe(0);
  });

  it("calls are still counted, told of, and given their caller's signal", async () => {
    const { registry } = setup();
    registry.update({ enabled: false });
    const heard = vi.fn();
    registry.onCall(heard);
    const executor = registry.executor("db");
    const { signal } = new AbortController();
    const seen = await executor.execute((context) => context.signal === signal, signal);
    expect(seen.data).toBe(true);
    expect(heard).toHaveBeenCalledOnce();
    expect(executor.stats()).toMatchObject({ enabled: false, calls: 1 });
    expect(registry.isEnabled).toBe(false);
  });

  it("a circuit of the registry lets everything through and learns nothing", async () => {
    const { registry } = setup();
    const circuit = registry.circuits.getOrCreate({ name: "db", failureThreshold: 1 });
    registry.update({ enabled: false });
    await circuit.execute(down).catch(() => {});
    await expect(circuit.execute(() => "pong")).resolves.toBe("pong");
    expect(circuit.stats()).toMatchObject({ state: "closed", opened: 0, mode: "disabled" });
    const later = registry.circuits.getOrCreate({ name: "other", mode: "metrics-only" });
    expect(later.stats().mode).toBe("disabled");
    registry.update({ enabled: true });
    expect(later.stats().mode).toBe("metrics-only");
  });

  it("a circuit that somebody holds open stays so: that is an order, and no protection", async () => {
    const { registry } = setup();
    const circuit = registry.circuits.getOrCreate({ name: "db" });
    const hold = circuit.isolate();
    registry.update({ enabled: false });
    const result = { success: false, error: { code: "KINTSUGI_CIRCUIT_OPEN" }, attempts: 0 };
    await expect(registry.executor("db").execute(() => "pong")).resolves.toMatchObject(result);
    hold.release();
    await expect(registry.executor("db").execute(() => "pong")).resolves.toMatchObject({
      success: true,
    });
  });

  it("thresholds that are set count from when they are on again", async () => {
    const { registry } = setup();
    const executor = registry.executor("db", { preset: "none", circuitBreaker: {} });
    registry.update({ enabled: false });
    registry.configure("db", { circuitBreaker: { failureThreshold: 1 } });
    await executor.execute(down);
    registry.update({ enabled: true });
    expect(executor.stats().circuitBreaker).toMatchObject({ state: "closed", mode: "normal" });
    await executor.execute(down);
    expect(executor.stats().circuitBreaker).toMatchObject({ state: "open" });
  });

  it.each([
    [{ retry: { maxAttempts: 0 } }, /^maxAttempts must be/],
    [{ circuitBreaker: { failureThreshold: 0 } }, /^failureThreshold must be/],
    [{ rateLimit: { requestsPerMinute: 0 } }, /^requestsPerMinute must be/],
    [{ bulkhead: { maxConcurrent: 0 } }, /^maxConcurrent must be/],
    [{ timeout: -1 }, /^timeout must be/],
  ])("what cannot be used is refused where it is written: %j", (options, sentence) => {
    const { registry } = setup();
    registry.update({ enabled: false });
    expect(() => registry.executor("db", { preset: "none", ...options })).toThrow(sentence);
    expect(registry.circuits.get("db")).toBeUndefined();
  });

  it("a claim that cannot be made is refused as ever", () => {
    const { registry } = setup();
    registry.update({ enabled: false });
    const executor = registry.executor("db", { preset: "none", bulkhead: {} });
    expect(() => executor.with({ priority: Number.NaN })).toThrow(/^priority must be/);
  });

  it("an executor for which no other settings fit is switched off all the same", async () => {
    const { registry } = setup();
    const own = { preset: "none", circuitBreaker: { maxOpenMs: 30_000 } } as const;
    const executor = registry.executor("db", { ...own, fallback: () => "stale" });
    registry.update({ enabled: false, circuitBreaker: { timeout: 60_000 } });
    await expect(executor.execute(down)).resolves.toMatchObject({ success: false });
  });

  it("thresholds of a circuit that was made by hand count then as well", async () => {
    const { registry } = setup();
    const circuit = registry.circuits.getOrCreate({ name: "db", failureThreshold: 9 });
    registry.update({ enabled: false });
    registry.configure("db", { circuitBreaker: { failureThreshold: 1 } });
    await circuit.execute(down).catch(() => {});
    registry.update({ enabled: true });
    expect(circuit.stats()).toMatchObject({ state: "closed", mode: "normal" });
    await circuit.execute(down).catch(() => {});
    expect(circuit.state.kind).toBe("open");
  });

  it("what was known before is known afterwards", async () => {
    const { registry } = setup();
    const executor = registry.executor("db", {
      preset: "none",
      circuitBreaker: { failureThreshold: 1 },
    });
    await executor.execute(down);
    registry.update({ enabled: false });
    await expect(executor.execute(() => "pong")).resolves.toMatchObject({ success: true });
    registry.update({ enabled: true });
    await expect(executor.execute(() => "pong")).resolves.toMatchObject({ attempts: 0 });
  });
});

describe("RESILIENCE_ENABLED", () => {
  it.each([
    ["false", false],
    ["FALSE", false],
    ["0", false],
    ["off", false],
    [" no ", false],
    ["true", true],
    ["", true],
    ["perhaps", true],
  ])("of %j is read when a registry is made: %j", (word, isEnabled) => {
    vi.stubEnv("RESILIENCE_ENABLED", word);
    onTestFinished(() => void vi.unstubAllEnvs());
    const registry = createCallRegistry();
    vi.stubEnv("RESILIENCE_ENABLED", "perhaps");
    expect(registry.isEnabled).toBe(isEnabled);
  });

  it("is not missed where there is no environment, as in a browser", () => {
    onTestFinished(() => void vi.unstubAllGlobals());
    for (const platform of [undefined, {}]) {
      vi.stubGlobal("process", platform);
      expect(createCallRegistry().isEnabled).toBe(true);
    }
  });
});

it("the switch of the process concerns executors that stand in no registry as well", async () => {
  const executor = new ResilientExecutor({ name: "own", fallback: () => "stale" });
  updateResilienceConfig({ enabled: false });
  onTestFinished(() => updateResilienceConfig({ enabled: true }));
  await expect(executor.execute(down)).resolves.toMatchObject({ success: false, attempts: 1 });
  updateResilienceConfig({ enabled: true });
  await expect(executor.execute(down)).resolves.toMatchObject({ source: "fallback" });
});

it("the circuit of an executor that stands alone neither refuses nor learns while policies are off", async () => {
  const executor = new ResilientExecutor({ name: "own", circuitBreaker: { failureThreshold: 1 } });
  await executor.execute(down);
  updateResilienceConfig({ enabled: false });
  onTestFinished(() => updateResilienceConfig({ enabled: true }));
  await expect(executor.execute(() => "pong")).resolves.toMatchObject({ data: "pong" });
  await executor.execute(down);
  expect(executor.stats().circuitBreaker).toMatchObject({ mode: "disabled", opened: 1 });
  updateResilienceConfig({ enabled: true });
  await expect(executor.execute(() => "pong")).resolves.toMatchObject({ attempts: 0 });
});

it("what cannot be used is refused as well while policies are off", () => {
  const { registry } = setup();
  registry.update({ enabled: false });
  updateResilienceConfig({ enabled: false });
  onTestFinished(() => updateResilienceConfig({ enabled: true }));
  const retry = { maxAttempts: 0 };
  expect(() => registry.configure("db", { retry })).toThrow(/^maxAttempts must be/);
  expect(() => registry.update({ retry })).toThrow(/maxAttempts must be/);
});
