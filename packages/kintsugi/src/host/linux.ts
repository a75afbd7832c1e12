/** Processes as Linux tells of them in /proc: see proc(5), proc_pid_stat(5) and getauxval(3). */

import { readdirSync, readFileSync } from "node:fs";

import { errnoOf } from "./errno.ts";
import type { ProcessSample } from "./ports.ts";
import type { ProcessStatus, ProcessTable } from "./process-table.ts";

/** Sizes that the kernel gives to every program at its start. */
interface KernelUnits {
  readonly pageBytes: number;
  readonly ticksPerSecond: number;
}

/** Keys of the auxiliary vector. */
const AT_PAGESZ = 6n;
const AT_CLKTCK = 17n;

/** Where the fields of /proc/pid/stat stand behind the name of the program, counted from its state. */
const STATE = 0;
const GROUP = 2;
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;
const START_TICKS = 19;

export function linuxProcessTable(): ProcessTable {
  const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  const units = kernelUnits();
  return {
    bootId,
    status(pid) {
      const fields = statFields(pid);
      return fields && toStatus(fields);
    },
    sample(pid) {
      const fields = statFields(pid);
      const memory = readProc(`/proc/${pid}/statm`);
      return fields && memory !== undefined ? toSample(fields, memory, units) : undefined;
    },
    environment: (pid) => readProc(`/proc/${pid}/environ`),
    pids: () => readdirSync("/proc").filter(isNumber).map(Number),
  };
}

function toStatus(fields: readonly string[]): ProcessStatus {
  const state = fields[STATE];
  return {
    startTicks: fields[START_TICKS] ?? "",
    alive: state !== "Z" && state !== "X" && state !== "x",
    group: Number(fields[GROUP]),
  };
}

function toSample(fields: readonly string[], memory: string, units: KernelUnits): ProcessSample {
  const [, residentPages = "0"] = memory.split(" ");
  const ticks = Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS]);
  return {
    rssBytes: Number(residentPages) * units.pageBytes,
    cpuMs: (ticks * 1_000) / units.ticksPerSecond,
  };
}

/** The program's name stands in brackets and may hold anything, brackets and spaces too. */
function statFields(pid: number): readonly string[] | undefined {
  const text = readProc(`/proc/${pid}/stat`);
  return text?.slice(text.lastIndexOf(")") + 2).split(" ");
}

/** Processes end while they are looked at, and some are not ours: both are simply not there. */
function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" || errno === "ESRCH" || errno === "EACCES" || errno === "EPERM") {
      return undefined;
    }
    throw error;
  }
}

/** Pages are 16 or 64 KB on some ARM machines, so the size is asked for. */
function kernelUnits(): KernelUnits {
  const units = { pageBytes: 4_096, ticksPerSecond: 100 };
  const vector = readFileSync("/proc/self/auxv");
  for (let at = 0; at + 16 <= vector.length; at += 16) {
    const key = vector.readBigUInt64LE(at);
    const value = Number(vector.readBigUInt64LE(at + 8));
    if (key === AT_PAGESZ) units.pageBytes = value;
    if (key === AT_CLKTCK) units.ticksPerSecond = value;
  }
  return units;
}

const isNumber = (name: string): boolean => /^\d+$/.test(name);
