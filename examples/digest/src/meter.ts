/** What processes cost, read from /proc now and then: see proc_pid_stat(5) and proc_pid_status(5). */

import { readFileSync } from "node:fs";

export interface Cost {
  /** Of all processes together. */
  readonly cpuMs: number;
  /** The most that all of them held at one time. */
  readonly peakBytes: number;
}

export interface Measured {
  readonly pid: number;
  /** When it was started, in ticks: a pid that is used again is another process. */
  readonly startTicks?: string;
}

export interface Meter {
  /** Undefined where nothing could be read: not on Linux, or nothing was there. */
  stop(): Cost | undefined;
}

const LOOK_MS = 100;
/** Linux tells times in this unit to every program, whatever the kernel's own is. */
const TICK_MS = 10;
/** Where fields stand in /proc/pid/stat behind the program's name, counted from the state. */
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;
const START_TICKS = 19;

/** What a process used after the last look, up to 100 ms, is not counted. */
export function startMeter(processes: () => readonly Measured[]): Meter {
  const cpuMs = new Map<string, number>();
  let peakBytes = 0;
  const look = (): void => {
    let bytes = 0;
    for (const each of processes()) {
      const sample = sampleOf(each);
      if (!sample) continue;
      cpuMs.set(sample.life, sample.cpuMs);
      bytes += sample.bytes;
    }
    peakBytes = Math.max(peakBytes, bytes);
  };
  look();
  const timer = setInterval(look, LOOK_MS);
  timer.unref(); // A start that is given up stops no meter, and must end all the same.
  return {
    stop() {
      clearInterval(timer);
      look();
      if (cpuMs.size === 0) return undefined;
      return { cpuMs: [...cpuMs.values()].reduce((sum, ms) => sum + ms, 0), peakBytes };
    },
  };
}

/** Undefined when the process has gone. */
function sampleOf({ pid, startTicks }: Measured) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (startTicks !== undefined && fields[START_TICKS] !== startTicks) return undefined;
    const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return {
      life: `${pid}/${fields[START_TICKS]}`,
      cpuMs: (Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS])) * TICK_MS,
      bytes: Number(kilobytes ?? 0) * 1024,
    };
  } catch {
    return undefined; // Processes end while they are looked at.
  }
}
