/** Starts the watchdog of a program, and gets the line to it. */

import { sleep } from "@kintsugi/policy/base";

import type { ExitReason, InstancePaths, ProcessHandle } from "../host/index.ts";
import {
  type Follower,
  type FollowerHooks,
  followWatchdog,
  type WatchdogProgramOptions,
  watchdogProgram,
} from "../watchdog/index.ts";
import type { CommandContext } from "./context.ts";
import { CommandError, FAILED, WRONG } from "./exit-codes.ts";
import { alreadyRuns } from "./instance.ts";
import { ANSWER_PATIENCE_MS, within } from "./take-down.ts";
import { span } from "./text.ts";

export type StartOptions = Omit<WatchdogProgramOptions, "boot" | "program"> & {
  /**
   * The program was up before: nobody typed this start, and any watchdog that answers will do.
   * @defaultValue false
   */
  readonly boot?: boolean;
};

/** Exit codes of the processes behind, from sysexits.h. */
export const REFUSED_CONFIGURATION = 78;
const LOCK_HELD = 75;

/** Time in which a watchdog must answer after its start. */
const PATIENCE_MS = 20_000;

/** Starts in a row of a watchdog that is killed before it answers; then the machine is in trouble. */
const MOST_STARTS = 10;

const LOOK_MS = 25;

/** How much of the watchdog's log is read for its last words. */
const LAST_WORDS_BYTES = 4_096;

/** @throws {@link CommandError} when it does not start, saying why. */
export async function startWatchdog(
  context: CommandContext,
  options: StartOptions,
  hooks: FollowerHooks,
): Promise<Follower> {
  const { host, interrupted, watchdog } = context;
  const { boot = false, paths } = options;
  for (let starts = 1; ; starts += 1) {
    interrupted.throwIfAborted();
    const spec = watchdogProgram({ ...options, ...(watchdog && { program: watchdog }) });
    const answer = await untilAnswer(context, options, hooks, host.processes.spawn(spec));
    if (!("kind" in answer)) return answer;
    const isRace = answer.kind === "signalled" || codeOf(answer) === LOCK_HELD;
    if (!boot || !isRace || starts === MOST_STARTS) {
      throw whyNot(answer, paths, host.files.tail(spec.stderrFile, LAST_WORDS_BYTES));
    }
    await sleep(host.clock, LOOK_MS * starts, interrupted);
  }
}

/**
 * The line to the watchdog that listens; undefined when there is none, it is another than `pid`, or it
 * does not greet in time, as one that hangs or was stopped by a signal.
 * Its hooks hear of nothing in that case.
 */
export async function dial(
  { host }: CommandContext,
  paths: InstancePaths,
  hooks: FollowerHooks,
  pid?: number,
  patienceMs: number = ANSWER_PATIENCE_MS,
): Promise<Follower | undefined> {
  const greeted = Promise.withResolvers<boolean>();
  let isWanted = false;
  const follower = await followWatchdog(host, paths, {
    onView(view) {
      isWanted = pid === undefined || view.watchdogPid === pid;
      if (isWanted) hooks.onView?.(view);
      greeted.resolve(isWanted);
    },
    onEvent(event) {
      if (isWanted) hooks.onEvent?.(event);
    },
  }).catch(() => undefined); // Nobody listens, or not yet.
  if (!follower) return undefined;
  const answer = Promise.race([greeted.promise, follower.ended.then(() => false)]);
  if (await within(host.clock, patienceMs, answer)) return follower;
  follower.close();
  return undefined;
}

/** The line to the watchdog, or how its process ended before it answered. */
async function untilAnswer(
  context: CommandContext,
  { boot, paths }: StartOptions,
  hooks: FollowerHooks,
  { identity, exited }: ProcessHandle,
): Promise<Follower | ExitReason> {
  const { host, interrupted } = context;
  const startedMs = host.clock.monotonicMs();
  let exit: ExitReason | undefined;
  void exited.then((reason) => {
    exit = reason;
  });
  for (;;) {
    const leftMs = PATIENCE_MS - (host.clock.monotonicMs() - startedMs);
    if (leftMs <= 0) break;
    const pid = boot ? undefined : identity?.pid;
    const patienceMs = Math.min(leftMs, ANSWER_PATIENCE_MS);
    const follower = await dial(context, paths, hooks, pid, patienceMs);
    if (follower) return follower;
    if (exit) return exit;
    await sleep(host.clock, LOOK_MS, interrupted);
  }
  throw new CommandError(
    FAILED,
    `The watchdog did not answer within ${span(PATIENCE_MS)}: \`kintsugi logs watchdog\` may say why`,
  );
}

const codeOf = (exit: ExitReason): number | undefined =>
  exit.kind === "exited" ? exit.code : undefined;

function whyNot(exit: ExitReason, paths: InstancePaths, log: string): CommandError {
  const words = log.split("\n").findLast((line) => line.trim() !== "") ?? "";
  switch (exit.kind) {
    case "spawn-failed":
      return new CommandError(FAILED, exit.message);
    case "signalled":
      return new CommandError(
        FAILED,
        `The watchdog was ended by ${exit.signal} before it answered`,
      );
    case "unknown":
      return new CommandError(FAILED, "The watchdog ended before it answered");
    case "exited":
      if (exit.code === LOCK_HELD) return alreadyRuns(paths, undefined);
      if (exit.code === 0) return new CommandError(FAILED, "It was stopped while it started");
      return new CommandError(exit.code === REFUSED_CONFIGURATION ? WRONG : FAILED, words);
  }
}
