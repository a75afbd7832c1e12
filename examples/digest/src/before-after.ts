/** Does the job again without our parts, and holds the two against each other. */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type KintsugiConfig, loadConfig, printFaults } from "kintsugi/config";
import type { RunView } from "kintsugi/workflow";

import { delayFor } from "../model-server/misbehave.ts";
import { runBare } from "./bare-run.ts";
import { type Comparison, compare, type Sides } from "./comparison.ts";
import { findPackages, type PackageFiles } from "./documents.ts";
import { asked } from "./follow.ts";
import { countCalls } from "./ledger.ts";
import { type Cost, type Measured, type Meter, startMeter } from "./meter.ts";
import type { Places } from "./places.ts";
import type { Screen } from "./screen.ts";
import { CONCURRENCY, RUN_ID } from "./show.ts";
import type { Job } from "./up.ts";

/** What is known of the job that was done with our parts. */
export interface Before {
  readonly run: RunView;
  readonly documentsLost: number;
  readonly cost: Cost | undefined;
}

/** Of the runtime and the watchdog, whichever live at the time. */
export const meterOf = ({ dataDir }: Places): Meter =>
  startMeter(() =>
    ["runtime.json", "watchdog.json"].flatMap((name) => identityIn(join(dataDir, name))),
  );

/** Runs the bare job, and writes the comparison. The program of `before` is still up. */
export async function compareWithBare(
  places: Places,
  job: Job,
  before: Before,
  screen: Screen,
  signal: AbortSignal,
): Promise<Comparison> {
  const config = configIn(places.config);
  const packages = findPackages(job.folder);
  const documents = packages.flatMap((each) => each.documents).length;
  const kintsugi = await oursOf(places, packages, before, signal);
  const bare = await runBare({
    config,
    folder: job.folder,
    packages,
    workFolder: places.bareFolder,
    onFault: (name) => screen.line(`  fault      ${name}`),
    onProgress: (handled) => screen.progress(handled, documents, "bare"),
    signal,
  });
  const { failures, delay } = mannersIn(config);
  const temper = { failureRate: failures, delayMs: delay };
  const comparison = compare({
    seed: job.seed,
    packages,
    failureRate: failures,
    delayOf: (path) => delayFor(job.seed, path, temper),
    concurrency: CONCURRENCY,
    kintsugi,
    bare,
    about: {
      startedAt: new Date(before.run.createdAtMs).toISOString(),
      endedAt: new Date().toISOString(),
      versions: versions(),
      commit: commit(),
      folder: job.folder,
    },
  });
  writeFileSync(places.comparison, `${JSON.stringify(comparison, null, 2)}\n`);
  return comparison;
}

async function oursOf(
  { dataDir, ledger }: Places,
  packages: readonly PackageFiles[],
  { run, documentsLost, cost }: Before,
  signal: AbortSignal,
): Promise<Sides["kintsugi"]> {
  let { stepsRecorded } = run;
  let packagesFailed = 0;
  for (const { name } of packages) {
    const part = await asked(dataDir, (client) => client.run(`${RUN_ID}/${name}`), signal);
    stepsRecorded += part.stepsRecorded;
    if (part.status !== "completed") packagesFailed += 1;
  }
  const timeMs = (run.endedAtMs ?? Date.now()) - run.createdAtMs;
  const calls = countCalls(ledger);
  return { packagesFailed, documentsLost, stepsRecorded, calls, timeMs, cost };
}

/** @throws {Error} with all that is wrong with the file. */
function configIn(file: string): KintsugiConfig {
  const loaded = loadConfig(file, {
    env: process.env,
    files: {
      read: (path) => (existsSync(path) ? readFileSync(path, "utf8") : undefined),
      sizeBytes: (path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0,
    },
  });
  if (loaded.ok) return loaded.config;
  throw new Error(printFaults(loaded.faults));
}

/** As the model server reads them. */
function mannersIn({ components }: KintsugiConfig): { failures: number; delay: number } {
  const { values } = parseArgs({
    args: [...(components["model"]?.args ?? [])],
    options: {
      failures: { type: "string", default: "0" },
      delay: { type: "string", default: "150" },
    },
    strict: false,
  });
  return { failures: Number(values.failures), delay: Number(values.delay) };
}

function versions(): Readonly<Record<string, string>> {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const { dependencies } = JSON.parse(manifest) as { dependencies: Record<string, string> };
  return { ...dependencies, node: process.versions.node };
}

function commit(): string | null {
  const git = spawnSync("git", ["rev-parse", "HEAD"], { cwd: import.meta.dirname });
  return git.status === 0 ? git.stdout.toString().trim() : null;
}

function identityIn(file: string): readonly Measured[] {
  try {
    const { pid, startTicks } = JSON.parse(readFileSync(file, "utf8")) as Required<Measured>;
    return [{ pid, startTicks }];
  } catch {
    return []; // Nobody lives, or somebody begins to.
  }
}
