/**
 * The main job: `kintsugi up` on this folder's kintsugi.yaml, one run named "digest", and a screen.
 *
 *     npm start -- [--once] [--bare] [--seed <text>] [folder]
 *
 * With `--once` it ends when all is done: 0 when nothing was lost or recorded twice, else 1.
 */

import { existsSync, statSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

import { compareWithBare, meterOf } from "./src/before-after.ts";
import { comparisonLines } from "./src/comparison.ts";
import { findPackages } from "./src/documents.ts";
import { readWish, type StartOptions, USAGE } from "./src/options.ts";
import { placesIn } from "./src/places.ts";
import { createScreen, type Screen } from "./src/screen.ts";
import { showAddress, showRun } from "./src/show.ts";
import { judge, summaryLines } from "./src/summary.ts";
import { isUp, type Job, prepare, startUp } from "./src/up.ts";

const here = import.meta.dirname;
const places = placesIn(here);

/** Resolves with the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const wish = readWish(args);
  if (wish.kind === "help") {
    console.log(USAGE);
    return 0;
  }
  if (wish.kind === "wrong") {
    console.error(`${wish.why}\n\n${USAGE}`);
    return 2;
  }
  const { options } = wish;
  const folder = resolve(options.folder ?? join(here, "../../node_modules"));
  const refusal = whyNot(folder, options);
  if (refusal !== undefined) {
    console.error(refusal);
    return 2;
  }
  if (isUp(places)) {
    const down = `npx kintsugi down --data-dir ${relative(process.cwd(), places.dataDir)}`;
    console.error(
      `It runs already: end that one first, with Ctrl-C where it was started, or: ${down}`,
    );
    return 1;
  }
  return run({ folder, seed: options.seed }, options);
}

/** In a sentence, why this cannot be done; undefined when it can. */
function whyNot(folder: string, { bare }: StartOptions): string | undefined {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    return `There is no folder ${folder}: name one that holds packages, or run npm ci first`;
  }
  if (findPackages(folder).length === 0) {
    return `There is nothing to read in ${folder}: no package with a readme or a licence`;
  }
  if (bare && process.env["OPENAI_BASE_URL"] && process.env["OPENAI_API_KEY"]) {
    return "--bare compares two runs on one bad day, which no real provider repeats: unset OPENAI_BASE_URL";
  }
  return undefined;
}

async function run(job: Job, options: StartOptions): Promise<number> {
  const screen = createScreen(process.stdout);
  // Half a run, gone on with, compares with nothing.
  const goesOn = prepare(places, job, options.bare);
  const ending = new AbortController();
  const up = startUp(places, ending);
  const end = (why: string): void => {
    if (ending.signal.aborted) void up.stop();
    else ending.abort(new Error(why));
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => end("stopped by a person"));
  }
  // Whoever read what is printed has left, as `head` does: nobody would end what runs.
  process.stdout.on("error", (error) => end(`nothing can be printed (${error.message})`));
  if (goesOn) screen.line("  goes on where the last start was stopped");
  try {
    const isComplete = await doAndCompare(job, options, screen, ending.signal);
    if (!options.once) {
      screen.line("  It stays up until Ctrl-C");
      await new Promise((done) => ending.signal.addEventListener("abort", done));
    }
    return isComplete ? 0 : 1;
  } catch (error) {
    screen.end();
    if (!ending.signal.aborted) throw error;
    const next = existsSync(places.finished) ? "begins afresh" : "goes on from here";
    screen.line(`  ${ending.signal.reason.message}; the next start ${next}`);
    return 1;
  } finally {
    await up.stop();
  }
}

/** Gives whether the report is complete. */
async function doAndCompare(
  job: Job,
  { bare }: StartOptions,
  screen: Screen,
  signal: AbortSignal,
): Promise<boolean> {
  const startedMs = Date.now();
  const meter = meterOf(places);
  await showAddress(places, screen, signal);
  const { run, incidents } = await showRun(places, job.folder, startedMs, screen, signal);
  const cost = meter.stop();
  const outcome = judge(job.folder, places.report, places.ledger, run.status);
  writeFileSync(places.finished, "");
  screen.end();
  for (const line of summaryLines(outcome, incidents, relative(process.cwd(), places.report))) {
    screen.line(line);
  }
  if (!bare) return outcome.complete;
  screen.line("");
  screen.line("  the same job without Kintsugi, 15 s at most");
  const before = { run, cost, documentsLost: outcome.lost.length };
  const comparison = await compareWithBare(places, job, before, screen, signal);
  screen.end();
  for (const line of ["", ...comparisonLines(comparison)]) screen.line(line);
  screen.line(`  As JSON: ${relative(process.cwd(), places.comparison)}`);
  return outcome.complete;
}

process.exitCode = await main(process.argv.slice(2));
