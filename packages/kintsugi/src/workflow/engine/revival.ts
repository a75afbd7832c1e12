/**
 * The ways back to life of runs that have ended: replayed, rewound, or forked into another run.
 *
 * A run goes back to a step by losing its record from that number on. What is left is a whole history:
 * a step hangs on nothing but outcomes that were handed out before it was started, and those are of
 * steps with smaller numbers. So the code gets as far as that step, on whatever branch it stands.
 */

import type { Clock, Random } from "@kintsugi/policy/base";

import {
  type Change,
  ConflictError,
  insert,
  remove,
  type Store,
  update,
} from "../../store/index.ts";
import { RunIdTakenError, RunStatusError, RunUnknownError } from "../errors.ts";
import { accepted, fromColumns, next, toColumns } from "../run-state.ts";
import type { ForkOptions, RewindOptions } from "../run-types.ts";
import {
  type RunEndRow,
  type RunRow,
  runEnds,
  runs,
  type SignalRow,
  type StepRow,
  signals,
  steps,
} from "../tables.ts";
import { isCorrupt } from "../value/unreadable.ts";
import { checkId } from "./accept.ts";
import { attributeChanges } from "./attributes.ts";
import { discardChanges, NO_END, newDeadlineMs, replayChanges } from "./dormant.ts";
import { forkedFact, rewoundFact, startedFact } from "./facts.ts";
import { numberOf } from "./from-step.ts";
import { parentStepOf, withRewind } from "./generation.ts";
import { listAll } from "./list-all.ts";
import { rankOf } from "./queues/order.ts";
import type { RunPool } from "./run-pool.ts";
import type { RunRows } from "./run-rows.ts";
import { undoneBy } from "./undoing.ts";

export interface RevivalOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly pool: RunPool;
  readonly rows: RunRows;
  /** Ends a run that nobody waits for any more. */
  readonly cancel: (runId: string) => Promise<void>;
}

/** Earlier ends of one run that are kept. */
const MOST_ENDS = 100;

/** A run's record, parted at the step that it goes back to. */
interface Cut {
  readonly fromStep: number;
  readonly kept: readonly StepRow[];
  readonly removed: readonly StepRow[];
}

export class Revival {
  readonly #options: RevivalOptions;

  constructor(options: RevivalOptions) {
    this.#options = options;
  }

  /** A dead run again: recorded steps stay, those that it died of, and children that died, are done again. */
  async replay(id: string): Promise<void> {
    const { clock, pool, rows, store } = this.#options;
    pool.mustBeOpen();
    const row = await rows.get(id);
    if (row.status !== "dead") throw new RunStatusError(id, row.status, "be replayed");
    const undos = await listAll(store, steps, { where: { runId: id, kind: "undo" } });
    const firstUndone = firstUndoneBy(undos);
    if (firstUndone < Infinity && row.deadReason !== "undo") {
      await this.rewind(id, { fromStep: firstUndone }); // What was undone has to be done again.
      return;
    }
    for (const seq of row.culprits ?? []) await this.#replayChild(await store.get(steps, id, seq));
    const atMs = clock.epochMs();
    const noted = await this.#noteEnd(row, { done: "replayed", atMs });
    await this.#commit(row, [...replayChanges(row, atMs), ...noted], "be replayed");
  }

  /** Gives a dead run up: it is a cancelled one from then on, which still says what it died of. */
  async discard(id: string, why: string): Promise<void> {
    const { clock, pool, rows } = this.#options;
    pool.mustBeOpen();
    const row = await rows.get(id);
    if (row.status !== "dead") throw new RunStatusError(id, row.status, "be discarded");
    const atMs = clock.epochMs();
    const noted = await this.#noteEnd(row, { done: "discarded", atMs, why });
    await this.#commit(row, [...discardChanges(row, atMs, why), ...noted], "be discarded");
  }

