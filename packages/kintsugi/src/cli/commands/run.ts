/** `kintsugi run`: starts one run and follows it to its end. */

import { sleep } from "@kintsugi/policy/base";

import type { InstancePaths } from "../../host/index.ts";
import {
  type Client,
  NotFoundError,
  NotRunningError,
  RequestFailedError,
} from "../../server/client/index.ts";
import { livingProcesses } from "../../watchdog/index.ts";
import type { CommandContext } from "../context.ts";
import { CommandError, DONE, FAILED, NOT_RUNNING, WRONG } from "../exit-codes.ts";
import { clientOf } from "../instance.ts";
import { type PlaceOptions, pathsOfPlace } from "../place.ts";
import { jsonLines, shortened, span } from "../text.ts";

export interface RunOptions extends PlaceOptions {
  readonly workflow: string;
  /** JSON as it was typed. @defaultValue none: the workflow's input is undefined */
  readonly input?: string;
  /** Names the run: the same id finds the run that there is. @defaultValue the server chooses one */
  readonly id?: string;
  /** Prints the run as a program reads it, alone on stdout. */
  readonly json: boolean;
  /** Follows the run to its end. */
  readonly wait: boolean;
}

type Run = Awaited<ReturnType<Client["run"]>>;

const LOOK_MS = 250;

/** Letters of a wrong input that are said again. */
const MOST_ECHOED = 80;

/** A refusal by one of these says that what was typed cannot be done, and never will be. */
const WRONGLY_ASKED: readonly number[] = [400, 409, 413];

/** 0 when the run has completed, or was only to be started; 1 when it ended otherwise or is left going. */
export async function run(context: CommandContext, options: RunOptions): Promise<number> {
  const { terminal } = context;
  const input = inputOf(options.input);
  const paths = await pathsOfPlace(context, options);
  const say = options.json ? terminal.err : terminal.out;
  const started = await start(context, clientOf(context, paths), options, input);
  if (!options.wait) {
    if (options.json) for (const line of jsonLines(started)) terminal.out(line);
    else say(`Run ${started.id} is ${wordOf(started)}; ${showing(started)}`);
    return DONE;
  }
  say(`Run ${started.id} of ${started.workflow} (Ctrl-C leaves it going)`);
  const end = await follow(context, paths, started, say);
  if (options.json) for (const line of jsonLines(end)) terminal.out(line);
  say(endOf(end));
  return end.status === "completed" ? DONE : FAILED;
}

function inputOf(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    const how = `a text stands in two kinds of quotes, '"mending"', and so does a key, '{"topic":"mending"}'`;
    const given = shortened(text, MOST_ECHOED);
    throw new CommandError(
      WRONG,
      `The input ${given} is no JSON as the shell passed it on: ${how}`,
    );
  }
}

async function start(
  { interrupted }: CommandContext,
  client: Client,
  { workflow, id }: RunOptions,
  input: unknown,
): Promise<Run> {
  try {
    return await client.startRun(workflow, input, id === undefined ? {} : { id });
  } catch (error) {
    if (interrupted.aborted) {
      const message = "It did not answer yet: `kintsugi runs` shows whether the run was started";
      throw new CommandError(FAILED, message, error);
    }
    const isWrong =
      error instanceof NotFoundError ||
      (error instanceof RequestFailedError && WRONGLY_ASKED.includes(error.status));
    throw isWrong ? new CommandError(WRONG, error.message, error) : error;
  }
}

/** Looks until it has ended or the person leaves; a runtime that is killed meanwhile is waited for. */
async function follow(
  context: CommandContext,
  paths: InstancePaths,
  started: Run,
  say: (line: string) => void,
): Promise<Run> {
  const { host, interrupted, terminal } = context;
  let seen = started;
  let tenthsSaid = 0;
  let isAway = false;
  while (seen.status === "running") {
    const tenths = tenthsOf(seen);
    if (tenths > tenthsSaid) say(progressLine(seen, tenths));
    tenthsSaid = Math.max(tenths, tenthsSaid);
    await sleep(host.clock, LOOK_MS, interrupted).catch(() => {}); // Ctrl-C: the next line.
    if (interrupted.aborted || terminal.closed) return seen;
    const found = await look(context, paths, started.id);
    if (found === undefined && !isAway && !interrupted.aborted) {
      say("The runtime does not answer; the run goes on where it was when the next one is ready");
    }
    isAway = found === undefined;
    seen = found ?? seen;
  }
  return seen;
}

/** Undefined while the program is about to come back. @throws {@link CommandError} when it is not. */
async function look(
  context: CommandContext,
  paths: InstancePaths,
  id: string,
): Promise<Run | undefined> {
  try {
    return await clientOf(context, paths).run(id);
  } catch (error) {
    const isGone =
      error instanceof NotRunningError ||
      (error instanceof CommandError && error.exitCode === NOT_RUNNING);
    if (!isGone) throw error;
    if (livingProcesses(context.host, paths.instance).length > 0) return undefined;
    const message = `The program was stopped; \`kintsugi up\` starts it, and run ${id} goes on where it was`;
    throw new CommandError(NOT_RUNNING, message, error);
  }
}

/** How many tenths are done, 0 to 10; 0 for a run that does not say. */
const tenthsOf = ({ progress }: Run): number =>
  progress && progress.total > 0
    ? Math.min(10, Math.floor((10 * progress.done) / progress.total))
    : 0;

function progressLine({ progress }: Run, tenths: number): string {
  const { done = 0, total = 0, note = "" } = progress ?? {};
  return `${String(tenths * 10).padStart(4)} %  ${done}/${total}  ${note}`.trimEnd();
}

function endOf(run: Run): string {
  const { id, status, createdAtMs, endedAtMs, stepsRecorded, error } = run;
  const took = endedAtMs === null ? "" : ` after ${span(endedAtMs - createdAtMs)}`;
  const steps = stepsRecorded === 1 ? "1 step" : `${stepsRecorded} steps`;
  switch (status) {
    case "running":
      return `Left run ${id} going; ${showing(run)}`;
    case "completed":
      return `Run ${id} has completed${took}, with ${steps} recorded`;
    case "cancelled":
      return `Run ${id} was cancelled${took}, with ${steps} recorded`;
    case "dead": {
      const step = error?.step ? ` in step ${error.step}` : "";
      const why = error ? `: ${error.name}: ${error.message}${step}` : "";
      return `Run ${id} is ${wordOf(run)}${took}${why}; ${showing(run)}`;
    }
  }
}

const wordOf = ({ status, deadReason }: Run): string =>
  deadReason === null ? status : `${status} (${deadReason})`;

const showing = ({ id }: Run): string => `\`kintsugi runs ${id}\` shows it`;
