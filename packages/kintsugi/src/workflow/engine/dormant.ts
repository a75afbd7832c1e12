/**
 * Changes to runs that are not in memory. Each holds only while the run's phase is still the one that
 * was read: whoever comes second meets a conflict, and looks again.
 */

import { type Change, remove, update } from "../../store/index.ts";
import { fromColumns, NEVER_MS, next, toColumns } from "../run-state.ts";
import { type RunRow, runs, steps } from "../tables.ts";
import { type Ending, markOf } from "./ending.ts";
import { discardedFact, endFacts, replayedFact, resumedFact } from "./facts.ts";

/** Lets its code run in this life. */
export function letRunChanges(row: RunRow, life: number, atMs: number): readonly Change[] {
  const state = next(fromColumns(row), { kind: "let run", life });
  const columns = toColumns(state, row.createdAtMs);
  const mark = update(runs, [row.id], columns, { phase: row.phase, ending: row.ending });
  const wasRunBefore = row.boot > 0 && row.boot !== life;
  return wasRunBefore ? [mark, resumedFact(row, atMs, life)] : [mark];
}

/** Puts it into the queue, for what it waited for has come. */
export function dueChanges(row: RunRow): readonly Change[] {
  const state = next(fromColumns(row), { kind: "due" });
  return [update(runs, [row.id], toColumns(state, row.createdAtMs), { phase: row.phase })];
}

/** The row of a run that has ended so. */
export function stopped(row: RunRow, { kind, ...cause }: Ending, atMs: number): RunRow {
  const state = next(fromColumns(row), { kind });
  return { ...row, ...toColumns(state, row.createdAtMs), ...cause, ...endedAt(atMs) };
}

export function stopChanges(row: RunRow, ending: Ending, atMs: number): readonly Change[] {
  const { id, ...columns } = stopped(row, ending, atMs);
  const end = update(runs, [id], columns, { phase: row.phase, ending: row.ending });
  return [end, ...endFacts({ id, ...columns }, atMs)];
}

/** Puts it into the queue, to be undone and to end then. */
export function markChanges(row: RunRow, ending: Ending): readonly Change[] {
  const state = next(fromColumns(row), { kind: "due" });
  const columns = { ...toColumns(state, row.createdAtMs), ...markOf(ending) };
  return [update(runs, [row.id], columns, { phase: row.phase, ending: row.ending })];
}

/** Forgets how a dead run ended, and the outcomes of the steps that it died of. */
export function replayChanges(row: RunRow, atMs: number): readonly Change[] {
  const state = next(fromColumns(row), { kind: "replayed" });
  const deadlineMs = newDeadlineMs(row, atMs);
  const { ending, cause } = row; // One that could not be undone goes on with undoing.
  const living = { ...toColumns(state, row.createdAtMs), ...NO_END, deadlineMs, ending, cause };
  return [
    update(runs, [row.id], living, { status: "dead", phase: "ended" }),
    ...(row.culprits ?? []).map((seq) => remove(steps, row.id, seq)),
    replayedFact(row, atMs),
  ];
}

/** It keeps its error, and from now on the time that ended runs are kept. */
export function discardChanges(row: RunRow, atMs: number, why: string): readonly Change[] {
  const state = next(fromColumns(row), { kind: "discarded" });
  const columns = { ...toColumns(state, row.createdAtMs), crashes: row.crashes, ...endedAt(atMs) };
  return [
    update(runs, [row.id], columns, { status: "dead", phase: "ended" }),
    discardedFact(row, atMs, why),
  ];
}

/** How a run ended, when it has not. */
export const NO_END: Pick<
  RunRow,
  "outcome" | "error" | "culprits" | "suspectStep" | "endedAtMs" | "ending" | "cause"
> = {
  outcome: null,
  error: null,
  culprits: null,
  suspectStep: null,
  endedAtMs: null,
  ending: null,
  cause: null,
};

/** Ended runs lie in the order in which they ended. */
export const endedAt = (atMs: number): Pick<RunRow, "endedAtMs" | "position"> => ({
  endedAtMs: atMs,
  position: atMs,
});

/** Whoever lives again has as much time as it was first given. */
export const newDeadlineMs = ({ deadlineMs, createdAtMs }: RunRow, atMs: number): number =>
  deadlineMs === NEVER_MS ? NEVER_MS : deadlineMs - createdAtMs + atMs;
