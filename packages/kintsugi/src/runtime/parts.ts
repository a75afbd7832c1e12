/** The parts of a runtime, put together and started in their order. */

import type { CallRegistry } from "@kintsugi/policy";
import { type ErrorReporter, orAborted, toError } from "@kintsugi/policy/base";

import { type Chaos, createChaos } from "../chaos/index.ts";
import type { KintsugiConfig } from "../config/index.ts";
import { createHealer, type Healer, PLAYBOOK_PREFIX } from "../heal/index.ts";
import { Recorder } from "../observe/index.ts";
import { fact, StoreFailedError } from "../store/index.ts";
import { createSupervisor, type Supervisor } from "../supervise/index.ts";
import { readIdentity } from "../watchdog/index.ts";
import {
  DeadLetterQueue,
  type Engine,
  embeddedEngine,
  type Schedule,
  Scheduler,
  type Workflow,
} from "../workflow/index.ts";
import { type Brought, bringAll } from "./brought.ts";
import { attachCalls, configureCalls } from "./calls.ts";
import { componentSpecs, type Kernels } from "./components.ts";
import { valueOptions } from "./keys.ts";
import { endInStages, type Stage } from "./stages.ts";
import type { System } from "./system.ts";
import { takeInWatchdogEvents } from "./watchdog-events.ts";

export interface PartsOptions {
  readonly config: KintsugiConfig;
  readonly system: System;
  readonly workflows: readonly Workflow<never, unknown>[];
  readonly schedules: readonly Schedule[];
  readonly kernels: Kernels;
  readonly calls: CallRegistry;
  /** Hears once that the runtime cannot go on. */
  readonly onFatal: (error: Error) => void;
  readonly report: ErrorReporter;
  /** For whoever may give up a start that is under way. @defaultValue nobody does */
  readonly boot?: Boot;
}

export interface Boot {
  /** Aborted when the runtime is to end before it has begun. */
  readonly signal: AbortSignal;
  /** Whether processes live on then, for the next runtime to adopt. */
  readonly leaves: () => boolean;
}

export interface Parts {
  readonly config: KintsugiConfig;
  readonly system: System;
  readonly engine: Engine;
  readonly scheduler: Scheduler;
  readonly deadLetters: DeadLetterQueue;
  readonly supervisor: Supervisor;
  readonly healer: Healer;
  readonly chaos: Chaos;
  readonly recorder: Recorder;
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
 * what the policies are for. A start that fails, or is given up, leaves nothing running behind.
 */
export async function startParts(options: PartsOptions): Promise<Parts> {
  const { config, system, calls, report, boot } = options;
  const { host, store } = system;
  const startedAtMs = host.clock.epochMs();
  configureCalls(calls, config.calls);
  const brought = await bringAll(config, options);
  let stopping: Promise<void> | undefined;
  const onFatal = (error: Error): void => (stopping ? report : options.onFatal)(error);
  const made = makeParts({ ...options, onFatal }, brought);
  const detachFigures = made.recorder.listen(store.facts, made.supervisor);
  const detachCalls = attachCalls(calls, {
    ...{ healer: made.healer, recorder: made.recorder },
    ...{ store, clock: host.clock, onFailure: report },
  });
  const detached = { detachCalls, detachFigures };
  const life: Life = { ...made, ...detached, system, startedAtMs, supervising: undefined };
  const stop = (leave: boolean, more: readonly Stage[] = []): Promise<void> => {
    stopping ??= endInStages([...stagesOf(life, leave), ...more], { ...host, store, report });
    return stopping;
  };
  try {
    const begun = begin(life, boot?.signal);
    await (boot ? orAborted(begun, boot.signal) : begun);
  } catch (error) {
    // Over a store that failed nothing can be ended in order: the next runtime adopts what lives.
    await stop(error instanceof StoreFailedError || (boot?.leaves() ?? false));
    throw error;
  }
  return {
    ...made,
    deadLetters: new DeadLetterQueue({
      engine: made.engine,
      facts: store.facts,
      clock: host.clock,
      onListenerError: report,
    }),
    config,
    system,
    calls,
    workflows: brought.byName,
    startedAtMs,
    isStopping: () => stopping !== undefined,
    stop: (leave = false) => stop(leave, [{ name: "the store", end: () => system.close?.() }]),
  };
}

type Made = Pick<Parts, "engine" | "scheduler" | "supervisor" | "healer" | "chaos" | "recorder">;

/** One life of the parts, as far as it has come. */
interface Life extends Made {
  readonly system: System;
  readonly startedAtMs: number;
  readonly detachCalls: () => void;
  readonly detachFigures: () => void;
  /** The start of the supervisor: before it there is no component of ours to end. */
  supervising: Promise<void> | undefined;
}

async function begin(life: Life, signal?: AbortSignal): Promise<void> {
  const { engine, scheduler, supervisor, healer, chaos, system, startedAtMs } = life;
  const { host, store, paths } = system;
  await store.commit([fact("runtime.started", startedAtMs, { pid: host.processes.self.pid })]);
  signal?.throwIfAborted();
  life.supervising = supervisor.start();
  await Promise.all([engine.start(), life.supervising]);
  await scheduler.start();
  signal?.throwIfAborted();
  await healer.start();
  await takeInWatchdogEvents({ files: host.files, paths, store, healer, startedAtMs });
  await healer.runtimeReady();
  signal?.throwIfAborted();
  await chaos.start();
}

/** Whoever acts on others ends before them. */
function stagesOf(life: Life, leave: boolean): readonly Stage[] {
  const { engine, scheduler, supervisor, healer, chaos, system, supervising } = life;
  const { host, store } = system;
  const endComponents = async (): Promise<void> => {
    await Promise.allSettled([supervising]); // Else it would start some after they were ended.
    await (leave ? supervisor.leave(STOP_DEADLINE_MS) : supervisor.stop(STOP_DEADLINE_MS));
  };
  const sayStopped = async (): Promise<void> => {
    if (store.state.kind !== "open") return;
    await store.commit([fact("runtime.stopped", host.clock.epochMs(), {})]);
  };
  return [
    { name: "chaos", end: () => chaos.stop() },
    { name: "the tally of calls", end: life.detachCalls },
    { name: "the healer", end: () => healer.stop() },
    { name: "the schedules", end: () => scheduler.stop() },
    { name: "the engine", end: () => engine.stop() },
    ...(supervising
      ? [
          { name: "the supervisor", end: endComponents, isDiskless: true },
          { name: "the log", end: sayStopped },
        ]
      : []),
    { name: "the figures", end: life.detachFigures },
  ];
}

/** Made, and not yet started. */
function makeParts(options: PartsOptions, { workflows, schedules }: Brought): Made {
  const { config, system, report } = options;
  const { host, store, paths } = system;
  const { clock, random } = host;
  const fatal = once(options.onFatal);
  const recorder = new Recorder(clock);
  const engine = embeddedEngine({
    store,
    clock,
    random,
    queues: config.workflows.queues,
    ...valueOptions(config.workflows, host),
    retention: config.workflows.retentionMs,
    deadLetterRetention: config.workflows.deadLetterRetentionMs,
    onFatal: (error) => fatal(toError(error)),
    onMeasure: (measure) => recorder.workflow(measure),
    onListenerError: report,
    isUrgent: (name) => name.startsWith(PLAYBOOK_PREFIX), // Healing has room in a full house.
  });
  for (const workflow of workflows) engine.register(workflow);
  const scheduler = new Scheduler({ engine, store, clock, schedules, report });
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
  const chaos = chaosOf(options, engine, supervisor);
  return { engine, scheduler, supervisor, healer, recorder, chaos };
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
