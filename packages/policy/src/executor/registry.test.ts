import { describe, expect, it, onTestFinished, vi } from "vitest";

import { eagerClock, manualClock } from "../base/fixtures/clocks.ts";
import { seededRandom } from "../base/random.ts";
import type { CircuitBreakerOptions } from "../circuit-breaker/index.ts";
import type { CallRegistry } from "./registry.ts";
import { createCallRegistry } from "./registry.ts";

const down = async (): Promise<never> => {
  throw Object.assign(new Error("down"), { code: "ECONNRESET" });
};

/** A registry of its own, in which no wait takes time. */
function setup() {
  const clock = eagerClock();
  const registry = createCallRegistry();
  registry.use({ clock, random: seededRandom("registry") });
  return { registry, clock };
}

const attemptsOf = async (registry: CallRegistry, name: string): Promise<number> =>
  (await registry.executor(name).execute(down)).attempts;

describe("the settings of a name", () => {
  it("hold for executors that are made later, and for those that exist", async () => {
    const { registry } = setup();
    const earlier = registry.executor("openai");
    registry.configure("openai", { retry: { maxAttempts: 2 } });
    const results = [earlier, registry.executor("openai")].map((each) => each.execute(down));
    const attempts = (await Promise.all(results)).map((result) => result.attempts);
    expect(attempts).toEqual([2, 2]);
  });

  it("stand over what the code says, option by option", async () => {
    const { registry, clock } = setup();
    registry.configure("openai", { retry: { maxAttempts: 3 } });
    const retry = { maxAttempts: 9, initialDelayMs: 7, jitterFactor: 0 };
    const executor = registry.executor("openai", { preset: "none", retry });
    await executor.execute(down);
    expect(clock.waitsMs).toEqual([7, 14]);
  });

  it("give policies also to an executor that has none", async () => {
    const { registry } = setup();
    registry.configure("tool", { retry: { maxAttempts: 2 }, timeoutMs: 50 });
    const executor = registry.executor("tool", { preset: "none" });
    await expect(executor.execute(down)).resolves.toMatchObject({ attempts: 2 });
    const hung = executor.execute(() => new Promise(() => {}));
    await expect(hung).resolves.toMatchObject({ errorClass: "timeout" });
  });

  it("choose the preset of executors that name none, and of no others", async () => {
    const { registry, clock } = setup();
    registry.configure("model", { preset: "llm" });
    const busy = Object.assign(new Error("busy"), {
      status: 429,
      headers: { "retry-after": "45" },
    });
    const call = () => Promise.reject(busy);
    await expect(registry.executor("model").execute(call)).resolves.toMatchObject({ attempts: 4 });
    expect(clock.waitsMs.filter((ms) => ms === 45_000)).toHaveLength(3);
    const own = registry.executor("model", { preset: "database" });
    await expect(own.execute(call)).resolves.toMatchObject({ attempts: 1 });
  });

  it("change the circuit that the name has already", async () => {
    const { registry } = setup();
    const executor = registry.executor("db", { preset: "none", circuitBreaker: {} });
    await executor.execute(down);
    registry.configure("db", { circuitBreaker: { failureThreshold: 2, timeoutMs: 77 } });
    await executor.execute(down);
    const stats = registry.circuits.getAllStats()["db"];
    expect(stats).toMatchObject({ state: "open", retryAfterMs: 77 });
  });

  it("change a circuit that was made by hand, which no executor does", async () => {
    const { registry } = setup();
    const circuit = registry.circuits.getOrCreate({ name: "db", failureThreshold: 9 });
    registry.configure("db", { circuitBreaker: { failureThreshold: 1 } });
    await circuit.execute(down).catch(() => {});
    expect(circuit.state.kind).toBe("open");
  });

  it("are refused where they are written, and then change nothing", async () => {
    const { registry } = setup();
    const refused = { retry: { maxAttempts: 0 } };
    expect(() => registry.configure("openai", refused)).toThrow(/^maxAttempts must be/);
    const unknown = { retry: { maxAttempts: 1 }, timeout: 5 }; // As presets call it.
    expect(() => registry.configure("openai", unknown)).toThrow(/^timeout cannot be set here/);
    await expect(attemptsOf(registry, "openai")).resolves.toBe(3);
  });

  it("that cannot be used leave the guards of the name as they are, all of them", async () => {
    const { registry } = setup();
    const policies = { circuitBreaker: { maxOpenMs: 30_000 }, bulkhead: { maxConcurrent: 7 } };
    const executor = registry.executor("db", { preset: "none", ...policies });
    const wrong = { circuitBreaker: { failureThreshold: 1 }, bulkhead: { maxConcurrent: 0 } };
    expect(() => registry.configure("db", wrong)).toThrow(/^maxConcurrent must be/);
    await executor.execute(down);
    expect(registry.circuits.get("db")?.state.kind).toBe("closed");
    const unfit = { circuitBreaker: { timeoutMs: 60_000 }, bulkhead: { maxConcurrent: 1 } };
    expect(() => registry.configure("db", unfit)).toThrow(/^maxOpenMs must be/);
    expect(executor.stats().bulkhead).toMatchObject({ maxConcurrent: 7 });
  });

  it("may name guards that the name has not yet, while policies are off as well", async () => {
    const { registry } = setup();
    registry.update({ enabled: false });
    registry.configure("db", { circuitBreaker: { failureThreshold: 1 } });
    registry.configure("db", {
      circuitBreaker: { failureThreshold: 1 },
      rateLimit: { requestsPerMinute: 10 },
      bulkhead: { maxConcurrent: 2 },
    });
    registry.update({ enabled: true });
    const executor = registry.executor("db", { preset: "none" });
    await executor.execute(down);
    const guards = { circuitBreaker: { state: "open" }, bulkhead: { maxConcurrent: 2 } };
    expect(executor.stats()).toMatchObject(guards);
    registry.configure("db", { circuitBreaker: { failureThreshold: 2 } });
    expect(executor.stats()).toMatchObject(guards);
  });

  it("leave what the preset says beside them", async () => {
    const { registry } = setup();
    registry.configure("db", { preset: "database", circuitBreaker: { failureThreshold: 1 } });
    const executor = registry.executor("db");
    await executor.execute(down);
    const { retryAfterMs = 0 } = executor.stats().circuitBreaker ?? {};
    expect(retryAfterMs).toBeGreaterThan(5_000); // Ten seconds, less the wait for the second attempt.
    expect(retryAfterMs).toBeLessThanOrEqual(10_000);
  });

  it("concern no other name and no other registry", async () => {
    const { registry } = setup();
    const { registry: other } = setup();
    registry.configure("openai", { retry: { maxAttempts: 1 } });
    await expect(attemptsOf(registry, "mistral")).resolves.toBe(3);
    await expect(attemptsOf(other, "openai")).resolves.toBe(3);
  });
});

