/** CPU time from /proc: of one tree of processes, and of the whole machine. */

import { readdirSync, readFileSync } from "node:fs";

/** The kernel counts in hundredths of a second, whatever its own clock does. */
const TICK_MS = 10;

interface Times {
  readonly parent: number;
  /** User and system time, its own and that of the children that it has buried. */
  readonly ms: number;
}

/** Milliseconds of CPU that the process and all below it have used, the dead among them included. */
export function cpuOfTreeMs(root: number): number {
  const all = new Map<number, Times>();
  for (const name of readdirSync("/proc")) {
    const times = /^\d+$/.test(name) ? timesOf(name) : undefined;
    if (times) all.set(Number(name), times);
  }
  const below = Map.groupBy(all.keys(), (pid) => all.get(pid)?.parent ?? 0);
  const sum = (pid: number): number =>
    (below.get(pid) ?? []).reduce((total, child) => total + sum(child), all.get(pid)?.ms ?? 0);
  return sum(root);
}

/** Milliseconds in which the cores of the machine were busy, all of them together. */
export function busyMachineMs(): number {
  const [first = ""] = readFileSync("/proc/stat", "utf8").split("\n");
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = first
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq + steal) * TICK_MS;
}

/** CPU milliseconds of this process: all threads, the collector's among them. */
export function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function timesOf(pid: string): Times | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in brackets may hold spaces; proc(5) counts state as field 3 and utime as field 14.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = fields.slice(11, 15).reduce((total, field) => total + Number(field), 0);
    return { parent: Number(fields[1]), ms: ticks * TICK_MS };
  } catch {
    return undefined; // It ended while we were reading.
  }
}
