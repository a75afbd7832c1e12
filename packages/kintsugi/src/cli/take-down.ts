/** Stops everything of an instance, whatever of it lives: what `down` and Ctrl-C do. */

import { type Clock, orAborted, sleep, toError } from "@kintsugi/policy/base";

import type { InstancePaths, MarkedProcess } from "../host/index.ts";
import {
  engageKillSwitch,
  followWatchdog,
  hasRole,
  livingProcesses,
  type StopRequest,
  sweep,
} from "../watchdog/index.ts";
import type { CommandContext } from "./context.ts";
import { DONE, FAILED } from "./exit-codes.ts";

/** A watchdog answers at once, or after a slow disk has taken the kill switch: later, it hangs. */
export const ANSWER_PATIENCE_MS = 10_000;

/** The watchdog has its own, shorter patience with the runtime and with what that leaves behind. */
const WATCHDOG_PATIENCE_MS = 45_000;

/** Time for an orderly end, where no watchdog does it. */
const RUNTIME_GRACE_MS = 20_000;
const REST_GRACE_MS = 5_000;

/**
 * Engages the kill switch, then ends all processes: by the watchdog where one answers, and by hand what
 * lives all the same. A second Ctrl-C kills. Resolves with those that live on: none, as a rule.
 */
export async function takeDown(
  context: CommandContext,
  paths: InstancePaths,
  request: StopRequest,
): Promise<readonly MarkedProcess[]> {
  const { host, insisted } = context;
  const { instance } = paths;
  engageOrSay(context, paths, request);
  try {
    await orAborted(takeDownGently(context, paths, request), insisted);
  } catch (error) {
    if (!insisted.aborted) throw error;
  }
  const graceMs = insisted.aborted ? 0 : REST_GRACE_MS;
  return sweep(host, { instance, graceMs });
}

/** False when the switch cannot be written, of which the person is told: on a full disk, for one. */
export function engageOrSay(
  { host, terminal }: CommandContext,
  paths: InstancePaths,
  request: StopRequest,
): boolean {
  try {
    engageKillSwitch(host.files, paths.killSwitch, request, host.clock.epochMs());
    return true;
  } catch (error) {
    const { message } = toError(error);
    terminal.err(
      `The kill switch cannot be written, so a boot service may start it again: ${message}`,
    );
    return false;
  }
}

async function takeDownGently(
  { host }: CommandContext,
  paths: InstancePaths,
  request: StopRequest,
): Promise<void> {
  const { instance } = paths;
  const follower = await followWatchdog(host, paths).catch(() => undefined); // It is dead already.
  if (follower) {
    const answer = await within(host.clock, ANSWER_PATIENCE_MS, follower.stop(request));
    // One that hangs, or was stopped by a signal, ends nothing: it is ended with the rest.
    if (answer !== undefined) await within(host.clock, WATCHDOG_PATIENCE_MS, follower.ended);
    follower.close();
  }
  // The runtime first: it stops its components in order.
  if (livingProcesses(host, instance).some((each) => hasRole(each, "runtime"))) {
    await sweep(host, { instance, role: "runtime", graceMs: RUNTIME_GRACE_MS });
  }
}

/** What `work` comes to, or undefined when that takes longer than `ms`. */
export async function within<T>(
  clock: Clock,
  ms: number,
  work: Promise<T>,
): Promise<T | undefined> {
  const timer = new AbortController();
  const late = sleep(clock, ms, timer.signal).then(
    () => undefined,
    () => undefined, // The work was done first.
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}

/** Says how a stop went; the exit code of it. */
export function reportLeft({ terminal }: CommandContext, left: readonly MarkedProcess[]): number {
  if (left.length === 0) {
    terminal.out("Stopped");
    return DONE;
  }
  const pids = left.map(({ identity }) => identity.pid).join(", ");
  terminal.err(`These processes could not be ended: ${pids}; end them by hand, perhaps as root`);
  return FAILED;
}
