/** Starting, watching and ending processes of this machine. */

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, statSync } from "node:fs";

import { toError } from "@kintsugi/policy/base";

import { errnoOf } from "./errno.ts";
import { processTable } from "./platform.ts";
import type {
  ExitReason,
  MarkedProcess,
  Processes,
  ProcessHandle,
  ProcessIdentity,
  ProcessSpec,
} from "./ports.ts";
import type { ProcessTable } from "./process-table.ts";

/** How often an adopted process is looked at. Its end must be seen within 250 ms. */
const ADOPTED_POLL_MS = 200;

/** The processes of this machine; its table is opened at the first use, so that others need none. */
export function systemProcesses(openTable: () => ProcessTable = processTable): Processes {
  let opened: ProcessTable | undefined;
  const table = (): ProcessTable => {
    opened ??= openTable();
    return opened;
  };
  const isAlive = ({ pid, startTicks, bootId }: ProcessIdentity): boolean => {
    if (bootId !== table().bootId) return false;
    const status = table().status(pid);
    return status?.startTicks === startTicks && status.alive;
  };
  return {
    get self() {
      return identityOf(table(), process.pid) ?? failToSeeOurselves();
    },
    spawn: (spec) => start(table, spec),
    adopt: (identity) => ({ identity, exited: untilGone(() => isAlive(identity)) }),
    isAlive,
    signal(identity, signal, group = false) {
      if (!group) return isAlive(identity) && kill(identity.pid, signal);
      return hasGroup(table(), identity) && kill(-identity.pid, signal);
    },
    sample: (identity) => (isAlive(identity) ? table().sample(identity.pid) : undefined),
    findMarked: (name, value) =>
      table()
        .pids()
        .flatMap((pid) => marked(table(), pid, name, value)),
  };
}

/** The kernel counts a process from its fork: a child has its identity before it runs. */
function identityOf(table: ProcessTable, pid: number): ProcessIdentity | undefined {
  const status = table.status(pid);
  return status && { pid, startTicks: status.startTicks, bootId: table.bootId };
}

function failToSeeOurselves(): never {
  throw new Error("This process does not see itself in /proc; mount it, and not with hidepid");
}

// --- starting ------------------------------------------------------------------------------------

function start(table: () => ProcessTable, spec: ProcessSpec): ProcessHandle {
  let child: ChildProcess | undefined;
  try {
    const ready = table();
    child = spawnDetached(spec);
    const exited = exitOf(child, spec);
    const identity = child.pid === undefined ? undefined : identityOf(ready, child.pid);
    child.unref();
    return { identity, exited };
  } catch (error) {
    child?.kill("SIGKILL"); // Nobody could watch what has no identity.
    return { identity: undefined, exited: Promise.resolve(spawnFailed(spec, error)) };
  }
}

function spawnDetached(spec: ProcessSpec): ChildProcess {
  const stdout = openSync(spec.stdoutFile, "a", 0o600);
  try {
    const stderr = openSync(spec.stderrFile, "a", 0o600);
    try {
      return spawn(spec.command, [...spec.args], {
        cwd: spec.cwd,
        env: { ...spec.env },
        detached: true,
        stdio: ["ignore", stdout, stderr],
      });
    } finally {
      closeSync(stderr);
    }
  } finally {
    closeSync(stdout);
  }
}

function exitOf(child: ChildProcess, spec: ProcessSpec): Promise<ExitReason> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(spawnFailed(spec, error)));
    child.once("exit", (code, signal) =>
      resolve(signal ? { kind: "signalled", signal } : { kind: "exited", code: code ?? 0 }),
    );
  });
}

function spawnFailed(spec: ProcessSpec, thrown: unknown): ExitReason {
  return { kind: "spawn-failed", message: whyNotStarted(spec, toError(thrown)) };
}

/** The kernel says ENOENT for a program, its folder and its log alike: a person needs to know which. */
function whyNotStarted(spec: ProcessSpec, error: Error): string {
  const { path = "", syscall = "" } = error as NodeJS.ErrnoException;
  if (syscall === "open") return `The log ${path} cannot be opened: ${error.message}`;
  switch (errnoOf(error)) {
    case "ENOENT":
    case "ENOTDIR":
      return isFolder(spec.cwd)
        ? `The program "${spec.command}" was not found`
        : `The folder ${spec.cwd}, in which "${spec.command}" should run, does not exist`;
    case "EACCES":
      return `The program "${spec.command}" may not be executed: permission denied`;
    default:
      return `The program "${spec.command}" could not be started: ${error.message}`;
  }
}

const isFolder = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

// --- watching and ending -------------------------------------------------------------------------

/** Nobody is told when a process ends that is not his child: he has to look. */
function untilGone(isAlive: () => boolean): Promise<ExitReason> {
  return new Promise((resolve) => {
    const gone = (): void => {
      clearInterval(poll);
      resolve({ kind: "unknown" });
    };
    const look = (): void => {
      try {
        if (!isAlive()) gone();
      } catch {
        // Nothing could be seen, for want of files for one: that is no proof of a death. Look again.
      }
    };
    const poll = setInterval(look, ADOPTED_POLL_MS).unref();
    look();
  });
}

/**
 * Whether somebody lives in the group that the process led. While anybody is in it, zombies too, the
 * kernel gives its number to no new process: a stranger under that number means the group is gone.
 */
function hasGroup(table: ProcessTable, { pid, startTicks, bootId }: ProcessIdentity): boolean {
  if (bootId !== table.bootId) return false;
  const leader = table.status(pid);
  if (leader && leader.startTicks !== startTicks) return false;
  if (leader?.alive) return leader.group === pid;
  return table.pids().some((other) => {
    const status = table.status(other);
    return status?.group === pid && status.alive;
  });
}

/** It may end between the look and the signal: then there was nobody left, as if we had come later. */
function kill(pid: number, signal: "SIGTERM" | "SIGKILL"): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if (errnoOf(error) === "ESRCH") return false;
    throw error;
  }
}

// --- finding -------------------------------------------------------------------------------------

function marked(
  table: ProcessTable,
  pid: number,
  name: string,
  value: string,
): readonly MarkedProcess[] {
  const text = table.environment(pid);
  if (!text?.includes(`${name}=${value}`)) return [];
  const env = parseEnvironment(text);
  const status = table.status(pid);
  if (env[name] !== value || !status?.alive) return [];
  const identity = { pid, startTicks: status.startTicks, bootId: table.bootId };
  return [{ identity, env, leader: status.group === pid }];
}

/** As the kernel keeps it: `NAME=value`, each ended by a zero. */
function parseEnvironment(text: string): Readonly<Record<string, string>> {
  const pairs = text.split("\0").flatMap((entry): [string, string][] => {
    const equals = entry.indexOf("=");
    return equals > 0 ? [[entry.slice(0, equals), entry.slice(equals + 1)]] : [];
  });
  return Object.fromEntries(pairs);
}
