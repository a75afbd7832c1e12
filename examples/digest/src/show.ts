/** Shows a run while it goes on: its progress, and a line for each thing that a person wants to know of. */

import { relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { dashboardAddress } from "kintsugi/client";
import type { IncidentView } from "kintsugi/heal";
import type { RunView } from "kintsugi/workflow";

import type { DigestInput } from "./app.ts";
import { asked, factsOf } from "./follow.ts";
import type { Places } from "./places.ts";
import type { Screen } from "./screen.ts";

/** The run of the main job; the runs of its packages are named after it. */
export const RUN_ID = "digest";
/** Packages in work at a time. */
export const CONCURRENCY = 6;
/** Incidents that are still being mended when the report is there are waited for this long. */
const LAST_WAIT_MS = 15_000;

export interface Shown {
  readonly run: RunView;
  readonly incidents: readonly IncidentView[];
}

/** Prints the dashboard's address as soon as the runtime is ready, and how to get a fresh one. */
export async function showAddress(
  places: Places,
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  screen.line(`  dashboard  ${await freshAddress(places, signal)}`);
  const folder = relative(process.cwd(), places.dataDir);
  screen.line(
    `             once, for a minute; a fresh one: npx kintsugi dashboard --data-dir ${folder}`,
  );
}

/** Starts the run, shows what happens from `sinceMs` on until the report is complete, and gives what came of it. */
export async function showRun(
  places: Places,
  folder: string,
  sinceMs: number,
  screen: Screen,
  signal: AbortSignal,
): Promise<Shown> {
  const { dataDir, reportFolder, address } = places;
  const input: DigestInput = {
    folder,
    reportFolder,
    addressFile: address,
    concurrency: CONCURRENCY,
  };
  await asked(dataDir, (client) => client.startRun("digest", input, { id: RUN_ID }), signal);
  const shown = new AbortController();
  const lines = showFacts(places, sinceMs, screen, AbortSignal.any([signal, shown.signal]));
  const run = await showProgress(places, screen, signal);
  const incidents = await allMended(places, signal);
  shown.abort();
  await lines;
  return { run, incidents };
}

/** The run when it has ended. */
async function showProgress(
  { dataDir }: Places,
  screen: Screen,
  signal: AbortSignal,
): Promise<RunView> {
  for (;;) {
    const run = await asked(dataDir, (client) => client.run(RUN_ID), signal);
    if (run.progress) screen.progress(run.progress.done, run.progress.total, run.progress.note);
    if (run.error) screen.line(`  the run is ${run.status}: ${run.error.message}`);
    if (run.status !== "running") return run;
    await sleep(150, undefined, { signal });
  }
}

async function allMended(
  { dataDir }: Places,
  signal: AbortSignal,
): Promise<readonly IncidentView[]> {
  for (let waitedMs = 0; ; waitedMs += 200) {
    const incidents = await asked(dataDir, (client) => client.incidents(), signal);
    const isOver = incidents.every(({ endedAtMs }) => endedAtMs !== null);
    if (isOver || waitedMs >= LAST_WAIT_MS) return incidents;
    await sleep(200, undefined, { signal });
  }
}

async function showFacts(
  places: Places,
  sinceMs: number,
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  for await (const { type, atMs, payload } of factsOf(places.dataDir, signal)) {
    if (atMs < sinceMs) continue; // What an earlier start went through was told then.
    const { component, summary, name, class: kind } = payload as Readonly<Record<string, string>>;
    if (type === "chaos.fired") screen.line(`  fault      ${name}`);
    if (type === "incident.opened") screen.line(`  incident   ${component}: ${summary ?? kind}`);
    if (type === "incident.resolved")
      screen.line(`  healed     ${component}: ${kind ?? "incident"}`);
    if (type === "incident.escalated") screen.line(`  your turn  ${component}: ${kind}`);
  }
}

const freshAddress = ({ dataDir }: Places, signal: AbortSignal): Promise<string> =>
  asked(
    dataDir,
    async (client) => dashboardAddress(client.url, (await client.sessionCode()).code),
    signal,
  );
