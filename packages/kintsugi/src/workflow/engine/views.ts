import type { RunView, StepView } from "../run-types.ts";
import type { RunRow, StepRow } from "../tables.ts";

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
  queue: row.queue,
  priority: row.priority,
  forkedFrom: row.forkedFrom,
  generation: row.generation,
});

export const stepViewOf = ({ seq, kind, name, ordinal, failed, childId }: StepRow): StepView => {
  const outcome = failed ? "failed" : "recorded";
  return { seq, kind, name, state: ordinal === null ? "waiting" : outcome, childId };
};
