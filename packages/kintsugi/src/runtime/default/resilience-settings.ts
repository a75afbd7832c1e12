/** What the functions of the default runtime go by: from the environment, and changed while they work. */

import { join, resolve } from "node:path";

import type { ResilienceUpdate } from "@kintsugi/policy";
import { wholeNumber } from "@kintsugi/policy/base";

export interface CheckpointingUpdate {
  /**
   * Folder of recorded runs and saved states; runs that go on, and checkpoints that were made, stay where
   * they are. @defaultValue RESILIENCE_CHECKPOINT_DIR, or ".kintsugi/resilience"
   */
  readonly dir?: string;
  /** Milliseconds between two saves of `startAutoCheckpoint`, a whole number from 1. @defaultValue 30_000 */
  readonly autoCheckpointIntervalMs?: number;
  /** States of one id that are kept, a whole number from 1. @defaultValue 10 */
  readonly maxCheckpoints?: number;
}

/** What is not named stays as it is. */
export interface ResilienceConfigUpdate extends ResilienceUpdate {
  readonly checkpointing?: CheckpointingUpdate;
  /**
   * Milliseconds between two checks of health, a whole number from 1, for whoever checks at intervals.
   * @defaultValue RESILIENCE_HEALTH_CHECK_INTERVAL, or 30_000
   */
  readonly healthCheckIntervalMs?: number;
}

export interface ResilienceSettings {
  readonly checkpointing: Required<CheckpointingUpdate>;
  readonly healthCheckIntervalMs: number;
  /** How often, and how soon, the steps of `resilientQueueRun` are tried again. */
  readonly retry: { readonly maxAttempts: number; readonly initialDelayMs: number };
}

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws {@link RangeError} naming the variable that cannot be used. */
export function settingsFrom(env: Environment): ResilienceSettings {
  const dir = env["RESILIENCE_CHECKPOINT_DIR"] || join(".kintsugi", "resilience");
  const interval = env["RESILIENCE_HEALTH_CHECK_INTERVAL"] || "30000";
  return {
    checkpointing: { dir: resolve(dir), autoCheckpointIntervalMs: 30_000, maxCheckpoints: 10 },
    healthCheckIntervalMs: wholeNumber("RESILIENCE_HEALTH_CHECK_INTERVAL", Number(interval), 1),
    retry: { maxAttempts: 3, initialDelayMs: 200 },
  };
}

/** All of them: the interfaces are bound to it, so that none is forgotten. */
const KEYS: Readonly<Record<keyof ResilienceConfigUpdate, true>> = {
  enabled: true,
  checkpointing: true,
  retry: true,
  circuitBreaker: true,
  healthCheckIntervalMs: true,
  presets: true,
};

const CHECKPOINTING_KEYS: Readonly<Record<keyof CheckpointingUpdate, true>> = {
  dir: true,
  autoCheckpointIntervalMs: true,
  maxCheckpoints: true,
};

/** @throws {@link RangeError} naming the key that is not known, or whose value cannot be used. */
export function changedBy(
  before: ResilienceSettings,
  update: ResilienceConfigUpdate,
): ResilienceSettings {
  mustKnow("", update, KEYS);
  const { checkpointing = {}, healthCheckIntervalMs: interval, retry } = update;
  mustKnow("checkpointing", checkpointing, CHECKPOINTING_KEYS);
  const { dir, autoCheckpointIntervalMs: autoMs, maxCheckpoints: most } = checkpointing;
  if (dir !== undefined && (typeof dir !== "string" || dir === "")) {
    throw new RangeError(`checkpointing.dir must be a folder, got ${dir === "" ? "no name" : dir}`);
  }
  const kept = before.checkpointing;
  return {
    checkpointing: {
      dir: dir === undefined ? kept.dir : resolve(dir),
      autoCheckpointIntervalMs: wholeNumber(
        "checkpointing.autoCheckpointIntervalMs",
        autoMs ?? kept.autoCheckpointIntervalMs,
        1,
      ),
      maxCheckpoints: wholeNumber("checkpointing.maxCheckpoints", most ?? kept.maxCheckpoints, 1),
    },
    healthCheckIntervalMs: wholeNumber(
      "healthCheckIntervalMs",
      interval ?? before.healthCheckIntervalMs,
      1,
    ),
    retry: {
      maxAttempts: retry?.maxAttempts ?? before.retry.maxAttempts,
      initialDelayMs: retry?.initialDelayMs ?? before.retry.initialDelayMs,
    },
  };
}

/** The part that the policies take. */
export function policyPartOf(update: ResilienceConfigUpdate): ResilienceUpdate {
  const { checkpointing: _, healthCheckIntervalMs: __, ...policies } = update;
  return policies;
}

function mustKnow(path: string, given: unknown, known: object): void {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new RangeError(`${path || "The update"} must be an object with options, got ${given}`);
  }
  const unknown = Object.keys(given).find((key) => !Object.hasOwn(known, key));
  if (unknown === undefined) return;
  const place = path ? `${path}.${unknown}` : unknown;
  throw new RangeError(
    `${place} cannot be set here; what can is: ${Object.keys(known).join(", ")}`,
  );
}