describe("a preset for all calls", () => {
  it.each([
    ["production", 3],
    ["development", 1],
    ["cost-sensitive", 5],
    ["high-throughput", 2],
  ] as const)("of %s makes %d attempts, also in executors that exist", async (preset, attempts) => {
    const { registry } = setup();
    registry.configure("a", { circuitBreaker: { failureThreshold: 99 } });
    const earlier = registry.executor("a");
    registry.applyPreset(preset);
    await expect(earlier.execute(down)).resolves.toMatchObject({ attempts });
    await expect(attemptsOf(registry, "a")).resolves.toBe(attempts);
  });

  it("is replaced by the next, and leaves alone who has no preset", async () => {
    const { registry } = setup();
    registry.applyPreset("development");
    registry.applyPreset("production");
    await expect(attemptsOf(registry, "a")).resolves.toBe(3);
    registry.applyPreset("development");
    const own = registry.executor("b", { preset: "none", retry: { maxAttempts: 2 } });
    await expect(own.execute(down)).resolves.toMatchObject({ attempts: 2 });
  });
});

describe("the executors of one name", () => {
  it("share their circuit", async () => {
    const { registry } = setup();
    registry.configure("db", { circuitBreaker: { failureThreshold: 2 } });
    await registry.executor("db").execute(down);
    await expect(registry.executor("db").execute(down)).resolves.toMatchObject({ attempts: 0 });
    await expect(attemptsOf(registry, "other")).resolves.toBe(3);
  });

  it("keep the guards that they share when another of them is refused", async () => {
    const { registry } = setup();
    const circuitBreaker = { failureThreshold: 2 };
    const executor = registry.executor("db", { preset: "none", circuitBreaker });
    const wrong = { circuitBreaker: { failureThreshold: 1 }, timeout: -1 };
    expect(() => registry.executor("db", { preset: "none", ...wrong })).toThrow(/^timeout must/);
    await executor.execute(down);
    expect(executor.stats().circuitBreaker).toMatchObject({ state: "closed", failures: 1 });
  });

  it("share their totals", async () => {
    const { registry } = setup();
    await registry.executor("db").execute(() => "pong");
    await registry.executor("db", { fallback: () => "stale" }).execute(down);
    await registry.executor("db", { preset: "none" }).execute(down);
    expect(registry.stats()).toEqual({
      db: { calls: 3, failed: 1, retried: 1, fallbacks: 1, cached: 0, attempts: 5 },
    });
  });
});

