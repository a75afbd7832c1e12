/** The parts of a runtime, put together and started in their order. */

import type { CallRegistry } from "@kintsugi/policy";
import { type ErrorReporter, toError } from "@kintsugi/policy/base";

import { type Chaos, createChaos } from "../chaos/index.ts";
import type { KintsugiConfig } from "../config/index.ts";
import { createHealer, type Healer } from "../heal/index.ts";
import { fact } from "../store/index.ts";
import { createSupervisor, type Supervisor } from "../supervise/index.ts";
import { readIdentity } from "../watchdog/index.ts";
import { type Engine, embeddedEngine, type Workflow } from "../workflow/index.ts";
import { attachCalls, configureCalls } from "./calls.ts";
import { componentSpecs, type Kernels } from "./components.ts";
import { loadModule, workflowsOf } from "./modules.ts";
import type { System } from "./system.ts";
import { takeInWatchdogEvents } from "./watchdog-events.ts";

export interface PartsOptions {
  readonly config: KintsugiConfig;
  readonly system: System;
  readonly workflows: readonly Workflow<never, unknown>[];
  readonly kernels: Kernels;
  readonly calls: CallRegistry;
  /** Hears once that the runtime cannot go on. */
  readonly onFatal: (error: Error) => void;
  readonly report: ErrorReporter;
}

export interface Parts {
  readonly config: KintsugiConfig;
  readonly system: System;
  readonly engine: Engine;
  readonly supervisor: Supervisor;
  readonly healer: Healer;
  readonly chaos: Chaos;
  readonly calls: CallRegistry;
  readonly workflows: ReadonlyMap<string, Workflow<never, unknown>>;
  /** Epoch milliseconds. */
  readonly startedAtMs: number;
  /** True from the first word of stopping. */
  isStopping(): boolean;
  /** With `leave`, processes live on for the next runtime to adopt. */
  stop(leave?: boolean): Promise<void>;
}

/** Longest time that components have for an orderly end; each may ask for less. */
const STOP_DEADLINE_MS = 10_000;

/**
 * Runs go on before anything is shown, and components start beside them: a call that comes too early is
 * what the policies are for.
 */
export async function startParts(options: PartsOptions): Promise<Parts> {
  const { config, system, calls, report } = options;
  const { host, store, paths } = system;
  const startedAtMs = host.clock.epochMs();
  configureCalls(calls, config.calls);
  const workflows = await allWorkflows(options);
  const made = makeParts(options, workflows);
  const { engine, supervisor, healer, chaos } = made;
  const detachCalls = attachCalls(calls, healer, store, host.clock, report);

  await store.commit([fact("runtime.started", startedAtMs, { pid: host.processes.self.pid })]);
  await Promise.all([engine.start(), supervisor.start()]);
  await healer.start();
  await takeInWatchdogEvents({ files: host.files, paths, store, healer, startedAtMs });
  await healer.runtimeReady();
  await chaos.start();

  let stopping: Promise<void> | undefined;
  const stop = async (leave: boolean): Promise<void> => {
    await chaos.stop();
    detachCalls();
    await healer.stop();
    await engine.stop();
    await (leave ? supervisor.leave(STOP_DEADLINE_MS) : supervisor.stop(STOP_DEADLINE_MS));
    if (store.state.kind === "open") {
      await store.commit([fact("runtime.stopped", host.clock.epochMs(), {})]);
    }
    await system.close?.();
  };
  return {
    ...made,
    config,
    system,
    calls,
    workflows,
    startedAtMs,
    isStopping: () => stopping !== undefined,
    stop: (leave = false) => {
      stopping ??= stop(leave);
      return stopping;
    },
  };
}

/** Made, and not yet started. */
function makeParts(
  options: PartsOptions,
  workflows: Parts["workflows"],
): Pick<Parts, "engine" | "supervisor" | "healer" | "chaos"> {
  const { config, system, report } = options;
  const { host, store, paths } = system;
  const { clock, random } = host;
  const fatal = once(options.onFatal);
  const engine = embeddedEngine({
    store,
    clock,
    random,
    onFatal: (error) => fatal(toError(error)),
  });
  for (const workflow of workflows.values()) engine.register(workflow);
  const supervisor = createSupervisor({
    host,
    store,
    paths,
    specs: componentSpecs(config, host.env, options.kernels),
    chaos: config.chaos.enabled,
    onFatal: fatal,
    onListenerError: report,
  });
  const healer = createHealer({
    clock,
    random,
    store,
    engine,
    components: supervisor,
    triggers: Object.values(config.triggers),
    options: config.healing,
    files: host.files,
    alertsFolder: `${paths.dataDir}/alerts`,
    onError: report,
  });
  return { engine, supervisor, healer, chaos: chaosOf(options, engine, supervisor) };
}

async function allWorkflows({
  config,
  workflows,
}: PartsOptions): Promise<ReadonlyMap<string, Workflow<never, unknown>>> {
  const modules = await Promise.all(config.runtime.modules.map(loadModule));
  const all = [...workflows, ...modules.flatMap(workflowsOf)];
  return new Map(all.map((workflow) => [workflow.name, workflow]));
}

function chaosOf(
  { config, system, report }: PartsOptions,
  engine: Engine,
  supervisor: Supervisor,
): Chaos {
  const { host, store, paths } = system;
  return createChaos({
    clock: host.clock,
    store,
    host,
    components: supervisor,
    sendFault: (name, fault) => supervisor.sendFault(name, fault),
    progressOf: async (run) => (await engine.get(run))?.progress,
    watchdog: () => readIdentity(host.files, paths.watchdogFile),
    plan: config.chaos.plan,
    enabled: config.chaos.enabled,
    onError: report,
  });
}

/** Several parts may find out at once that the store is lost. */
function once(tell: (error: Error) => void): (error: Error) => void {
  let told = false;
  return (error) => {
    if (told) return;
    told = true;
    tell(error);
  };
}
