/** `kintsugi dead-letters list|show|replay|discard`. */

import { sleep } from "@kintsugi/policy/base";

import type { Client } from "../../server/client/index.ts";
import { type CommandContext, whoTypes } from "../context.ts";
import { CommandError, DONE, FAILED, WRONG } from "../exit-codes.ts";
import { clientOf } from "../instance.ts";
import { type PlaceOptions, pathsOfPlace } from "../place.ts";
import { dateTime, facts, jsonLines, table } from "../text.ts";
import { stepOf } from "./run-deeds.ts";

export interface LetterOptions extends PlaceOptions {
  readonly json: boolean;
}

export interface LetterListOptions extends LetterOptions {
  readonly workflow?: string;
  readonly after?: string;
  readonly limit?: number;
}

export interface ReplayLetterOptions extends LetterOptions {
  readonly id?: string;
  readonly fromStep?: string;
  /** All of them, or all of one workflow. */
  readonly all: boolean;
  readonly workflow?: string;
  readonly perSecond?: number;
}

type Letter = Awaited<ReturnType<Client["deadLetter"]>>;
type Run = Letter["run"];

const PAUSE_MS = 1_000;

export async function listLetters(
  context: CommandContext,
  { json, workflow, after, limit, ...place }: LetterListOptions,
): Promise<number> {
  const client = await clientAt(context, place);
  const letters = await client.deadLetters({
    ...(workflow !== undefined && { workflow }),
    ...(after !== undefined && { after }),
    ...(limit !== undefined && { limit }),
  });
  say(context, json ? jsonLines(letters) : letterTable(letters));
  return DONE;
}

export async function showLetter(
  context: CommandContext,
  { id, json, ...place }: LetterOptions & { readonly id: string },
): Promise<number> {
  const letter = await (await clientAt(context, place)).deadLetter(id);
  say(context, json ? jsonLines(letter) : letterLines(letter));
  return DONE;
}

export async function replayLetter(
  context: CommandContext,
  options: ReplayLetterOptions,
): Promise<number> {
  const { id, all, fromStep, json } = options;
  if (all === (id !== undefined)) {
    throw new CommandError(WRONG, "Say which one by its id, or --all for all of them");
  }
  if (id === undefined) return replayAll(context, options);
  const from = fromStep === undefined ? {} : { fromStep: stepOf(fromStep) };
  const run = await (await clientAt(context, options)).replayDeadLetter(id, from);
  say(context, json ? jsonLines(run) : [`${run.id} is ${run.status} again`]);
  return DONE;
}

export async function discardLetter(
  context: CommandContext,
  { id, why, json, ...place }: LetterOptions & { readonly id: string; readonly why: string },
): Promise<number> {
  const client = await clientAt(context, place);
  const run = await client.discardDeadLetter(id, `${why} (${whoTypes(context)})`);
  say(context, json ? jsonLines(run) : [`${run.id} is given up`]);
  return DONE;
}

/** 1 when some could not be replayed: those are named. */
async function replayAll(
  context: CommandContext,
  { json, workflow, perSecond, fromStep, ...place }: ReplayLetterOptions,
): Promise<number> {
  if (fromStep !== undefined) {
    throw new CommandError(WRONG, "--from-step is for one run: its steps are its own");
  }
  const client = await clientAt(context, place);
  const replayed: string[] = [];
  const refused: { readonly runId: string; readonly why: string }[] = [];
  let after: string | null = null;
  do {
    const report = await client.replayDeadLetters({
      ...(workflow !== undefined && { workflow }),
      ...(perSecond !== undefined && { perSecond }),
      ...(after !== null && { after }),
    });
    replayed.push(...report.replayed);
    refused.push(...report.refused);
    after = report.after;
    if (after !== null) await sleep(context.host.clock, PAUSE_MS);
  } while (after !== null);
  const lines = [
    `${replayed.length} replayed`,
    ...refused.map(({ runId, why }) => `${runId} was not: ${why}`),
  ];
  say(context, json ? jsonLines({ replayed, refused }) : lines);
  return refused.length === 0 ? DONE : FAILED;
}

const clientAt = async (context: CommandContext, place: PlaceOptions): Promise<Client> =>
  clientOf(context, await pathsOfPlace(context, place));

const say = ({ terminal }: CommandContext, lines: readonly string[]): void => {
  for (const line of lines) terminal.out(line);
};

const letterTable = (letters: readonly Run[]): readonly string[] =>
  letters.length === 0
    ? ["No dead letters"]
    : table(
        ["RUN", "WORKFLOW", "DIED", "STEP", "ERROR"],
        letters.map((run) => [
          run.id,
          run.workflow,
          run.endedAtMs === null ? "-" : dateTime(run.endedAtMs),
          run.error?.step ?? "-",
          run.error ? `${run.error.name}: ${run.error.message}` : "-",
        ]),
      );

const letterLines = ({ run, input, fault, error, attempts, steps, earlier }: Letter) => [
  ...facts({
    run: run.id,
    workflow: `${run.workflow}, version ${run.version}`,
    "dead because": run.deadReason,
    error: `${error.name}: ${error.message}`,
    code: error.code === null ? null : String(error.code),
    class: `${error.class}, ${error.retryable ? "may be over" : "will not pass by itself"}`,
    "in step": error.step,
    attempts: attempts === null ? null : String(attempts),
    crashes: run.crashes === 0 ? null : String(run.crashes),
    begun: dateTime(run.createdAtMs),
    died: run.endedAtMs === null ? null : dateTime(run.endedAtMs),
    input: fault ?? JSON.stringify(input),
  }),
  ...(steps.length === 0
    ? []
    : ["", ...table(["STEP", "KIND", "NAME", "STATE"], steps.map(stepCells))]),
  ...(earlier.length === 0
    ? []
    : [
        "",
        ...table(["WHEN", "WHAT WAS DONE", "FROM STEP", "IT WAS", "ERROR"], earlier.map(endCells)),
      ]),
];

const stepCells = ({ seq, kind, name, state }: Letter["steps"][number]): readonly string[] => [
  String(seq),
  kind,
  name,
  state,
];

const endCells = (end: Letter["earlier"][number]): readonly string[] => [
  dateTime(end.atMs),
  end.why === null ? end.done : `${end.done}: ${end.why}`,
  end.fromStep === null ? "-" : String(end.fromStep),
  end.status,
  end.error?.message ?? "-",
];
