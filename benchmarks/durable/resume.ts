/** Runs that a crash left open, or that sleep, in a process that starts again. */

import { execFile } from "node:child_process";
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { contest } from "../harness/contestant.ts";
import type { Figures } from "../harness/figures.ts";
import { sleep } from "./engine.ts";
import { openRuns, type Rest } from "./resume-workflow.ts";

interface ResumeSettings {
  readonly folder: string;
  readonly quick: number;
  readonly rest: Rest;
  readonly runs: number;
}

/** Quick runs have no time to make more. */
const QUICK_RUNS = 10_000;
const LOOK_MS = 5;
/** Until what the start has left behind is collected. */
const SETTLE_MS = 1_500;

await contest<ResumeSettings>(async ({ folder, quick, rest, runs }) => {
  const wanted = quick ? Math.min(runs, QUICK_RUNS) : runs;
  const file = await copyOf(await fill(folder, rest, wanted), folder);
  const figures = await (rest === "open" ? finish(file, wanted) : keep(file));
  for (const part of ["", "-wal"]) rmSync(`${file}${part}`, { force: true });
  return figures;
});

/** The file of all rounds: made by the first that needs it. */
async function fill(folder: string, rest: Rest, runs: number): Promise<string> {
  const file = join(folder, `${rest}-${runs}.sqlite`);
  if (existsSync(`${file}.made`)) return file;
  const program = fileURLToPath(new URL("resume-fill.ts", import.meta.url));
  const flags = ["--conditions=source", "--no-warnings"];
  await promisify(execFile)(process.execPath, [...flags, program, file, rest, String(runs)]);
  writeFileSync(`${file}.made`, "");
  return file;
}

async function copyOf(file: string, folder: string): Promise<string> {
  const copy = join(folder, `resumed-${process.pid}.sqlite`);
  copyFileSync(file, copy);
  if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${copy}-wal`);
  return copy;
}

/** All open runs to their ends. */
async function finish(file: string, wanted: number): Promise<Figures> {
  const startedMs = performance.now();
  let ran = 0;
  const last = (): number => {
    ran += 1;
    return ran;
  };
  const { engine, store } = await openRuns(file, "open", last, { durability: "power" });
  await engine.start();
  const takenMs = performance.now() - startedMs;
  while (ran < wanted) await sleep(LOOK_MS);
  while ((await engine.count({ status: "completed" })) < wanted) await sleep(LOOK_MS);
  const doneMs = performance.now() - startedMs;
  if (ran !== wanted) throw new Error(`${ran} last steps of ${wanted} runs ran`);
  const peakMb = memoryMb("VmHWM");
  await engine.stop();
  await store.close();
  return { takenMs, doneMs, peakMb };
}

/** Runs that sleep on: what they cost while nothing happens. */
async function keep(file: string): Promise<Figures> {
  const startedMs = performance.now();
  const { engine, store } = await openRuns(file, "sleeping", () => 1, { durability: "power" });
  await engine.start();
  const takenMs = performance.now() - startedMs;
  await sleep(SETTLE_MS);
  const figures = { takenMs, restMb: memoryMb("VmRSS"), peakMb: memoryMb("VmHWM") };
  await engine.stop();
  await store.close();
  return figures;
}

/** Memory of this process, in MB of a million bytes. */
function memoryMb(line: "VmHWM" | "VmRSS"): number {
  const status = readFileSync("/proc/self/status", "utf8");
  const [, kib = "NaN"] = new RegExp(`^${line}:\\s+(\\d+) kB`, "m").exec(status) ?? [];
  return (Number(kib) * 1_024) / 1e6;
}
