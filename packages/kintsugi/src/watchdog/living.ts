/** Which processes of an instance live, and how they are brought to an end. */

import { sleep } from "@kintsugi/policy/base";

import type { Host, MarkedProcess, ProcessIdentity } from "../host/index.ts";
import { INSTANCE_MARKER, ROLE_MARKER } from "./programs.ts";

export type Role = "watchdog" | "runtime" | "component";

/** All living processes of the instance but the one that asks. */
export function livingProcesses(host: Host, instance: string): readonly MarkedProcess[] {
  const { pid } = host.processes.self;
  return host.processes
    .findMarked(INSTANCE_MARKER, instance)
    .filter(({ identity }) => identity.pid !== pid);
}

export const hasRole = ({ env }: MarkedProcess, role: Role): boolean => env[ROLE_MARKER] === role;

export interface SweepOptions {
  readonly instance: string;
  /** Time for an orderly end; 0 kills at once. */
  readonly graceMs: number;
  /** Whom it is for. @defaultValue all of the instance */
  readonly role?: Role;
}

/** How often a sweep looks who is left. */
const LOOK_MS = 50;

/** Looks in a row that must find nobody: a process may be on its way from one to the next. */
const EMPTY_LOOKS = 2;

/** Time after the grace in which SIGKILL must have done its work. */
const KILL_PATIENCE_MS = 10_000;

/**
 * Ends all processes of an instance, first by SIGTERM, after the grace by SIGKILL, each with its group.
 * Resolves with those that live on all the same: none, but for a machine in trouble.
 */
export async function sweep(host: Host, options: SweepOptions): Promise<readonly MarkedProcess[]> {
  const { clock } = host;
  const startedMs = clock.monotonicMs();
  const asked = new Set<number>();
  let emptyLooks = 0;
  for (;;) {
    const left = livingProcesses(host, options.instance).filter(
      (each) => options.role === undefined || hasRole(each, options.role),
    );
    emptyLooks = left.length === 0 ? emptyLooks + 1 : 0;
    const spentMs = clock.monotonicMs() - startedMs;
    if (emptyLooks === EMPTY_LOOKS || spentMs > options.graceMs + KILL_PATIENCE_MS) return left;
    for (const each of left) end(host, each, spentMs >= options.graceMs, asked);
    await sleep(clock, LOOK_MS);
  }
}

function end(host: Host, found: MarkedProcess, force: boolean, asked: Set<number>): void {
  const { identity, leader } = found;
  if (force) {
    signal(host, identity, "SIGKILL", leader);
  } else if (!asked.has(identity.pid)) {
    asked.add(identity.pid);
    signal(host, identity, "SIGTERM", leader);
  }
}

/** False also when the machine forbids it: a process that changed its user is not ours to end. */
export function signal(
  host: Host,
  identity: ProcessIdentity,
  name: "SIGTERM" | "SIGKILL",
  group: boolean,
): boolean {
  try {
    return host.processes.signal(identity, name, group);
  } catch {
    return false; // It is still found at the next look, and told to the person at the end.
  }
}
