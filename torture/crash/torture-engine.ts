/** One torture of the engine, from its seed to its figures. */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { cpus, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { Bench } from "./bench.ts";
import { bundleSubject } from "./bundle.ts";
import { kill } from "./kill-mode.ts";
import { power } from "./power-mode.ts";
import { stop } from "./stop-mode.ts";
import type { Violation } from "./told.ts";
import { write } from "./write-mode.ts";

export type Mode = "kill" | "write" | "power" | "stop";

export interface TortureOptions {
  readonly mode: Mode;
  readonly seed: string;
  /** Faults; of `write`, the most that are tried. */
  readonly count: number;
  /** A journal of `broken.ts`. @defaultValue the sound one */
  readonly broken?: string | undefined;
}

export interface Result {
  readonly mode: Mode;
  readonly seed: string;
  readonly broken: string | null;
  readonly faults: number;
  readonly seconds: number;
  readonly secondsPerFault: number;
  readonly lives: number;
  readonly runsAccepted: number;
  readonly runsEnded: number;
  readonly effects: number;
  readonly repeatsInFlight: number;
  readonly faultsByMoment: Readonly<Record<string, number>>;
  readonly violations: readonly Violation[];
}

const modes = { kill, write, power, stop } as const;

export const isMode = (name: string): name is Mode => Object.hasOwn(modes, name);

/** @throws {@link MachineLacksError} when the machine lacks what the mode needs. */
export async function tortureEngine(options: TortureOptions): Promise<Result> {
  const { mode, seed, count, broken = null } = options;
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "kintsugi-crash-")));
  const startedMs = performance.now();
  const bundle = await bundleSubject(folder);
  const bench = new Bench({ seed, folder, bundle, broken });
  let isKept = false;
  try {
    const faults = await modes[mode](bench, count);
    isKept = bench.violations.length > 0 && broken === null;
    const seconds = (performance.now() - startedMs) / 1_000;
    const { lives, accepted, ended, effects, repeats, struck } = bench.figures;
    return {
      mode,
      seed,
      broken,
      faults,
      seconds: rounded(seconds),
      secondsPerFault: rounded(seconds / Math.max(1, faults)),
      lives,
      runsAccepted: accepted,
      runsEnded: ended,
      effects,
      repeatsInFlight: repeats,
      faultsByMoment: Object.fromEntries(struck),
      violations: bench.violations,
    };
  } finally {
    if (isKept) console.error(`The folder is kept: ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Writes the result, with all that it takes to judge it later. Returns the file. */
export function keepResult(result: Result): string {
  const folder = join(root, "torture/results");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${result.mode}-${result.seed}.json`);
  const git = (...args: readonly string[]): string =>
    execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
  const machine = {
    processors: cpus().length,
    model: cpus()[0]?.model ?? "unknown",
    memoryMb: Math.round(totalmem() / 2 ** 20),
    kernel: release(),
    node: process.version,
    sqlite: process.versions["sqlite"] ?? "unknown",
    load: readFileSync("/proc/loadavg", "utf8").split(" ").slice(0, 3).map(Number),
  };
  const commit = git("rev-parse", "HEAD");
  const isChanged = git("status", "--porcelain", "packages", "torture/crash") !== "";
  const endedAt = new Date().toISOString();
  const kept = {
    ...result,
    commit: isChanged ? `${commit} and changes` : commit,
    endedAt,
    machine,
  };
  writeFileSync(file, `${JSON.stringify(kept, null, 2)}\n`);
  return file;
}

const rounded = (value: number): number => Math.round(value * 1_000) / 1_000;
