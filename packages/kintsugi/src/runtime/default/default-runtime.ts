/** The one runtime behind the functions that name none: made when it is first used. */

import { join, resolve } from "node:path";

import { callRegistry, createCallRegistry } from "@kintsugi/policy";
import { type Cancel, reportError } from "@kintsugi/policy/base";

import { defaultConfig } from "../../config/index.ts";
import { type Host, systemHost } from "../../host/index.ts";
import {
  type CheckpointStore,
  type Engine,
  fileCheckpoints,
  type StepView,
} from "../../workflow/index.ts";
import { createWithParts } from "../create-kintsugi.ts";
import type { Kintsugi } from "../kintsugi.ts";
import { FolderOwnedError } from "../system.ts";
import {
  changedBy,
  policyPartOf,
  type ResilienceConfigUpdate,
  type ResilienceSettings,
  settingsFrom,
} from "./resilience-settings.ts";
import { RunCodes } from "./run-codes.ts";

/**
 * A folder that nobody uses is given back, so that the process can end and another one can have it; a
 * moment later, for who runs one thing after the other.
 */
const LINGER_MS = 100;

interface Opened {
  readonly kintsugi: Kintsugi;
  readonly engine: Engine;
}

/** Steps of one run that are listed at most. */
const MOST_STEPS = 10_000;

export class DefaultRuntime {
  readonly host: Host = systemHost();
  settings: ResilienceSettings = settingsFrom(this.host.env);
  readonly codes: RunCodes = new RunCodes();
  readonly #stateStores = new Map<string, CheckpointStore>();
  #opening: Promise<Opened> | undefined;
  #closing: Promise<void> = Promise.resolve();
  #users = 0;
  #keepOpen: Cancel = () => {};

  /** @throws {@link RangeError} naming what cannot be used; then nothing has changed. */
  update(update: ResilienceConfigUpdate): void {
    const settings = changedBy(this.settings, update);
    callRegistry.update(policyPartOf(update));
    this.settings = settings;
  }

  /** Opens the folder for the time of the work. @throws {@link FolderOwnedError} */
  async use<T>(work: (opened: Opened) => Promise<T>): Promise<T> {
    this.#users += 1;
    this.#keepOpen();
    try {
      this.#opening ??= this.#open();
      return await work(await this.#opening);
    } finally {
      this.#users -= 1;
      if (this.#users === 0) {
        this.#keepOpen = this.host.clock.after(LINGER_MS, () => this.#close());
      }
    }
  }

  /** What is recorded of a run; nothing where there is none, or where another process has the folder. */
  async stepsOf(runId: string): Promise<readonly StepView[]> {
    const hasRuns = this.#opening !== undefined || this.host.files.exists(this.#folder);
    if (!hasRuns) return [];
    try {
      const steps = await this.use(({ engine }) => engine.steps(runId, MOST_STEPS));
      return steps.filter(({ state }) => state === "recorded");
    } catch (error) {
      if (error instanceof FolderOwnedError) return [];
      throw error;
    }
  }

  /** Where states are kept as of now. One for each folder: those who save the same id take turns. */
  stateStore(): CheckpointStore {
    const folder = resolve(this.settings.checkpointing.dir, "states");
    const store =
      this.#stateStores.get(folder) ?? fileCheckpoints({ folder, files: this.host.files });
    this.#stateStores.set(folder, store);
    return store;
  }

  get #folder(): string {
    return join(this.settings.checkpointing.dir, "runs");
  }

  async #open(): Promise<Opened> {
    await this.#closing;
    const dataDir = this.#folder;
    try {
      const { kintsugi, parts } = await createWithParts({
        config: defaultConfig({ name: "resilience", dataDir }),
        calls: createCallRegistry(), // Calls of the program are its own: nothing here watches them.
      });
      return { kintsugi, engine: parts.engine };
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }

  #close(): void {
    const opened = this.#opening;
    this.#opening = undefined;
    // Nobody waits for it but who opens next, and a folder that could not be given back says so then.
    if (opened) this.#closing = opened.then(({ kintsugi }) => kintsugi.stop()).catch(reportError);
  }
}

/** The second and last value that the house keeps for a whole process. */
let shared: DefaultRuntime | undefined;

export function defaultRuntime(): DefaultRuntime {
  shared ??= new DefaultRuntime();
  return shared;
}

/**
 * Changes what holds for calls, runs and checkpoints of this process while they go on; what they know
 * stays known. The keys of the policies are those of `@kintsugi/policy`.
 *
 * @throws {@link RangeError} naming the key that is not known, or whose value cannot be used; then nothing
 * has changed.
 * @example
 * updateResilienceConfig({ checkpointing: { maxCheckpoints: 20 }, retry: { maxAttempts: 5 } });
 */
export function updateResilienceConfig(update: ResilienceConfigUpdate): void {
  defaultRuntime().update(update);
}

/** What holds now, of what {@link updateResilienceConfig} can change beside the policies. */
export function resilienceSettings(): ResilienceSettings {
  return defaultRuntime().settings;
}
