/** What is known of an instance from its files, and the way to its API. */

import type { InstancePaths } from "../host/index.ts";
import { type Client, createClient } from "../server/client/index.ts";
import { type KillSwitch, readIdentity, readKillSwitch } from "../watchdog/index.ts";
import type { CommandContext } from "./context.ts";
import { CommandError, FAILED, NOT_RUNNING } from "./exit-codes.ts";
import { dateTime } from "./text.ts";

/** The API of the running program. @throws {@link CommandError} when nothing runs. */
export function clientOf(context: CommandContext, paths: InstancePaths): Client {
  const { host } = context;
  const identity = readIdentity(host.files, paths.runtimeFile);
  const url = identity && host.processes.isAlive(identity) ? identity.url : null;
  if (url === null) throw notRunning(context, paths);
  const token = host.files.read(paths.cliToken)?.trim();
  return createClient({ url, ...(token && { token }), fetch: untilInterrupted(context) });
}

/** A runtime that hangs answers after minutes or never: Ctrl-C ends the wait. */
function untilInterrupted({ host, interrupted }: CommandContext): CommandContext["host"]["fetch"] {
  return (address, request) => {
    const signal = request?.signal ? AbortSignal.any([request.signal, interrupted]) : interrupted;
    return host.fetch(address, { ...request, signal });
  };
}

/** The one sentence for a program that is not there, and why, as far as that is known. */
export function notRunning({ host }: CommandContext, paths: InstancePaths): CommandError {
  const found = readKillSwitch(host.files, paths.killSwitch);
  const why = found.kind === "released" ? "" : ` ${whyStopped(found)}`;
  const hint =
    found.kind === "released" || (found.kind === "engaged" && found.form === "down")
      ? "`kintsugi up` starts it"
      : "`kintsugi resume` lifts the kill switch";
  return new CommandError(
    NOT_RUNNING,
    `Nothing runs on the data folder ${paths.dataDir}: ${hint}.${why}`,
  );
}

/** Who engaged the switch, when and why; or that nobody can tell. */
export function whyStopped(found: Exclude<KillSwitch, { kind: "released" }>): string {
  if (found.kind === "unreadable") {
    return `The kill switch cannot be read (${found.reason}), which counts as stopped.`;
  }
  const verb = found.form === "kill" ? "Killed" : "Stopped";
  return `${verb} by ${found.by} on ${dateTime(found.atMs)}: ${found.why}.`;
}

/** The sentence for a second `up` on one data folder. */
export const alreadyRuns = (paths: InstancePaths, pid: number | undefined): CommandError =>
  new CommandError(
    FAILED,
    `It runs already on the data folder ${paths.dataDir}${pid === undefined ? "" : ` (pid ${pid})`}: ` +
      "`kintsugi status` shows it, `kintsugi down` stops it",
  );
