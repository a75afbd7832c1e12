/** The runtime as its server shows it. */

import type { CallRegistry } from "@kintsugi/policy";

import type { Recorder } from "../observe/index.ts";
import type { CallView, ReadinessView, RuntimeForServer, StatusView } from "../server/index.ts";
import { readIdentity } from "../watchdog/index.ts";
import { type RunStatus, RunUnknownError, type RunView } from "../workflow/index.ts";
import { figuresText, openIncidents } from "./figures.ts";
import type { Kintsugi } from "./kintsugi.ts";
import type { Parts } from "./parts.ts";
import { version } from "./version.ts";
import { worstHealth } from "./worst-health.ts";

const runStatuses: readonly RunStatus[] = ["running", "completed", "dead", "cancelled"];

const playbookSentences: Readonly<Record<string, string>> = {
  restart_kernel: "Restarts a module in the runtime's loop and waits until it is healthy.",
  restart_service: "Restarts a process, by force if it does not answer, and waits for health.",
  run_diagnostics: "Collects evidence about a component; changes nothing.",
};

export function serverView(kintsugi: Kintsugi, parts: Parts): RuntimeForServer {
  const { config, system, engine, supervisor, healer, recorder } = parts;
  const { host, store, paths } = system;
  return {
    name: config.name,
    version,
    clock: host.clock,
    facts: store.facts,
    status: () => statusOf(parts),
    ready: () => readinessOf(parts),
    components: () => supervisor.list(),
    restartComponent: (name, why, signal) => supervisor.restart(name, why, signal),
    incidents: (filter) => healer.incidents.list(filter),
    incident: (id) => healer.incidents.get(id),
    runs: (filter) => engine.list(filter),
    run: (id) => engine.get(id),
    steps: (runId, limit) => engine.steps(runId, limit),
    startRun: async (workflow, input, options) => {
      const { id } = await kintsugi.start(workflow, input, options);
      const view = await engine.get(id);
      if (!view) throw new Error(`The run ${id} was accepted and is gone`);
      return view;
    },
    ...deedsOf(kintsugi, parts),
    trust: async () => healer.trustAll(),
    playbooks: () =>
      healer.playbooks().map((name) => ({ name, description: playbookSentences[name] ?? "" })),
    watchdog: () => {
      const identity = readIdentity(host.files, paths.watchdogFile);
      return identity && host.processes.isAlive(identity) ? { pid: identity.pid } : undefined;
    },
    series: (sinceMs) => recorder.series(sinceMs),
    metrics: async () => (config.metrics.prometheus ? figuresText(parts) : undefined),
  };
}

type Deeds = "cancelRun" | "signalRun" | "rewindRun" | "forkRun" | "deadLetters";

function deedsOf(
  { runs, deadLetters }: Kintsugi,
  { engine }: Parts,
): Pick<RuntimeForServer, Deeds> {
  const viewOf = async (id: string): Promise<RunView> => {
    const view = await engine.get(id);
    if (view) return view;
    throw new RunUnknownError(id);
  };
  return {
    async cancelRun(id) {
      await runs.cancel(id);
      return viewOf(id);
    },
    async signalRun(id, name, payload) {
      await runs.signal(id, name, payload);
      return viewOf(id);
    },
    rewindRun: async (id, options) => viewOf((await runs.rewind(id, options)).id),
    forkRun: async (id, options) => viewOf((await runs.fork(id, options)).id),
    deadLetters,
  };
}

async function statusOf(parts: Parts): Promise<StatusView> {
  const { config, system, engine, supervisor, healer, calls, recorder } = parts;
  const { host, store, paths } = system;
  const counts = await Promise.all(
    runStatuses.map(async (each) => [each, await engine.count({ status: each })] as const),
  );
  return {
    name: config.name,
    version,
    instance: paths.instance,
    pid: host.processes.self.pid,
    startedAtMs: parts.startedAtMs,
    atMs: host.clock.epochMs(),
    health: worstHealth(supervisor.list()),
    readiness: readinessOf(parts),
    store: store.state,
    components: supervisor.list(),
    runs: Object.fromEntries(counts) as Record<RunStatus, number>,
    openIncidents: (await openIncidents(healer)).length,
    calls: callViews(calls, recorder, host.clock.epochMs()),
  };
}

function readinessOf(parts: Parts): ReadinessView {
  const { kind } = parts.system.store.state;
  const reasons = [
    ...(parts.isStopping() ? ["The runtime is stopping"] : []),
    ...(kind === "open" ? [] : [`The store is ${kind}`]),
  ];
  return { ready: reasons.length === 0, reasons };
}

const callViews = (calls: CallRegistry, recorder: Recorder, nowMs: number): readonly CallView[] =>
  Object.entries(calls.stats()).map(([name, totals]) => {
    const circuit = calls.circuits.get(name)?.stats();
    return {
      name,
      succeeded: totals.calls - totals.failed,
      failed: totals.failed,
      // Calls that were refused made no attempt, so the totals alone would give too few.
      retried: recorder.retriesOf(name) ?? Math.max(0, totals.attempts - totals.calls),
      fallbacks: totals.fallbacks,
      circuit: circuit?.state ?? "closed",
      circuitRetryAtMs:
        circuit?.state === "open" ? Math.round((nowMs + circuit.retryAfterMs) / 100) * 100 : null,
    };
  });
