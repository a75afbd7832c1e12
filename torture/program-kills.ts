/**
 * kill -9 of runtime, watchdog and model server, at random moments and in every order, while digests run.
 * Good when nothing was lost, nothing was recorded twice, and nothing is left.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Random, seededRandom } from "@kintsugi/policy/base";

import { asked, currentClient } from "../examples/digest/src/follow.ts";
import { checkLedger } from "../examples/digest/src/ledger.ts";
import { checkJournal, checkReport } from "./check.ts";
import { findMarked, killNow } from "./processes.ts";
import { kintsugi, type Program, startProgram } from "./program.ts";

/** Kills of a quick torture. */
export const QUICK_KILLS = 50;
/** Packages in work at a time, and so steps in flight at a kill. */
const CONCURRENCY = 6;
/** A program without a new effect for so long is stuck. */
const PATIENCE_MS = 60_000;

const documents = fileURLToPath(new URL("../node_modules", import.meta.url));

/** Every order of one, two and three. */
const orders: readonly (readonly string[])[] = [
  ["runtime"],
  ["watchdog"],
  ["model"],
  ["runtime", "watchdog"],
  ["watchdog", "runtime"],
  ["runtime", "model"],
  ["model", "runtime"],
  ["watchdog", "model"],
  ["model", "watchdog"],
  ["runtime", "watchdog", "model"],
  ["runtime", "model", "watchdog"],
  ["watchdog", "runtime", "model"],
  ["watchdog", "model", "runtime"],
  ["model", "runtime", "watchdog"],
  ["model", "watchdog", "runtime"],
];

/** Returns the exit code: 0 when all is well. */
export async function tortureProgram(kills: number, seed: string): Promise<number> {
  const random = seededRandom(seed);
  console.log(`torture: ${kills} kills, seed ${seed}`);
  const program = startProgram(seed, 30);
  const problems: string[] = [];
  try {
    const reports = await killWhileItRuns(program, kills, random);
    problems.push(...reports.flatMap((report) => checkReport(documents, report)));
    problems.push(...(await endsWithNothingLeft(program)));
    const verdict = checkLedger(program.ledger);
    problems.push(...verdict.violations);
    const most = kills * CONCURRENCY;
    if (verdict.repeated > most) problems.push(`${verdict.repeated} repeats, more than ${most}`);
    problems.push(...checkJournal(join(program.dataDir, "store.sqlite")));
    console.log(
      `${reports.length} digests, ${verdict.effects} effects, ${verdict.repeated} repeats of steps in flight`,
    );
  } catch (error) {
    problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
    problems.push(`up said:\n${program.said()}`, ...logsOf(program));
  } finally {
    for (const marked of findMarked(program.instance)) killNow(marked);
    program.up.kill("SIGKILL");
  }
  for (const problem of problems) console.error(`  ${problem}`);
  console.log(problems.length === 0 ? "nothing lost, nothing twice, nothing left" : "FAILED");
  if (problems.length === 0) program.remove();
  else console.error(`  The folder is kept: ${program.folder}; again with --seed ${seed}`);
  return problems.length === 0 ? 0 : 1;
}

/** Kills until the kills are used up, one digest after the other; gives the reports. */
async function killWhileItRuns(
  program: Program,
  kills: number,
  random: Random,
): Promise<readonly string[]> {
  const reports: string[] = [];
  let left = kills;
  while (left > 0 || reports.length === 0) {
    const id = `digest-${reports.length + 1}`;
    const reportFolder = join(program.folder, id);
    const { addressFile } = program;
    const input = { folder: documents, reportFolder, addressFile, concurrency: CONCURRENCY };
    const patience = AbortSignal.timeout(PATIENCE_MS);
    await asked(program.dataDir, (client) => client.startRun("digest", input, { id }), patience);
    const isStuck = stuckDetector(program);
    for (;;) {
      const status = await statusOf(program, id);
      if (status === "completed") break;
      if (status === "dead" || status === "cancelled") throw new Error(`${id} is ${status}`);
      if (isStuck()) throw new Error(`${id} made no progress for ${PATIENCE_MS / 1_000} s`);
      await sleep(100 + random.next() * (left > 0 ? 1_200 : 100));
      if (left > 0) left -= await killSome(program, left, random);
    }
    reports.push(join(reportFolder, "report.json"));
  }
  return reports;
}

/** Undefined while nobody answers. */
async function statusOf(program: Program, id: string): Promise<string | undefined> {
  const signal = AbortSignal.timeout(2_000);
  const ask = currentClient(program.dataDir)?.run(id, signal);
  return ask?.then(
    ({ status }) => status,
    () => undefined,
  );
}

/** True when `up` has ended, or no effect was seen for as long as anybody would wait. */
function stuckDetector(program: Program): () => boolean {
  let seen = -1;
  let sinceMs = Date.now();
  return () => {
    const now = checkLedger(program.ledger).effects;
    if (now !== seen) [seen, sinceMs] = [now, Date.now()];
    return program.up.exitCode !== null || Date.now() - sinceMs > PATIENCE_MS;
  };
}

async function killSome(program: Program, most: number, random: Random): Promise<number> {
  const order = orders[Math.floor(random.next() * orders.length)] ?? [];
  let done = 0;
  for (const target of order.slice(0, most)) {
    const marked = findMarked(program.instance).find(
      ({ role, component }) => role === target || component === target,
    );
    if (marked && killNow(marked)) done += 1;
    await sleep(random.next() < 0.5 ? 0 : random.next() * 80);
  }
  return done;
}

/** `down` ends with 0 and leaves nobody; nothing comes back; a second `down` ends with 3. */
async function endsWithNothingLeft(program: Program): Promise<readonly string[]> {
  const problems: string[] = [];
  const first = await kintsugi(["down", "--data-dir", program.dataDir], program.folder);
  if (first.code !== 0) problems.push(`down ended with ${first.code}: ${first.stderr.trim()}`);
  for (const when of ["after down", "five seconds after down"]) {
    const left = findMarked(program.instance).map(({ pid, role }) => `${role} ${pid}`);
    if (left.length > 0) problems.push(`left ${when}: ${left.join(", ")}`);
    if (when === "after down") await sleep(5_000);
  }
  const second = await kintsugi(["down", "--data-dir", program.dataDir], program.folder);
  if (second.code !== 3) problems.push(`a second down ended with ${second.code}, not 3`);
  return problems;
}

function logsOf(program: Program): readonly string[] {
  return ["watchdog", "runtime"].map((name) => {
    try {
      return `${name}: ${readFileSync(join(program.dataDir, "logs", `${name}.err.log`), "utf8").slice(-2_000)}`;
    } catch {
      return `${name}: no log`;
    }
  });
}
