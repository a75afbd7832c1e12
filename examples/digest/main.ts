/**
 * The main job: `kintsugi up` on this folder's kintsugi.yaml, one run named "digest", and a screen.
 *
 *     npm start -- [--once] [folder]
 *
 * With `--once` it ends when the report is complete: 0 when nothing was lost or recorded twice, else 1.
 */

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { cliProgram } from "kintsugi/cli";
import type { IncidentView } from "kintsugi/heal";

import { findPackages } from "./src/documents.ts";
import { asked, factsOf } from "./src/follow.ts";
import { createScreen } from "./src/screen.ts";
import { judge, summaryLines } from "./src/summary.ts";

const here = import.meta.dirname;
const dataDir = join(here, ".kintsugi");
const reportFolder = join(here, "out");
const reportFile = join(reportFolder, "report.json");
/** What a run leaves when it is complete: the next start begins afresh. */
const finishedFile = join(dataDir, "finished");
/** Which folder is read: a start with another one does not go on with the old run. */
const folderFile = join(dataDir, "folder");
/** Incidents that are still being mended when the report is there are waited for this long. */
const LAST_WAIT_MS = 15_000;

const { values: options, positionals } = parseArgs({
  options: { once: { type: "boolean", default: false } },
  allowPositionals: true,
});
const folder = resolve(positionals[0] ?? join(here, "../../node_modules"));

/** Resolves with the exit code. */
async function main(): Promise<number> {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    console.error(
      `There is no folder ${folder}: name one that holds packages, or run npm ci first`,
    );
    return 2;
  }
  if (findPackages(folder).length === 0) {
    console.error(`There is nothing to read in ${folder}: no package with a readme or a licence`);
    return 2;
  }
  if (command("status") === 0) {
    const down = `npx kintsugi down --data-dir ${relative(process.cwd(), dataDir)}`;
    console.error(
      `It runs already: end that one first, with Ctrl-C where it was started, or: ${down}`,
    );
    return 1;
  }
  if (existsSync(finishedFile) || isAboutAnother()) startAfresh();
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  writeFileSync(folderFile, folder);

  const screen = createScreen(process.stdout);
  const ending = new AbortController();
  const up = startUp(ending);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => ending.abort(new Error("stopped by a person")));
  }
  try {
    const { incidents, status } = await follow(screen, ending.signal);
    const outcome = judge(folder, reportFile, join(dataDir, "ledger.jsonl"), status);
    writeFileSync(finishedFile, "");
    screen.end();
    for (const line of summaryLines(outcome, incidents, relative(process.cwd(), reportFile))) {
      screen.line(line);
    }
    if (!options.once) {
      const look = `npx kintsugi status --data-dir ${relative(process.cwd(), dataDir)}`;
      screen.line(`  It stays up until Ctrl-C; to look at it: ${look}`);
      await new Promise((done) => ending.signal.addEventListener("abort", done));
    }
    return outcome.complete ? 0 : 1;
  } catch (error) {
    screen.end();
    if (!ending.signal.aborted) throw error;
    screen.line(`  ${ending.signal.reason.message}; the next start goes on from here`);
    return 1;
  } finally {
    await up.stop();
  }
}

/** Starts the run, shows what happens until the report is complete, and gives the incidents. */
async function follow(
  screen: ReturnType<typeof createScreen>,
  signal: AbortSignal,
): Promise<{ incidents: readonly IncidentView[]; status: string }> {
  const input = {
    folder,
    reportFolder,
    addressFile: join(dataDir, "model-server.json"),
    concurrency: 6,
  };
  await asked(dataDir, (client) => client.startRun("digest", input, { id: "digest" }), signal);
  const shown = new AbortController();
  const lines = showFacts(screen, AbortSignal.any([signal, shown.signal]));
  let status = "running";
  for (;;) {
    const run = await asked(dataDir, (client) => client.run("digest"), signal);
    if (run.progress) screen.progress(run.progress.done, run.progress.total, run.progress.note);
    if (run.error) screen.line(`  the run is ${run.status}: ${run.error.message}`);
    status = run.status;
    if (status !== "running") break;
    await sleep(150, undefined, { signal });
  }
  for (let waitedMs = 0; ; waitedMs += 200) {
    const incidents = await asked(dataDir, (client) => client.incidents(), signal);
    if (incidents.every(({ endedAtMs }) => endedAtMs !== null) || waitedMs >= LAST_WAIT_MS) {
      shown.abort();
      await lines;
      return { incidents, status };
    }
    await sleep(200, undefined, { signal });
  }
}

const isAboutAnother = (): boolean =>
  existsSync(folderFile) && readFileSync(folderFile, "utf8") !== folder;

/** Another command on the same folder; its exit code. */
function command(verb: string): number | null {
  const { command: file, args } = cliProgram([verb, "--data-dir", dataDir]);
  return spawnSync(file, args, { stdio: "ignore" }).status;
}

/** What an earlier start left, if it was killed after its end, is ended; then its traces go. */
function startAfresh(): void {
  command("down");
  rmSync(dataDir, { recursive: true });
  rmSync(reportFolder, { recursive: true, force: true });
}

/** One line for each thing that a person wants to know of. */
async function showFacts(
  screen: ReturnType<typeof createScreen>,
  signal: AbortSignal,
): Promise<void> {
  for await (const { type, payload } of factsOf(dataDir, signal)) {
    const { component, summary, name, class: kind } = payload as Readonly<Record<string, string>>;
    if (type === "chaos.fired") screen.line(`  fault      ${name}`);
    if (type === "incident.opened") screen.line(`  incident   ${component}: ${summary ?? kind}`);
    if (type === "incident.resolved")
      screen.line(`  healed     ${component}: ${kind ?? "incident"}`);
    if (type === "incident.escalated") screen.line(`  your turn  ${component}: ${kind}`);
  }
}

/** `kintsugi up` as a person would type it, with its words kept for the case that it gives up. */
function startUp(ending: AbortController): { stop(): Promise<void> } {
  const { command, args } = cliProgram(["up", join(here, "kintsugi.yaml")]);
  const child = spawn(command, args, {
    cwd: here,
    stdio: ["ignore", "ignore", "pipe"],
    detached: true, // Ctrl-C reaches us alone; we then end it in order.
  });
  let said = "";
  child.stderr.on("data", (piece: Buffer) => {
    said = (said + piece.toString()).slice(-4_000);
  });
  const gone = new Promise<void>((done) => {
    child.once("exit", (code) => {
      if (!ending.signal.aborted) {
        if (said.trim()) console.error(said.trim());
        ending.abort(new Error(`kintsugi up ended with ${code}`));
      }
      done();
    });
  });
  return {
    async stop() {
      if (child.exitCode === null) child.kill("SIGINT");
      await gone;
    },
  };
}

process.exitCode = await main();
