/**
 * Changes to runs that are not in memory. Each holds only while the run's phase is still the one that
 * was read: whoever comes second meets a conflict, and looks again.
 */

import { type Change, remove, update } from "../../store/index.ts";
import { fromColumns, next, toColumns } from "../run-state.ts";
import { type RunRow, runs, steps } from "../tables.ts";
import { endFacts, replayedFact, resumedFact } from "./facts.ts";

/** Lets its code run in this life. */
export function letRunChanges(row: RunRow, life: number, atMs: number): readonly Change[] {
  const state = next(fromColumns(row), { kind: "let run", life });
  const columns = toColumns(state, row.createdAtMs);
  const mark = update(runs, [row.id], columns, { phase: row.phase });
  const wasRunBefore = row.boot > 0 && row.boot !== life;
  return wasRunBefore ? [mark, resumedFact(row, atMs, life)] : [mark];
}

/** Puts it into the queue, for what it waited for has come. */
export function dueChanges(row: RunRow): readonly Change[] {
  const state = next(fromColumns(row), { kind: "due" });
  return [update(runs, [row.id], toColumns(state, row.createdAtMs), { phase: row.phase })];
}

export function cancelled(row: RunRow, atMs: number): RunRow {
  const state = next(fromColumns(row), { kind: "cancelled" });
  return { ...row, ...toColumns(state, row.createdAtMs), endedAtMs: atMs };
}

export function cancelChanges(row: RunRow, atMs: number): readonly Change[] {
  const { id, ...columns } = cancelled(row, atMs);
  const end = update(runs, [id], columns, { phase: row.phase });
  return [end, ...endFacts({ id, ...columns }, atMs)];
}

/** Forgets how a dead run ended, and the outcomes of the steps that it died of. */
export function replayChanges(row: RunRow, atMs: number): readonly Change[] {
  const state = next(fromColumns(row), { kind: "replayed" });
  const living = { ...toColumns(state, row.createdAtMs), ...NO_END };
  return [
    update(runs, [row.id], living, { status: "dead" }),
    ...(row.culprits ?? []).map((seq) => remove(steps, row.id, seq)),
    replayedFact(row, atMs),
  ];
}

/** How a run ended, when it has not. */
export const NO_END: Pick<RunRow, "outcome" | "error" | "culprits" | "suspectStep" | "endedAtMs"> =
  { outcome: null, error: null, culprits: null, suspectStep: null, endedAtMs: null };
