/** `kintsugi runs cancel|signal|fork|rewind`: what is done about one run. */

import type { Client } from "../../server/client/index.ts";
import type { CommandContext } from "../context.ts";
import { CommandError, DONE, WRONG } from "../exit-codes.ts";
import { clientOf } from "../instance.ts";
import { type PlaceOptions, pathsOfPlace } from "../place.ts";
import { jsonLines, shortened } from "../text.ts";

export interface DeedOptions extends PlaceOptions {
  readonly id: string;
  readonly json: boolean;
}

type Run = Awaited<ReturnType<Client["run"]>>;

/** Letters of a wrong payload that are said again. */
const MOST_ECHOED = 80;

export async function cancelRun(context: CommandContext, options: DeedOptions): Promise<number> {
  const run = await (await clientAt(context, options)).cancelRun(options.id);
  return say(context, options, run, `${run.id} is ${run.status}`);
}

export async function signalRun(
  context: CommandContext,
  options: DeedOptions & { readonly name: string; readonly payload?: string },
): Promise<number> {
  const { id, name, payload } = options;
  const value = payload === undefined ? undefined : payloadOf(payload);
  const run = await (await clientAt(context, options)).signalRun(id, name, value);
  return say(context, options, run, `${run.id} has got "${name}"`);
}

export async function rewindRun(
  context: CommandContext,
  options: DeedOptions & { readonly fromStep: string },
): Promise<number> {
  const fromStep = stepOf(options.fromStep);
  const run = await (await clientAt(context, options)).rewindRun(options.id, { fromStep });
  return say(context, options, run, `${run.id} goes on from step ${options.fromStep}`);
}

export async function forkRun(
  context: CommandContext,
  options: DeedOptions & { readonly fromStep: string; readonly as?: string },
): Promise<number> {
  const { id, as } = options;
  const place = { fromStep: stepOf(options.fromStep), ...(as !== undefined && { id: as }) };
  const run = await (await clientAt(context, options)).forkRun(id, place);
  return say(context, options, run, `${run.id} has begun, from step ${options.fromStep} of ${id}`);
}

/** A step as it is typed: digits are its number. */
export const stepOf = (typed: string): number | string =>
  /^\d+$/.test(typed) ? Number(typed) : typed;

const clientAt = async (context: CommandContext, options: PlaceOptions): Promise<Client> =>
  clientOf(context, await pathsOfPlace(context, options));

function say(
  { terminal }: CommandContext,
  { json }: DeedOptions,
  run: Run,
  sentence: string,
): number {
  for (const line of json ? jsonLines(run) : [sentence]) terminal.out(line);
  return DONE;
}

function payloadOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const typed = shortened(text, MOST_ECHOED);
    throw new CommandError(
      WRONG,
      `The payload must be JSON, got ${typed}: text needs quotes, '"so"'`,
    );
  }
}
