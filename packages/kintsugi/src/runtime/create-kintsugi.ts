/** The only place where the parts meet: makes a runtime out of a configuration. */

import { type CallRegistry, callRegistry } from "@kintsugi/policy";
import { type ErrorReporter, reportError } from "@kintsugi/policy/base";

import type { KintsugiConfig } from "../config/index.ts";
import type { AnyTable } from "../store/index.ts";
import type { Schedule, Workflow } from "../workflow/index.ts";
import type { Kernels } from "./components.ts";
import { createEvents } from "./events.ts";
import type { Kintsugi } from "./kintsugi.ts";
import { type Boot, type Parts, startParts } from "./parts.ts";
import { runsOf } from "./runs.ts";
import { openSystem, type System } from "./system.ts";
import { UnknownWorkflowError } from "./unknown-workflow.ts";
import { worstHealth } from "./worst-health.ts";

export interface KintsugiOptions {
  readonly config: KintsugiConfig;
  /** Beside those that the modules of the configuration bring. */
  readonly workflows?: readonly Workflow<never, unknown>[];
  /**
   * Tables of the user, for `ctx.transact`: they lie in the database of the runtime, under names that no
   * room of it has. Without effect beside `system`, whose store has tables of its own. @defaultValue none
   */
  readonly tables?: readonly AnyTable[];
  /** Beside those of the configuration and of its modules. */
  readonly schedules?: readonly Schedule[];
  /** Kernels given in code, by the name of their component. */
  readonly kernels?: Kernels;
  /** Named policies. @defaultValue the registry that all share */
  readonly calls?: CallRegistry;
  /** The machine and the store. @defaultValue this machine, and SQLite in the data folder under its lock */
  readonly system?: System;
  /** Hears when the runtime cannot go on, because the store failed. @defaultValue it is reported */
  readonly onFatal?: (error: Error) => void;
  /** Hears of what listeners throw. @defaultValue the platform's `reportError`, or a warning */
  readonly onListenerError?: ErrorReporter;
}

/**
 * Makes and starts a runtime; what an earlier one left unfinished goes on by itself.
 *
 * @throws {@link FolderOwnedError} when another process owns the data folder, and
 * {@link StoreUnusableError} when its database cannot be used.
 * @example
 * const runtime = await createKintsugi({ config: defineConfig({ name: "lab", dataDir: ".kintsugi" }) });
 */
export async function createKintsugi(options: KintsugiOptions): Promise<Kintsugi> {
  const { kintsugi } = await createWithParts(options);
  return kintsugi;
}

/** The same, with its parts: for the program and for the server. */
export async function createWithParts(
  options: KintsugiOptions,
  boot?: Boot,
): Promise<{ readonly kintsugi: Kintsugi; readonly parts: Parts }> {
  const report = options.onListenerError ?? reportError;
  const system =
    options.system ?? (await openSystem(options.config, undefined, undefined, options.tables));
  try {
    const parts = await startParts({
      config: options.config,
      system,
      workflows: options.workflows ?? [],
      schedules: options.schedules ?? [],
      kernels: options.kernels ?? {},
      calls: options.calls ?? callRegistry,
      onFatal: options.onFatal ?? report,
      report,
      ...(boot && { boot }),
    });
    return { kintsugi: faceOf(parts, report), parts };
  } catch (error) {
    await system.close?.();
    throw error;
  }
}

function faceOf(parts: Parts, report: ErrorReporter): Kintsugi {
  const { engine, supervisor, healer, system, workflows } = parts;
  const find = <Input, Output>(workflow: Workflow<Input, Output> | string) => {
    if (typeof workflow !== "string") return workflow;
    const found = workflows.get(workflow);
    if (!found) throw new UnknownWorkflowError(workflow, [...workflows.keys()]);
    return found as unknown as Workflow<Input, Output>;
  };
  return {
    name: parts.config.name,
    start: async (workflow, input, options) => engine.run(find(workflow), input, options),
    runs: runsOf(engine),
    deadLetters: parts.deadLetters,
    schedules: parts.scheduler,
    components: supervisor,
    incidents: healer.incidents,
    health: () => worstHealth(supervisor.list()),
    trust: (subject) => healer.trust(subject),
    events: createEvents(system.store, system.host.clock, report),
    stop: () => parts.stop(),
    [Symbol.asyncDispose]: () => parts.stop(),
  };
}
