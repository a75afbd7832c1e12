/** The process table of a simulated machine, as one of its programs sees it. */

import type { Cancel } from "@kintsugi/policy/base";

import type {
  ExitReason,
  MarkedProcess,
  Processes,
  ProcessHandle,
  ProcessIdentity,
  ProcessSample,
  ProcessSpec,
} from "../../host/index.ts";
import { missing, type SimulatedDisk } from "./simulated-files.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** A process as the table knows it. */
export interface ListedProcess extends ProcessSample {
  readonly identity: ProcessIdentity;
  readonly env: Readonly<Record<string, string>>;
  readonly alive: boolean;
  /** How it ended; undefined while it lives. */
  readonly reason: ExitReason | undefined;
  kill(signal: "SIGTERM" | "SIGKILL"): boolean;
  /** Lets `fn` happen to it: now, when it answers again, or never. */
  deliver(fn: () => void): void;
  onEnd(fn: () => void): Cancel;
}

/** What all processes of the machine share. */
export interface ProcessTable {
  readonly clock: VirtualClock;
  readonly disk: SimulatedDisk;
  /** All living processes, oldest first. */
  readonly living: readonly ListedProcess[];
  find(identity: ProcessIdentity): ListedProcess | undefined;
  /** Starts the program that fits, its code after so long; undefined when none fits. */
  launch(spec: ProcessSpec, bootMs: number): ListedProcess | undefined;
  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number;
}

/** From fork to the first line of a small Node program. */
const SHORTEST_BOOT_MS = 20;
const LONGEST_BOOT_MS = 60;

/** A parent hears of the end of its child about as fast as the kernel can bury a Node process. */
const EXIT_SEEN_MS = 20;

/** The longest that the end of an adopted process may go unseen: the port's promise. */
const ADOPTED_END_SEEN_MS = 250;

export function processesOf(table: ProcessTable, parent: ListedProcess): Processes {
  return {
    self: parent.identity,
    spawn: (spec) => spawn(table, parent, spec),
    adopt: (identity) => ({ identity, exited: untilSeenGone(table, parent, identity) }),
    isAlive: (identity) => table.find(identity) !== undefined,
    signal: (identity, signal) => parent.alive && (table.find(identity)?.kill(signal) ?? false),
    sample(identity) {
      const found = table.find(identity);
      return found && { rssBytes: found.rssBytes, cpuMs: found.cpuMs };
    },
    findMarked: (name, value) =>
      table.living
        .filter(({ env }) => env[name] === value)
        .map(({ identity, env }): MarkedProcess => ({ identity, env, leader: true })),
  };
}

function spawn(table: ProcessTable, parent: ListedProcess, spec: ProcessSpec): ProcessHandle {
  if (!parent.alive) return { identity: undefined, exited: new Promise(() => {}) };
  const failed = (message: string): ProcessHandle => ({
    identity: undefined,
    exited: told(table, parent, 0, { kind: "spawn-failed", message }),
  });
  const noLog = [spec.stdoutFile, spec.stderrFile].find((file) => !table.disk.canHold(file));
  if (noLog !== undefined) {
    return failed(`The log ${noLog} cannot be opened: ${missing(noLog).message}`);
  }
  const child = table.launch(spec, table.between(SHORTEST_BOOT_MS, LONGEST_BOOT_MS));
  if (!child) return failed(`The program "${spec.command}" was not found`);
  return { identity: child.identity, exited: untilExit(table, parent, child) };
}

async function untilExit(
  table: ProcessTable,
  parent: ListedProcess,
  child: ListedProcess,
): Promise<ExitReason> {
  await new Promise<void>((resolve) => child.onEnd(resolve));
  return told(table, parent, EXIT_SEEN_MS, child.reason ?? { kind: "unknown" });
}

async function untilSeenGone(
  table: ProcessTable,
  parent: ListedProcess,
  identity: ProcessIdentity,
): Promise<ExitReason> {
  const process = table.find(identity);
  if (process) await new Promise<void>((resolve) => process.onEnd(resolve));
  const seenAfterMs = process ? table.between(0, ADOPTED_END_SEEN_MS) : 0;
  return told(table, parent, seenAfterMs, { kind: "unknown" });
}

/** What the parent hears, if it is still there by then. */
function told(
  table: ProcessTable,
  parent: ListedProcess,
  afterMs: number,
  reason: ExitReason,
): Promise<ExitReason> {
  return new Promise((resolve) => {
    table.clock.after(afterMs, () => parent.deliver(() => resolve(reason)));
  });
}