  /** A run that has ended goes on from an earlier step, as if it had never come further. */
  async rewind(id: string, { fromStep }: RewindOptions): Promise<void> {
    const { clock, pool } = this.#options;
    pool.mustBeOpen();
    const row = await this.#stored(id);
    if (row.status === "running") throw new RunStatusError(id, row.status, "be rewound");
    const cut = await this.#cut(row, fromStep);
    const forsaken = await this.#childrenOf(row, cut);
    for (const step of cut.removed) await this.#replayChild(step, id);
    const atMs = clock.epochMs();
    const noted = await this.#noteEnd(row, { done: "rewound", atMs, fromStep: cut.fromStep });
    await this.#commit(row, [...rewindChanges(row, cut, atMs), ...noted], "be rewound");
    await Promise.all(forsaken.map((child) => this.#options.cancel(child.id)));
  }

  /** Gives the id of the new run, which begins with what is recorded of `id` before that step. */
  async fork(id: string, options: ForkOptions): Promise<string> {
    const { clock, random, pool, rows, store } = this.#options;
    pool.mustBeOpen();
    const forkId = checkId(options.id ?? random.uuid());
    const row = await this.#stored(id);
    const before = await store.get(runs, forkId);
    if (before) return sameFork(before, row);
    const cut = await this.#cut(row, options.fromStep);
    const unread = await listAll(store, signals, { where: { runId: id } });
    const room = pool.roomFor(row.workflow);
    if (room) await room;
    const fork = forkOf(row, forkId, cut, clock.epochMs());
    try {
      await rows.commit(forkChanges(fork, cut, unread));
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      return sameFork(await rows.get(forkId), row);
    }
    pool.queued(row.workflow);
    return forkId;
  }

  /** As the disk has it, and with it the steps that led there. */
  async #stored(id: string): Promise<RunRow> {
    const row = await this.#options.store.get(runs, id);
    if (row) return row;
    throw new RunUnknownError(id);
  }

  async #cut(row: RunRow, wanted: number | string): Promise<Cut> {
    // In one go: between two, a run that goes on could record what hangs on what is read later.
    const limit = Number.MAX_SAFE_INTEGER;
    const recorded = await this.#options.store.list(steps, { where: { runId: row.id }, limit });
    const asked = numberOf(
      row,
      wanted,
      recorded.filter(({ kind }) => kind !== "undo"),
    );
    const fromStep = Math.min(asked, firstUndoneBy(recorded)); // What was undone has to be done again.
    const first = recorded.findIndex(({ seq }) => seq >= fromStep);
    const at = first < 0 ? recorded.length : first;
    return openRaces({ fromStep, kept: recorded.slice(0, at), removed: recorded.slice(at) });
  }

  /** Children that run for a step which is done again: it will start others. */
  async #childrenOf({ id }: RunRow, { fromStep }: Cut): Promise<readonly RunRow[]> {
    const where = { parentId: id, status: "running" } as const;
    const children = await listAll(this.#options.store, runs, { where });
    return children.filter((child) => (parentStepOf(id, child.id) ?? -1) >= fromStep);
  }

  /** A child that is dead, where the step finds it again: with `parentId`, only if it has a name of its own. */
  async #replayChild(step: StepRow | undefined, parentId?: string): Promise<void> {
    const childId = step?.childId;
    if (!childId) return;
    if (parentId !== undefined && parentStepOf(parentId, childId) !== undefined) return;
    const child = await this.#options.store.get(runs, childId);
    if (child?.status === "dead") await this.replay(childId);
  }

  /** How the run ended stays to be seen, though it did not stay so. */
  async #noteEnd(
    { id: runId, status, endedAtMs, error, deadReason, crashes }: RunRow,
    about: Pick<RunEndRow, "done" | "atMs"> & Partial<RunEndRow>,
  ): Promise<readonly Change[]> {
    const newest = { where: { runId }, descending: true, limit: 1 } as const;
    const [last] = await this.#options.store.list(runEnds, newest);
    const number = (last?.number ?? 0) + 1;
    const end = { runId, number, status, endedAtMs, error, deadReason, crashes };
    return [
      insert(runEnds, { ...end, fromStep: null, why: null, ...about }),
      remove(runEnds, runId, number - MOST_ENDS),
    ];
  }

  async #commit(row: RunRow, changes: readonly Change[], wish: string): Promise<void> {
    const { pool, rows } = this.#options;
    try {
      await rows.commit(changes);
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      throw new RunStatusError(row.id, "running", wish); // Somebody else was quicker.
    }
    pool.queued(row.workflow);
  }
}

