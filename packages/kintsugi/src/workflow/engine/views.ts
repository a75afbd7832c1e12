import type { RunRow } from "../tables.ts";
import type { RunView } from "../types.ts";

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
});
