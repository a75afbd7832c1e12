import { describe, expect, it, vi } from "vitest";

import { eagerClock, manualClock } from "../base/fixtures/clocks.ts";
import { seededRandom } from "../base/random.ts";
import { createCallRegistry } from "./registry.ts";
import type { ResilienceUpdate } from "./resilience-update.ts";

const down = async (): Promise<never> => {
  throw Object.assign(new Error("down"), { code: "ECONNRESET" });
};

function setup() {
  const clock = eagerClock();
  const registry = createCallRegistry();
  registry.use({ clock, random: seededRandom("update") });
  return { registry, clock };
}

describe("an update of what holds for all calls", () => {
  it("reaches executors that exist, over their presets", async () => {
    const { registry } = setup();
    const executor = registry.executor("a");
    registry.applyPreset("development");
    registry.update({ retry: { maxAttempts: 4 } });
    await expect(executor.execute(down)).resolves.toMatchObject({ attempts: 4 });
    registry.applyPreset("high-throughput");
    await expect(registry.executor("b").execute(down)).resolves.toMatchObject({ attempts: 4 });
  });

  it("stands under what the code and the settings of a name say", async () => {
    const { registry } = setup();
    registry.update({ retry: { maxAttempts: 4 } });
    const own = registry.executor("a", { retry: { maxAttempts: 2 } });
    await expect(own.execute(down)).resolves.toMatchObject({ attempts: 2 });
    registry.configure("b", { retry: { maxAttempts: 1 } });
    await expect(registry.executor("b").execute(down)).resolves.toMatchObject({ attempts: 1 });
  });

  it("gives no policy to an executor that has none", async () => {
    const { registry } = setup();
    registry.update({ retry: { maxAttempts: 4 } });
    const none = registry.executor("a", { preset: "none" });
    await expect(none.execute(down)).resolves.toMatchObject({ attempts: 1 });
    const some = registry.executor("b", { preset: "none", retry: {} });
    await expect(some.execute(down)).resolves.toMatchObject({ attempts: 4 });
  });

  it("adds to the update before it", async () => {
    const { registry, clock } = setup();
    registry.update({ retry: { maxAttempts: 2 } });
    registry.update({ retry: { initialDelayMs: 7, jitterFactor: 0 } });
    await expect(registry.executor("a").execute(down)).resolves.toMatchObject({ attempts: 2 });
    expect(clock.waitsMs).toContain(7);
  });

  it("reaches the circuit, the budgets and the places of a name that has them", async () => {
    const { registry } = setup();
    const preset = { rateLimit: { requestsPerMinute: 10 }, bulkhead: { maxConcurrent: 4 } };
    registry.update({ presets: { api: preset } });
    const executor = registry.executor("a");
    await executor.execute(() => "pong");
    registry.update({
      circuitBreaker: { failureThreshold: 1, timeout: 7_000 },
      presets: { api: { rateLimit: { requestsPerMinute: 20 }, bulkhead: { maxConcurrent: 2 } } },
    });
    await executor.execute(down);
    expect(executor.stats()).toMatchObject({
      circuitBreaker: { state: "open" },
      rateLimit: { budgets: [{ amount: 20 }] },
      bulkhead: { maxConcurrent: 2 },
    });
    expect(executor.stats().circuitBreaker?.retryAfterMs).toBeGreaterThan(5_000);
    expect(executor.stats().circuitBreaker?.retryAfterMs).toBeLessThanOrEqual(7_000);
  });

  it("changes the values of presets, those of calls and those of caution", async () => {
    const { registry } = setup();
    const executor = registry.executor("a", { preset: "llm" });
    registry.update({ presets: { llm: { retry: { maxAttempts: 2 } } } });
    await expect(executor.execute(down)).resolves.toMatchObject({ attempts: 2 });
    registry.update({ presets: { development: { retry: { maxAttempts: 3 } } } });
    registry.applyPreset("development");
    await expect(executor.execute(down)).resolves.toMatchObject({ attempts: 3 });
  });

  it("keeps the circuit, the places and the budgets as they are", async () => {
    const clock = manualClock();
    const registry = createCallRegistry();
    registry.use({ clock });
    const executor = registry.executor("db", {
      preset: "none",
      circuitBreaker: { failureThreshold: 3 },
      rateLimit: { requestsPerMinute: 10 },
      bulkhead: { maxConcurrent: 2, maxQueue: 5 },
    });
    await executor.execute(down);
    const held = Promise.withResolvers<string>();
    const running = [1, 2, 3].map(() => executor.execute(() => held.promise));
    registry.update({ circuitBreaker: { timeout: 5_000 } });
    registry.configure("db", {
      bulkhead: { maxConcurrent: 3 },
      rateLimit: { requestsPerMinute: 4 },
    });
    await clock.advance(0);
    expect(executor.stats()).toMatchObject({
      circuitBreaker: { failures: 1 },
      rateLimit: { budgets: [{ amount: 4, spent: 4 }] },
      bulkhead: { running: 3, waiting: 0 },
    });
    held.resolve("pong");
    await expect(Promise.all(running)).resolves.toMatchObject([{ success: true }, {}, {}]);
  });
});

