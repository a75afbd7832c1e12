/** What is asked for when somebody wants the figures, and counted nowhere before. */

import type { CircuitStats } from "@kintsugi/policy";

import type { IncidentView, TrustView } from "../heal/index.ts";
import type { LoopTime, ProcessSample } from "../host/index.ts";
import type { Store, StoreState } from "../store/index.ts";
import type { Components, ComponentView, Health } from "../supervise/index.ts";
import type { Engine, RunStatus } from "../workflow/index.ts";
import type { Trouble } from "./fact-tally.ts";
import type { Figures } from "./figures.ts";

/** A running program, as far as its figures go. */
export interface ReadableProgram {
  readonly version: string;
  /** Epoch milliseconds. */
  readonly startedAtMs: number;
  readonly components: Pick<Components, "list">;
  readonly engine: Pick<Engine, "count">;
  readonly store: Pick<Store, "state">;
  circuits(): Readonly<Record<string, Pick<CircuitStats, "state">>>;
  trust(): readonly TrustView[];
  openIncidents(): Promise<readonly IncidentView[]>;
  isKillSwitchActive(): boolean;
  /** Of the runtime's own process; undefined when the platform cannot tell. */
  process(): ProcessSample | undefined;
  loopTime(): LoopTime;
}

/** What the recorder knows of it. */
interface Remembered {
  /** Time since the last sign of life, as of now; null where none is expected. */
  readonly silentMs: (component: string) => number | null;
  /** Of which there was an incident. */
  readonly troubles: readonly Trouble[];
  /** The wall clock's time. */
  readonly epochMs: number;
}

const healths: readonly Health["kind"][] = ["healthy", "degraded", "critical", "failed"];
const circuitStates: readonly CircuitStats["state"][] = ["closed", "open", "half-open"];
const storeStates: readonly StoreState["kind"][] = ["open", "full", "failed", "closed"];
const runStatuses: readonly RunStatus[] = ["running", "completed", "dead", "cancelled"];

export async function readProgram(
  program: ReadableProgram,
  figures: Figures,
  remembered: Remembered,
): Promise<void> {
  const { store, version, startedAtMs } = program;
  figures.set("kintsugi_build_info", [version], 1);
  figures.set("kintsugi_start_time_seconds", [], startedAtMs / 1_000);
  readCircuits(program, figures);
  for (const view of program.components.list()) readComponent(view, figures, remembered);
  for (const { component, mean } of program.trust()) {
    figures.set("kintsugi_trust_score", [component], mean);
  }
  figures.set("kintsugi_kill_switch_active", [], program.isKillSwitchActive() ? 1 : 0);
  for (const state of storeStates) {
    figures.set("kintsugi_store_state", [state], state === store.state.kind ? 1 : 0);
  }
  readProcess(program, figures);
  if (store.state.kind === "failed" || store.state.kind === "closed") return; // It answers no more.
  await readStored(program, figures, remembered);
}

function readCircuits(program: ReadableProgram, figures: Figures): void {
  for (const [name, stats] of Object.entries(program.circuits())) {
    for (const state of circuitStates) {
      figures.set("kintsugi_breaker_state", [name, state], state === stats.state ? 1 : 0);
    }
  }
}

function readComponent(
  { name, health, restarts, rssBytes, lastBeatAtMs }: ComponentView,
  figures: Figures,
  { silentMs, epochMs }: Remembered,
): void {
  for (const state of healths) {
    figures.set("kintsugi_component_health", [name, state], state === health.kind ? 1 : 0);
  }
  figures.set("kintsugi_component_restarts_total", [name], restarts);
  if (rssBytes !== null) figures.set("kintsugi_component_memory_bytes", [name], rssBytes);
  const silent = silentMs(name);
  if (silent === null) return;
  // Samples are some time apart: the beat may be younger. The wall clock may have jumped either way.
  const sinceBeatMs = lastBeatAtMs === null ? silent : Math.max(0, epochMs - lastBeatAtMs);
  const ageSeconds = Math.min(silent, sinceBeatMs) / 1_000;
  figures.set("kintsugi_heartbeat_age_seconds", [name], ageSeconds);
}

function readProcess(program: ReadableProgram, figures: Figures): void {
  const { activeMs, idleMs } = program.loopTime();
  figures.set("nodejs_eventloop_time_seconds_total", ["active"], activeMs / 1_000);
  figures.set("nodejs_eventloop_time_seconds_total", ["idle"], idleMs / 1_000);
  const sample = program.process();
  if (!sample) return;
  figures.set("process_cpu_seconds_total", [], sample.cpuMs / 1_000);
  figures.set("process_resident_memory_bytes", [], sample.rssBytes);
}

async function readStored(
  { engine, openIncidents }: ReadableProgram,
  figures: Figures,
  { troubles }: Remembered,
): Promise<void> {
  const [open, ...counts] = await Promise.all([
    openIncidents(),
    ...runStatuses.map((status) => engine.count({ status })),
  ]);
  for (const [at, status] of runStatuses.entries()) {
    figures.set("kintsugi_workflow_runs", [status], counts[at] ?? 0);
    if (status === "dead") figures.set("kintsugi_dead_letters", [], counts[at] ?? 0);
  }
  for (const trouble of [...troubles, ...open]) {
    const isSame = (each: Trouble): boolean =>
      each.component === trouble.component && each.class === trouble.class;
    const labels = [trouble.component, trouble.class];
    figures.set("kintsugi_incidents_open", labels, open.filter(isSame).length);
  }
}
