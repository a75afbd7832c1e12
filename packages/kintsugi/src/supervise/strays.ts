/** Ends processes of ours that belong to no component: by their identity or group, never by a bare pid. */

import { sleep } from "@kintsugi/policy/base";

import type { Host, MarkedProcess, ProcessIdentity } from "../host/index.ts";
import { COMPONENT_ROLE, MARKER } from "./marker.ts";

const LOOK_MS = 20;

/** A killed process is gone in milliseconds, unless it waits for a disk that does not answer. */
const LIMIT_MS = 5_000;

/** False also when the machine forbids it: a process that changed its user is not ours to end. */
export function signalIfAllowed(
  host: Host,
  identity: ProcessIdentity,
  name: "SIGTERM" | "SIGKILL",
  group: boolean,
): boolean {
  try {
    return host.processes.signal(identity, name, group);
  } catch {
    return false; // Whoever waits for its end waits no longer than its limit, and says so.
  }
}

/** Kills them, each with its group, and waits until they are gone: they may hold a port. */
export async function endStrays(host: Host, strays: readonly MarkedProcess[]): Promise<void> {
  for (const { identity, leader } of strays) signalIfAllowed(host, identity, "SIGKILL", leader);
  const isThere = (): boolean => strays.some(({ identity }) => host.processes.isAlive(identity));
  for (let waitedMs = 0; waitedMs < LIMIT_MS && isThere(); waitedMs += LOOK_MS) {
    await sleep(host.clock, LOOK_MS);
  }
}

/** Ends whatever still carries the mark of a component of this instance. */
export async function sweep(host: Host, instance: string): Promise<void> {
  const left = host.processes
    .findMarked(MARKER.instance, instance)
    .filter(({ env }) => env[MARKER.role] === COMPONENT_ROLE);
  await endStrays(host, left);
}
