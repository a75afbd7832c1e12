import { NEVER_MS } from "../run-state.ts";
import type { RunView, StepView } from "../run-types.ts";
import type { RunRow, StepRow } from "../tables.ts";
import { undoneBy } from "./undoing.ts";

/** A row as screens show it. */
export const viewOf = (row: RunRow): RunView => ({
  id: row.id,
  workflow: row.workflow,
  version: row.version,
  status: row.status,
  waiting: row.phase === "waiting" || row.phase === "joining",
  parentId: row.parentId,
  createdAtMs: row.createdAtMs,
  endedAtMs: row.endedAtMs,
  stepsRecorded: row.stepsRecorded,
  progress: row.progress,
  error: row.error,
  crashes: row.crashes,
  deadReason: row.deadReason,
  deadlineMs: row.deadlineMs === NEVER_MS ? null : row.deadlineMs,
  attributes: row.attributes ?? {},
  ending: row.status === "running" ? row.ending : null,
  queue: row.queue,
  priority: row.priority,
  forkedFrom: row.forkedFrom,
  generation: row.generation,
});

export const stepViewOf = (row: StepRow): StepView => {
  const { seq, kind, name, childId } = row;
  return { seq, kind, name, state: stateOf(row), childId, undoes: undoneBy(row) ?? null };
};

function stateOf({ ordinal, failed, abandonedBy }: StepRow): StepView["state"] {
  if (abandonedBy !== null) return "abandoned";
  if (ordinal === null) return "waiting";
  return failed ? "failed" : "recorded";
}
