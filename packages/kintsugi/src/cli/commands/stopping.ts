/** `kintsugi down`, `kill`, `resume` and `restart`. */

import type { InstancePaths } from "../../host/index.ts";
import {
  followWatchdog,
  type LineEnd,
  livingProcesses,
  readKillSwitch,
  releaseKillSwitch,
  sweep,
} from "../../watchdog/index.ts";
import { type CommandContext, whoTypes } from "../context.ts";
import { CommandError, DONE, FAILED, NOT_RUNNING } from "../exit-codes.ts";
import { notRunning } from "../instance.ts";
import { type PlaceOptions, pathsOfPlace } from "../place.ts";
import { ANSWER_PATIENCE_MS, engageOrSay, reportLeft, takeDown, within } from "../take-down.ts";

export interface StopOptions extends PlaceOptions {
  readonly why?: string;
}

/** Time for the next runtime to be ready after a restart. */
const RESTART_PATIENCE_MS = 90_000;

const NO_ANSWER =
  "The watchdog lives, but does not answer: `kintsugi down` ends it with everything, by force";

/**
 * Stops everything in order and engages the switch, also where nothing runs: something may be about to
 * start it again.
 */
export async function down(context: CommandContext, options: StopOptions): Promise<number> {
  const { host, terminal } = context;
  const paths = await pathsOfPlace(context, options);
  const request = { form: "down", by: whoTypes(context), why: options.why ?? "down" } as const;
  if (livingProcesses(host, paths.instance).length > 0) {
    return reportLeft(context, await takeDown(context, paths, request));
  }
  const isEngaged = !host.files.exists(paths.dataDir) || engageOrSay(context, paths, request);
  terminal.err(`Nothing runs on the data folder ${paths.dataDir}`);
  return isEngaged ? NOT_RUNNING : FAILED;
}

/** Engages the switch in the form that only `resume` lifts, and kills everything at once. */
export async function kill(context: CommandContext, options: StopOptions): Promise<number> {
  const { host, terminal } = context;
  const paths = await pathsOfPlace(context, options);
  const request = { form: "kill", by: whoTypes(context), why: options.why ?? "kill" } as const;
  requireFolder(context, paths);
  const isEngaged = engageOrSay(context, paths, request); // Without a switch we kill all the same.
  const { length } = livingProcesses(host, paths.instance);
  const left = await sweep(host, { instance: paths.instance, graceMs: 0 });
  if (left.length > 0) return reportLeft(context, left);
  const processes = length === 1 ? "1 process" : `${length} processes`;
  const what = length === 0 ? "Nothing was running" : `Killed ${processes}`;
  terminal.out(isEngaged ? `${what}; \`kintsugi resume\` lifts the kill switch` : what);
  return isEngaged ? DONE : FAILED;
}

/** Lifts the kill switch, whatever its form. Starts nothing. */
export async function resume(context: CommandContext, options: PlaceOptions): Promise<number> {
  const { host, terminal } = context;
  const paths = await pathsOfPlace(context, options);
  if (readKillSwitch(host.files, paths.killSwitch).kind === "released") {
    terminal.out("The kill switch is not engaged");
    return DONE;
  }
  releaseKillSwitch(host.files, paths.killSwitch);
  terminal.out("The kill switch is lifted; `kintsugi up` starts the program");
  return DONE;
}

/** Starts the runtime anew, and waits until it is ready. */
export async function restartRuntime(
  context: CommandContext,
  options: StopOptions,
): Promise<number> {
  const { host, terminal } = context;
  const paths = await pathsOfPlace(context, options);
  const ready = Promise.withResolvers<number>();
  let before: number | null | undefined; // Null while it waits for its next start.
  const follower = await followWatchdog(host, paths, {
    onView({ phase, runtimePid }) {
      if (before === undefined) before = runtimePid;
      else if (phase === "running" && runtimePid !== before) ready.resolve(runtimePid ?? 0);
    },
  }).catch(() => undefined); // Nobody listens: the next line says so.
  if (!follower) throw notRunning(context, paths);
  const asked = follower.restart(whoTypes(context), options.why ?? "restart");
  if ((await within(host.clock, ANSWER_PATIENCE_MS, asked)) === undefined) {
    follower.close();
    throw new CommandError(FAILED, NO_ANSWER);
  }
  const end = await within(
    host.clock,
    RESTART_PATIENCE_MS,
    Promise.race([ready.promise, follower.ended]),
  );
  follower.close();
  if (typeof end !== "number") throw new CommandError(FAILED, whyNotRestarted(end));
  terminal.out(`The runtime was restarted (pid ${end})`);
  return DONE;
}

function whyNotRestarted(end: LineEnd | undefined): string {
  if (end === undefined) return "It was not ready in time; `kintsugi logs runtime` may say why";
  return end.kind === "lost" ? "The watchdog was lost while it restarted" : end.message;
}

function requireFolder({ host }: CommandContext, { dataDir }: InstancePaths): void {
  if (host.files.exists(dataDir)) return;
  throw new CommandError(NOT_RUNNING, `There is no data folder ${dataDir}: it was never started`);
}