function rewindChanges(row: RunRow, cut: Cut, atMs: number): readonly Change[] {
  const { id, status, endedAtMs } = row;
  const generation = row.generation + 1;
  const living = {
    ...toColumns(next(fromColumns(row), { kind: "rewound" }), row.createdAtMs),
    ...NO_END,
    deadlineMs: newDeadlineMs(row, atMs),
    progress: null,
    stepsRecorded: outcomesIn(cut.kept),
    generation,
    rewinds: withRewind(row.rewinds, cut.fromStep, generation),
  };
  return [
    update(runs, [id], living, { status, phase: "ended", endedAtMs, generation: row.generation }),
    ...cut.removed.map(({ seq }) => remove(steps, id, seq)),
    ...taken(cut).map((letter) => insert(signals, letter)),
    rewoundFact({ ...row, generation }, atMs, factOf(cut)),
  ];
}

function forkOf(row: RunRow, id: string, cut: Cut, atMs: number): RunRow {
  return {
    ...row,
    ...toColumns(accepted, atMs),
    ...NO_END,
    deadlineMs: newDeadlineMs(row, atMs),
    id,
    rank: rankOf(row.priority, atMs),
    uniqueKey: null,
    parentId: null,
    progress: null,
    stepsRecorded: outcomesIn(cut.kept),
    createdAtMs: atMs,
    generation: 0,
    rewinds: null,
    forkedFrom: row.id,
  };
}

/** Signals come along: those that nobody has asked for, and those that a step took which is done again. */
function forkChanges(fork: RunRow, cut: Cut, unread: readonly SignalRow[]): readonly Change[] {
  const { id: runId } = fork;
  return [
    insert(runs, fork),
    ...attributeChanges(fork, fork.attributes),
    ...cut.kept.map((step) => insert(steps, { ...step, runId })),
    ...[...unread, ...taken(cut)].map((letter) => insert(signals, { ...letter, runId })),
    startedFact(fork),
    forkedFact(fork, factOf(cut)),
  ];
}

/** Number of the first step that is undone; infinite when none is. */
const firstUndoneBy = (recorded: readonly StepRow[]): number =>
  recorded.reduce((first, row) => {
    return row.failed ? first : Math.min(first, undoneBy(row) ?? Infinity);
  }, Infinity);

/**
 * A race hangs on steps with greater numbers than its own. One that was decided after a step that is
 * removed is open again, and so is what the losers had in flight.
 */
function openRaces({ fromStep, kept, removed }: Cut): Cut {
  const since = removed.reduce((least, row) => Math.min(least, row.ordinal ?? Infinity), Infinity);
  const isOpened = ({ kind, ordinal }: StepRow): boolean =>
    kind === "race" && (ordinal ?? 0) > since;
  const opened = new Set(kept.filter(isOpened).map(({ seq }) => seq));
  const goes = ({ seq, abandonedBy }: StepRow): boolean =>
    opened.has(seq) || (abandonedBy !== null && opened.has(abandonedBy));
  return {
    fromStep,
    kept: kept.filter((row) => !goes(row)),
    removed: [...kept.filter(goes), ...removed],
  };
}

/** Signals are given again, but for damaged ones: who sent them does not know that their run has gone back. */
const taken = ({ removed }: Cut): readonly SignalRow[] =>
  removed.flatMap(({ runId, name, outcome, signalSeq: seq }) =>
    seq === null || outcome === null || isCorrupt(outcome)
      ? []
      : [{ runId, seq, name, payload: outcome }],
  );

const outcomesIn = (recorded: readonly StepRow[]): number =>
  recorded.filter(({ ordinal }) => ordinal !== null).length;

const factOf = (cut: Cut): { readonly fromStep: number; readonly steps: number } => ({
  fromStep: cut.fromStep,
  steps: outcomesIn(cut.kept),
});

function sameFork(found: RunRow, origin: RunRow): string {
  if (found.forkedFrom === origin.id) return found.id;
  throw new RunIdTakenError(found.id, found.workflow, `fork of "${origin.id}"`);
}