describe("an update that cannot be used", () => {
  it.each([
    [
      { retry: { maxAttempts: 0 } },
      "retry.maxAttempts must be a whole number of at least 1, got 0",
    ],
    [{ retry: { attempts: 2 } }, /^retry\.attempts cannot be set here; what can is: maxAttempts, /],
    [{ retry: 5 }, "retry must be an object with options, got 5"],
    [{ enabled: "no" }, 'enabled must be true or false, got "no"'],
    [{ enable: true }, /^enable cannot be set here; what can is: enabled, retry, /],
    [{ circuitBreaker: { timeout: 0 } }, /^circuitBreaker\.timeout must be/],
    [{ presets: { lm: {} } }, /^presets\.lm cannot be set here; what can is: api, database, llm/],
    [{ presets: { llm: { timeout: -1 } } }, /^presets\.llm\.timeout must be/],
    [{ retry: null }, "retry must be an object with options, got null"],
    [{ circuitBreaker: false }, "circuitBreaker must be an object with options, got false"],
    [{ circuitBreaker: 5 }, "circuitBreaker must be an object with options, got 5"],
    [{ presets: null }, "presets must be an object with options, got null"],
    [
      { presets: { llm: { rateLimit: [] } } },
      "presets.llm.rateLimit must be an object with options, got an object",
    ],
    [
      { presets: { llm: { bulkhead: null } } },
      "presets.llm.bulkhead must be an object with options, got null",
    ],
    [{ presets: { llm: { tries: 1 } } }, /^presets\.llm\.tries cannot be set here/],
    [
      { circuitBreaker: { maxOpenMs: 20_000 } },
      "circuitBreaker.maxOpenMs must be a whole number of at least 30000, got 20000",
    ],
    [
      { presets: { api: { circuitBreaker: { maxOpenMs: 40_000 } } } },
      /^The preset api under cost-sensitive could not be used: maxOpenMs must be/,
    ],
  ])("%j is refused in one sentence, and nothing has changed", async (update, sentence) => {
    const { registry } = setup();
    const wrong = { retry: { maxAttempts: 9 }, ...update } as ResilienceUpdate;
    expect(() => registry.update(wrong)).toThrow(sentence);
    await expect(registry.executor("a").execute(down)).resolves.toMatchObject({ attempts: 3 });
  });

  it("beside the options of one executor leaves that one as it was, and is told", async () => {
    const report = vi.fn();
    vi.stubGlobal("reportError", report);
    const { registry } = setup();
    const own = { circuitBreaker: { maxOpenMs: 30_000 }, retry: { maxAttempts: 2 } };
    const executor = registry.executor("a", own);
    registry.update({ circuitBreaker: { timeout: 60_000 } });
    await expect(executor.execute(down)).resolves.toMatchObject({ attempts: 2 });
    expect(report.mock.calls[0]?.[0]).toMatchObject({ message: /^maxOpenMs must be/ });
    vi.unstubAllGlobals();
  });

  it("keeps the mistake for a cause", () => {
    const { registry } = setup();
    const cause = expect.objectContaining({ message: expect.stringMatching(/^maxAttempts must/) });
    expect(() => registry.update({ retry: { maxAttempts: 0 } })).toThrow(
      expect.objectContaining({ cause }),
    );
  });

  it.each([null, 5, []])("is one that is no object: %j", (update) => {
    const { registry } = setup();
    expect(() => registry.update(update as object)).toThrow(/^The update must be an object with/);
  });

  it("is also a preset that is none", () => {
    const { registry } = setup();
    const unknown = "cautious" as "production";
    expect(() => registry.applyPreset(unknown)).toThrow(/^A preset must be "production", /);
  });
});