describe("a circuit of the registry", () => {
  it("is made once for each name, and is the one that executors use", async () => {
    const { registry } = setup();
    const circuit = registry.circuits.getOrCreate({ name: "db", failureThreshold: 1 });
    expect(registry.circuits.getOrCreate({ name: "db", failureThreshold: 9 })).toBe(circuit);
    expect(registry.circuits.get("db")).toBe(circuit);
    expect(registry.circuits.get("other")).toBeUndefined();
    await registry.executor("db").execute(down);
    expect(circuit.state.kind).toBe("open");
  });

  it("lives by the clock of the registry, or by its own", async () => {
    const registry = createCallRegistry();
    const [clock, own] = [manualClock(), manualClock()];
    registry.use({ clock });
    const left = async (options: Partial<CircuitBreakerOptions>) => {
      const name = `db ${"clock" in options}`;
      const circuit = registry.circuits.getOrCreate({ name, failureThreshold: 1, ...options });
      await circuit.execute(down).catch(() => {});
      await clock.advance(1_000);
      return circuit.stats().retryAfterMs;
    };
    expect([await left({}), await left({ clock: own })]).toEqual([29_000, 30_000]);
  });

  it("reports nothing where nobody hears of it, and is missed by no list where a name has none", async () => {
    const report = vi.fn();
    vi.stubGlobal("reportError", report);
    onTestFinished(() => void vi.unstubAllGlobals());
    const { registry } = setup();
    registry.executor("bare", { preset: "none" });
    const circuit = registry.circuits.getOrCreate({ name: "db", failureThreshold: 1 });
    await circuit.execute(down).catch(() => {});
    expect(Object.keys(registry.circuits.getAllStats())).toEqual(["db"]);
    expect(report).not.toHaveBeenCalled();
  });

  it("does not answer for an executor, though it has a fallback of its own", async () => {
    const { registry } = setup();
    registry.circuits.getOrCreate({ name: "db", fallback: () => "stale" }).isolate();
    const result = registry.executor("db").execute(() => "pong");
    await expect(result).resolves.toMatchObject({ success: false, attempts: 0 });
  });

  it("is told of with all others, and closed with all others", async () => {
    const { registry } = setup();
    registry.circuits.getOrCreate({ name: "a", failureThreshold: 1 });
    registry.circuits.getOrCreate({ name: "b" });
    await registry.circuits
      .get("a")
      ?.execute(down)
      .catch(() => {});
    const states = () =>
      Object.values(registry.circuits.getAllStats()).map(({ name, state }) => [name, state]);
    expect(states()).toEqual([
      ["a", "open"],
      ["b", "closed"],
    ]);
    registry.circuits.resetAll();
    expect(states()).toEqual([
      ["a", "closed"],
      ["b", "closed"],
    ]);
  });
});

describe("a listener of the registry", () => {
  it("hears of every call and of every transition, until it has enough", async () => {
    const { registry } = setup();
    const heard: unknown[] = [];
    const ends = [
      registry.onCall(({ name, outcome, attempts }) => void heard.push([name, outcome, attempts])),
      registry.onCircuit(({ name, from, to }) => void heard.push([name, from, to])),
    ];
    registry.configure("db", { circuitBreaker: { failureThreshold: 1 } });
    const own = vi.fn();
    registry.circuits.getOrCreate({ name: "db", onTransition: own });
    await registry.executor("db").execute(down);
    expect(heard).toEqual([
      ["db", "closed", "open"],
      ["db", "failure", 1],
    ]);
    expect(own).toHaveBeenCalledOnce();
    for (const end of ends) end();
    registry.circuits.resetAll();
    await registry.executor("db").execute(() => "pong");
    expect(heard).toHaveLength(2);
  });

  it("never breaks a call", async () => {
    const report = vi.fn();
    vi.stubGlobal("reportError", report);
    const { registry } = setup();
    registry.onCall(() => {
      throw new Error("bad listener");
    });
    const result = registry.executor("db").execute(() => "pong");
    await expect(result).resolves.toMatchObject({ data: "pong" });
    await vi.waitFor(() => expect(report).toHaveBeenCalledOnce());
    vi.unstubAllGlobals();
  });
});

describe("the clock of the registry", () => {
  it("is used by executors without one of their own", async () => {
    const registry = createCallRegistry();
    const clock = manualClock();
    registry.use({ clock });
    const running = registry.executor("db").execute(() => new Promise(() => {}));
    await clock.advance(1_000_000);
    await expect(running).resolves.toMatchObject({ errorClass: "timeout" });
    const own = manualClock();
    const timed = registry.executor("db", { preset: "none", timeout: 5, clock: own });
    const hung = timed.execute(() => new Promise(() => {}));
    await own.advance(5);
    await expect(hung).resolves.toMatchObject({ durationMs: 5 });
  });
});
