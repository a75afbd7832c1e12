/** The runtime as its server shows it. */

import type { CallRegistry } from "@kintsugi/policy";

import type { Healer } from "../heal/index.ts";
import type { CallView, RuntimeForServer, StatusView } from "../server/index.ts";
import { readIdentity } from "../watchdog/index.ts";
import type { RunStatus } from "../workflow/index.ts";
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
  const { config, system, engine, supervisor, healer, calls } = parts;
  const { host, store, paths } = system;
  const readiness = () => {
    const reasons = [
      ...(parts.isStopping() ? ["The runtime is stopping"] : []),
      ...(store.state.kind === "open" ? [] : [`The store is ${store.state.kind}`]),
    ];
    return { ready: reasons.length === 0, reasons };
  };
  const status = async (): Promise<StatusView> => {
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
      readiness: readiness(),
      store: store.state,
      components: supervisor.list(),
      runs: Object.fromEntries(counts) as Record<RunStatus, number>,
      openIncidents: await countOpen(healer),
      calls: callViews(calls, host.clock.epochMs()),
    };
  };
  return {
    name: config.name,
    version,
    clock: host.clock,
    facts: store.facts,
    status,
    ready: readiness,
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
    trust: async () => healer.trustAll(),
    playbooks: () =>
      healer.playbooks().map((name) => ({ name, description: playbookSentences[name] ?? "" })),
    watchdog: () => {
      const identity = readIdentity(host.files, paths.watchdogFile);
      return identity && host.processes.isAlive(identity) ? { pid: identity.pid } : undefined;
    },
    series: () => ({
      startMs: 0,
      everyMs: 1_000,
      calls: [],
      failed: [],
      retries: [],
      p95Ms: [],
      steps: [],
    }),
    metrics: async () => undefined,
  };
}

async function countOpen({ incidents }: Healer): Promise<number> {
  const open = ["opened", "healing", "verifying"] as const;
  const lists = await Promise.all(open.map((status) => incidents.list({ status, limit: 1_000 })));
  return lists.flat().length;
}

const callViews = (calls: CallRegistry, nowMs: number): readonly CallView[] =>
  Object.entries(calls.stats()).map(([name, totals]) => {
    const circuit = calls.circuits.get(name)?.stats();
    return {
      name,
      succeeded: totals.calls - totals.failed,
      failed: totals.failed,
      retried: Math.max(0, totals.attempts - totals.calls),
      fallbacks: totals.fallbacks,
      circuit: circuit?.state ?? "closed",
      circuitRetryAtMs:
        circuit?.state === "open" ? Math.round((nowMs + circuit.retryAfterMs) / 100) * 100 : null,
    };
  });
