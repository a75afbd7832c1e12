/** `kintsugi up` as a person would type it, and what earlier starts left. */

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { cliProgram } from "kintsugi/cli";

import type { Places } from "./places.ts";

/** What is read, and on which bad day. */
export interface Job {
  readonly folder: string;
  readonly seed: string;
}

/** Whether an earlier start runs still. */
export const isUp = (places: Places): boolean =>
  existsSync(places.dataDir) && command(places, "status") === 0;

/**
 * Goes on where an earlier start of the same job was stopped; else, or when told to, begins afresh.
 *
 * @returns whether it goes on.
 */
export function prepare(places: Places, job: Job, isFresh: boolean): boolean {
  const { dataDir, folder, seed, finished } = places;
  const isSame = textOf(folder) === job.folder && textOf(seed) === job.seed;
  if (existsSync(dataDir) && (isFresh || !isSame || existsSync(finished))) startAfresh(places);
  const goesOn = existsSync(dataDir);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  writeFileSync(folder, job.folder);
  writeFileSync(seed, job.seed);
  return goesOn;
}

export interface Up {
  /** Ends everything in order; asked again, at once. */
  stop(): Promise<void>;
}

/** Aborts `ending` when it gives up by itself, after its own words on stderr. */
export function startUp({ config }: Places, ending: AbortController): Up {
  const { command, args } = cliProgram(["up", config]);
  const child = spawn(command, args, {
    cwd: dirname(config),
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

/** Another command on the same folder; its exit code. */
function command({ dataDir }: Places, verb: string): number | null {
  const { command: file, args } = cliProgram([verb, "--data-dir", dataDir]);
  return spawnSync(file, args, { stdio: "ignore" }).status;
}

/** What an earlier start left, if it was killed after its end, is ended; then its traces go. */
function startAfresh(places: Places): void {
  command(places, "down");
  rmSync(places.dataDir, { recursive: true });
  rmSync(places.reportFolder, { recursive: true, force: true });
}

const textOf = (file: string): string | undefined =>
  existsSync(file) ? readFileSync(file, "utf8") : undefined;
