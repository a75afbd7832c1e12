/** The facts of a run's life. Each is committed together with the change that it tells of. */

import { type Change, fact } from "../../store/index.ts";
import type { RunRow } from "../tables.ts";

export const startedFact = (row: RunRow): Change =>
  fact("run.started", row.createdAtMs, {
    ...named(row),
    version: row.version,
    parentId: row.parentId,
  });

/** Its code is let run again, in another life of the engine than before. */
export const resumedFact = (row: RunRow, atMs: number, life: number): Change =>
  fact("run.resumed", atMs, { ...named(row), life, crashes: row.crashes });

export const replayedFact = (row: RunRow, atMs: number): Change =>
  fact("run.replayed", atMs, { ...named(row), deadReason: row.deadReason, error: row.error });

export interface CutFact {
  /** Number of the first step that is done again. */
  readonly fromStep: number;
  /** Steps of the record that are kept. */
  readonly steps: number;
}

export const rewoundFact = (row: RunRow, atMs: number, cut: CutFact): Change =>
  fact("run.rewound", atMs, {
    ...named(row),
    status: row.status,
    generation: row.generation,
    ...cut,
  });

/** Told beside `run.started`, of the new run. */
export const forkedFact = (row: RunRow, cut: CutFact): Change =>
  fact("run.forked", row.createdAtMs, { ...named(row), forkedFrom: row.forkedFrom, ...cut });

export const discardedFact = (row: RunRow, atMs: number, why: string): Change =>
  fact("run.discarded", atMs, { ...named(row), deadReason: row.deadReason, error: row.error, why });

/** A quarantined run is dead as well, so who counts dead letters has one fact to count. */
export function endFacts(row: RunRow, atMs: number): readonly Change[] {
  const steps = row.stepsRecorded;
  switch (row.status) {
    case "running":
      return [];
    case "completed":
      return [
        fact("run.completed", atMs, { ...named(row), steps, durationMs: atMs - row.createdAtMs }),
      ];
    case "cancelled":
      return [fact("run.cancelled", atMs, { ...named(row), steps })];
    case "dead": {
      const { deadReason: reason, error, crashes } = row;
      const dead = fact("run.dead", atMs, { ...named(row), reason, error, steps });
      if (reason !== "quarantined") return [dead];
      const step = error?.step ?? null;
      return [fact("run.quarantined", atMs, { ...named(row), crashes, step }), dead];
    }
  }
}

const named = ({ id, workflow }: RunRow): { runId: string; workflow: string } => ({
  runId: id,
  workflow,
});
