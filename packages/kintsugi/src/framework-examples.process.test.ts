/**
 * The examples by which the framework was promised, as they were written there: what stands between the
 * rules is copied, but for the name of the package, and must compile and run. Here are those that need
 * the runtime; those of the policies are beside them.
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CircuitBreakerFactory, callRegistry } from "@kintsugi/policy";
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from "vitest";

import {
  defineWorkflow,
  getHealthStatus,
  resilienceSettings,
  // minimal change required
  resilientQueueRun,
  updateResilienceConfig,
  WorkflowCheckpoint,
} from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "kintsugi-examples-"));
beforeAll(() => updateResilienceConfig({ checkpointing: { dir: folder } }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const id = "invocation-1";

it("a drop-in replacement", async () => {
  const params = { workflow: async (name: string) => `Hello ${name}`, workflowInput: "Ada" };
  // ---
  // drop-in replacement
  const result = await resilientQueueRun(params);
  // ---
  expectTypeOf(result).toEqualTypeOf<string>();
  expect(result).toBe("Hello Ada");
});

it("a long-running research workflow", async () => {
  let bred = 0;
  const dataset = [3, 1, 2];
  const researchWorkflow = defineWorkflow("research", async (ctx, numbers: number[]) => {
    const best = await ctx.step("breed", () => {
      bred += 1;
      return Math.max(...numbers);
    });
    return ctx.step("report", () => `The best is ${best}`);
  });
  const run = async () => {
    // ---
    // 10-hour genetic algorithm that can resume from crashes
    const result = await resilientQueueRun({
      workflow: researchWorkflow,
      workflowInput: dataset,
      workflowInvocationId: id,
      resumeFromCheckpoint: true,
    });
    // ---
    return result;
  };
  await expect(run()).resolves.toBe("The best is 3");
  await expect(run()).resolves.toBe("The best is 3");
  expect(bred).toBe(1);
});

it("workflow checkpointing", async () => {
  const workflowId = "crawl-7";
  const getCurrentState = () => ({ page: 4 });
  await new WorkflowCheckpoint(workflowId).save({ page: 3 });
  // ---
  const checkpoint = new WorkflowCheckpoint(workflowId);

  // auto-save progress
  checkpoint.startAutoCheckpoint(() => getCurrentState());

  // resume after crash
  const savedState = await checkpoint.load();
  // ---
  await checkpoint.stop();
  expect(savedState).toEqual({ page: 3 });
});

it("the figures of circuits, health and checkpoints", async () => {
  CircuitBreakerFactory.getOrCreate({ name: "search", failureThreshold: 1 });
  await new WorkflowCheckpoint(id).save({ done: 1 });
  // ---
  // get all circuit breaker states
  const states = CircuitBreakerFactory.getAllStats();

  // get health status
  const health = getHealthStatus();

  // check checkpoint status
  const checkpoints = await WorkflowCheckpoint.listCheckpoints(id);
  // ---
  expect(states["search"]).toMatchObject({ name: "search", state: "closed" });
  expect(health).toMatchObject({ kind: "healthy", circuits: { search: "closed" } });
  expect(checkpoints).toMatchObject([
    { kind: "step", id, version: 1, step: "breed" },
    { kind: "step", id, version: 2, step: "report" },
    { kind: "state", id, version: 1 },
  ]);
  await CircuitBreakerFactory.get("search")
    ?.execute(() => Promise.reject(new Error("down")))
    .catch(() => {});
  expect(getHealthStatus()).toMatchObject({
    kind: "degraded",
    reason: 'Of the circuits, "search" is open',
  });
  CircuitBreakerFactory.resetAll();
});

describe("the configuration", () => {
  it("can be changed at run time", async () => {
    // ---
    updateResilienceConfig({
      checkpointing: {
        autoCheckpointIntervalMs: 60000,
        maxCheckpoints: 10,
      },
      retry: {
        maxAttempts: 5,
      },
    });
    // ---
    expect(resilienceSettings()).toMatchObject({
      checkpointing: { dir: folder, autoCheckpointIntervalMs: 60_000, maxCheckpoints: 10 },
    });
    const executor = callRegistry.executor("five", {
      circuitBreaker: { failureThreshold: 9 },
      retry: { initialDelayMs: 0 },
    });
    const down = Object.assign(new Error("down"), { code: "ECONNRESET" });
    const result = await executor.execute(() => Promise.reject(down));
    expect(result.attempts).toBe(5);
  });

  it.each([
    ["true", 3],
    ["false", 1],
  ])("comes from the environment, with RESILIENCE_ENABLED=%s", (enabled, attempts) => {
    const variables = `
RESILIENCE_ENABLED=true
RESILIENCE_CHECKPOINT_DIR=/var/checkpoints
RESILIENCE_HEALTH_CHECK_INTERVAL=30000
`;
    const env = Object.fromEntries(
      variables
        .trim()
        .split("\n")
        .map((line) => line.split("=")),
    );
    const program = join(import.meta.dirname, "runtime/fixtures/configured-program.ts");
    const text = execFileSync(process.execPath, ["--conditions=source", program], {
      encoding: "utf8",
      env: { ...process.env, ...env, RESILIENCE_ENABLED: enabled },
    });
    expect(JSON.parse(text)).toEqual({
      enabled: enabled === "true",
      attempts,
      dir: "/var/checkpoints",
      healthCheckIntervalMs: 30_000,
    });
  });
});
