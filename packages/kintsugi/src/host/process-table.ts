/** What the operating system knows of its processes: one adapter each. */

import type { ProcessSample } from "./ports.ts";

export interface ProcessStatus {
  /** When it started, in the kernel's own ticks. */
  readonly startTicks: string;
  /** False for a zombie and for what is being buried: it holds a pid and does nothing any more. */
  readonly alive: boolean;
  /** The process group: the pid of the process that leads it. */
  readonly group: number;
}

export interface ProcessTable {
  readonly bootId: string;
  /** Undefined when no process has this pid. */
  status(pid: number): ProcessStatus | undefined;
  sample(pid: number): ProcessSample | undefined;
  /** The environment that it was started with; undefined when it is not ours to read. */
  environment(pid: number): string | undefined;
  pids(): readonly number[];
}
