/**
 * Runs the job without our parts, beside the same model server with the same manners, and brings the same
 * plan of faults over both. Nobody restarts anything.
 *
 * Faults strike between two waves, when all answers of the one are in and the next is not begun: so it is
 * always the same calls that are lost, on a fast machine and on a slow one.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { KintsugiConfig } from "kintsugi/config";

import type { Barrier } from "./bare.ts";
import type { PackageFiles } from "./documents.ts";
import { type CallCount, countCalls } from "./ledger.ts";
import { type Cost, startMeter } from "./meter.ts";

export interface BareOptions {
  /** How the model server is started, and the plan of faults. */
  readonly config: Pick<KintsugiConfig, "components" | "chaos">;
  readonly folder: string;
  readonly packages: readonly PackageFiles[];
  /** For all that is written; emptied before. */
  readonly workFolder: string;
  /** What the job has, in milliseconds; what is not done then is lost. @defaultValue 15,000 */
  readonly capMs?: number;
  readonly onFault?: (name: string) => void;
  readonly onProgress?: (documents: number) => void;
  readonly signal: AbortSignal;
}

export interface BareOutcome {
  /** Names of the packages that were finished. */
  readonly finished: readonly string[];
  /** How many packages were begun, from the first on. */
  readonly begun: number;
  readonly ending: BareEnding;
  readonly calls: CallCount;
  readonly timeMs: number;
  /** Of the job itself, as for ours without the model server. */
  readonly cost: Cost | undefined;
}

export type BareEnding =
  /** By this entry of the plan, when so many documents were handled. */
  | { readonly kind: "killed"; readonly by: string; readonly documents: number }
  /** It still waited for answers when its time was over. */
  | { readonly kind: "stuck" }
  | { readonly kind: "finished" };

const CAP_MS = 15_000;

type ChaosFault = KintsugiConfig["chaos"]["plan"][number]["fault"];

/** What the work folder holds. */
const FILES = {
  address: "model-server.json",
  ledger: "ledger.jsonl",
  finished: "finished.jsonl",
} as const;

/** @throws {Error} when the model server or the job itself cannot run, and the reason of `signal`. */
export async function runBare(options: BareOptions): Promise<BareOutcome> {
  const { workFolder } = options;
  rmSync(workFolder, { recursive: true, force: true });
  mkdirSync(workFolder, { recursive: true });
  const model = await startModelServer(options);
  const startedMs = performance.now();
  const bare = startJob(options);
  const meter = startMeter(() => (bare.pid === undefined ? [] : [{ pid: bare.pid }]));
  try {
    const { begun, ending } = await follow(bare, model, options);
    return {
      finished: finishedIn(join(workFolder, FILES.finished)),
      begun,
      ending,
      calls: countCalls(join(workFolder, FILES.ledger)),
      timeMs: performance.now() - startedMs,
      cost: meter.stop(),
    };
  } finally {
    meter.stop();
    for (const child of [bare, model]) child.kill("SIGKILL"); // Reaches also who stands still.
  }
}

/** Its address and its ledger are its own; all else is as the configuration says. */
async function startModelServer({
  config,
  workFolder,
  signal,
}: BareOptions): Promise<ChildProcess> {
  const { command = "", args = [], cwd } = config.components["model"] ?? {};
  const address = join(workFolder, FILES.address);
  const own = [`--address=${address}`, `--ledger=${join(workFolder, FILES.ledger)}`];
  const child = start(command, [...args, ...own], workFolder, cwd);
  try {
    while (!existsSync(address)) {
      if (child.exitCode !== null) throw new Error(`The model server ended with ${child.exitCode}`);
      await sleep(20, undefined, { signal });
    }
    return child;
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

function startJob({ folder, workFolder }: BareOptions): ChildProcess {
  const program = fileURLToPath(new URL("./bare.ts", import.meta.url));
  const args = [`--folder=${folder}`, `--address=${join(workFolder, FILES.address)}`];
  const flags = ["--conditions=source", "--disable-warning=ExperimentalWarning"];
  return start(process.execPath, [...flags, program, ...args, `--out=${workFolder}`], workFolder);
}

/** With an IPC channel; what it says goes to a file. */
function start(command: string, args: readonly string[], workFolder: string, cwd?: string) {
  const log = openSync(join(workFolder, "log"), "a");
  // Detached: Ctrl-C reaches us alone. Should we be killed, both end with the channel.
  const stdio = ["ignore", log, log, "ipc"] as const;
  const child = spawn(command, args, { cwd, stdio: [...stdio], detached: true });
  child.on("error", () => {}); // Its exit code tells it too: it is negative then.
  closeSync(log);
  return child;
}

/** Answers the job between its waves, and lets the faults strike that are due, until it has ended. */
async function follow(
  bare: ChildProcess,
  model: ChildProcess,
  { config, packages, signal, onFault, onProgress, capMs = CAP_MS }: BareOptions,
): Promise<Pick<BareOutcome, "begun" | "ending">> {
  const waiting = new Set(config.chaos.plan);
  let begun = 0;
  let ending: BareEnding = { kind: "stuck" };
  bare.on("message", ({ handled, begins }: Barrier) => {
    const documents = documentsOf(packages.slice(0, handled));
    onProgress?.(documents);
    for (const entry of waiting) {
      // An entry by the clock would strike another wave on another machine.
      if (entry.at.kind !== "progress" || entry.at.done > documents) continue;
      waiting.delete(entry);
      onFault?.(entry.name);
      if (!strike(entry.fault, bare, model)) continue;
      ending = { kind: "killed", by: entry.name, documents };
      return;
    }
    begun = handled + begins;
    if (begins === 0) ending = { kind: "finished" };
    bare.send({});
  });
  // Its time begins with its first wave: how long it takes to start says nothing about the job.
  const timeIsOver = once(bare, "message").then(() => once(AbortSignal.timeout(capMs), "abort"));
  await Promise.race([once(bare, "exit"), timeIsOver, once(signal, "abort")]);
  signal.throwIfAborted();
  if (bare.exitCode) throw new Error(`The job without our parts ended with ${bare.exitCode}`);
  return { begun, ending };
}

/** True when it ended the job. What the plan does to the runtime is done to the program itself. */
function strike(fault: ChaosFault, bare: ChildProcess, model: ChildProcess): boolean {
  const isModel = fault.target === "model";
  switch (fault.kind) {
    case "kill":
      if (isModel) model.kill("SIGKILL");
      return fault.target === "runtime" && bare.kill("SIGKILL");
    case "hang":
      if (isModel) model.kill("SIGSTOP"); // Nobody wakes it.
      return false;
    case "crash":
      if (isModel) model.kill("SIGKILL");
      return false;
    case "leak":
      if (isModel && model.connected) model.send({ bytesPerSecond: fault.bytesPerSecond });
      return false;
    case "fail-calls":
      return false; // How often the provider fails is an argument of it.
  }
}

function finishedIn(file: string): readonly string[] {
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  return lines.flatMap((line) => (line ? (JSON.parse(line) as { name: string }).name : []));
}

const documentsOf = (packages: readonly PackageFiles[]): number =>
  packages.reduce((sum, { documents }) => sum + documents.length, 0);
