/** The machine that a result is true for, and how quiet it was. */

import { readFileSync } from "node:fs";
import { arch, cpus, loadavg, release, totalmem } from "node:os";

import { busyMachineMs, cpuOfTreeMs } from "./process-time.ts";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  /** File system under the folder that is written to. */
  readonly disk: string;
}

export interface Load {
  /** Averages over 1, 5 and 15 minutes. What is measured is part of the second ones. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** Cores that others kept busy while it ran, on average. */
  readonly othersCores: number;
}

export function thisMachine(folder: string): Machine {
  const cores = cpus();
  return {
    cpu: `${cores[0]?.model.trim() ?? "unknown"} (${arch()})`,
    cores: cores.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    disk: fileSystemOf(folder, readFileSync("/proc/mounts", "utf8")),
  };
}

/** Type of the file system that holds the folder, by the longest mount point above it. */
export function fileSystemOf(folder: string, mounts: string): string {
  const above = mounts
    .split("\n")
    .map((line) => line.split(" "))
    .filter(([, point = "?"]) => point === "/" || `${folder}/`.startsWith(`${point}/`));
  const deepest = above.reduce<readonly string[]>(
    (found, line) => ((line[1] ?? "").length >= (found[1] ?? "").length ? line : found),
    [],
  );
  return deepest[2] ?? "unknown";
}

/** Watches the load from now on. The tree of this process counts as ours, the rest as others. */
export function watchLoad(): () => Load {
  const before = loadavg().map(rounded);
  const startedMs = performance.now();
  const othersMs = (): number => busyMachineMs() - cpuOfTreeMs(process.pid);
  const othersBeforeMs = othersMs();
  return () => {
    const share = (othersMs() - othersBeforeMs) / (performance.now() - startedMs);
    return { before, after: loadavg().map(rounded), othersCores: Math.max(0, rounded(share)) };
  };
}

/**
 * Why figures under this load are not to be trusted; empty where they are. The average after a run says
 * little by itself, for the run made most of it: what counts there is what others did meanwhile.
 */
export function noiseOf({ before, othersCores }: Load, cores: number): readonly string[] {
  const found: string[] = [];
  const [lastMinute = 0] = before;
  if (lastMinute > cores) {
    found.push(`the load was ${lastMinute} on ${cores} cores before it began`);
  }
  if (othersCores > cores / 4) {
    found.push(`others kept ${othersCores} of ${cores} cores busy while it ran`);
  }
  return found;
}

const rounded = (value: number): number => Math.round(value * 100) / 100;
