import { resolve } from "node:path";
import { describe, expect, it } from "vitest";

import { changedBy, type ResilienceConfigUpdate, settingsFrom } from "./resilience-settings.ts";

describe("the settings of the default runtime", () => {
  it("have defaults", () => {
    expect(settingsFrom({})).toEqual({
      checkpointing: {
        dir: resolve(".kintsugi/resilience"),
        autoCheckpointIntervalMs: 30_000,
        maxCheckpoints: 10,
      },
      healthCheckIntervalMs: 30_000,
      retry: { maxAttempts: 3, initialDelayMs: 200 },
    });
  });

  it("heed the environment", () => {
    const env = { RESILIENCE_CHECKPOINT_DIR: "/var/c", RESILIENCE_HEALTH_CHECK_INTERVAL: "500" };
    const { checkpointing, healthCheckIntervalMs } = settingsFrom(env);
    expect([checkpointing.dir, healthCheckIntervalMs]).toEqual(["/var/c", 500]);
    expect(() => settingsFrom({ RESILIENCE_HEALTH_CHECK_INTERVAL: "often" })).toThrow(
      "RESILIENCE_HEALTH_CHECK_INTERVAL must be a whole number of at least 1, got NaN",
    );
  });

  it("change in what is named", () => {
    const before = settingsFrom({});
    const update = { checkpointing: { maxCheckpoints: 3 }, retry: { maxAttempts: 7 } };
    const next = changedBy(before, update);
    expect(next).toEqual({
      ...before,
      checkpointing: { ...before.checkpointing, maxCheckpoints: 3 },
      retry: { ...before.retry, maxAttempts: 7 },
    });
    expect(changedBy(next, {})).toEqual(next);
  });

  it.each([
    [
      { checkpointing: { every: 5 } },
      /^checkpointing\.every cannot be set here; what can is: dir, /,
    ],
    [{ checkpointing: 5 }, "checkpointing must be an object with options, got 5"],
    [{ checkpoints: {} }, /^checkpoints cannot be set here; what can is: enabled, checkpointing, /],
    [{ checkpointing: { maxCheckpoints: 0 } }, /^checkpointing\.maxCheckpoints must be/],
    [{ checkpointing: { dir: "" } }, "checkpointing.dir must be a folder, got no name"],
    [{ healthCheckIntervalMs: 0.5 }, /^healthCheckIntervalMs must be a whole number/],
  ])("refuse %j in one sentence", (update, sentence) => {
    const wrong = update as ResilienceConfigUpdate;
    expect(() => changedBy(settingsFrom({}), wrong)).toThrow(sentence);
  });
});
