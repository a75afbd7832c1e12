/** How a run in memory ends: its last row, and what is written together with it. */

import { type Change, update } from "../../store/index.ts";
import { RunCancelledError, RunDeadlineError } from "../errors.ts";
import type { EndingReason } from "../run-types.ts";
import { type EndingCause, type RunRow, runs, type StepRow } from "../tables.ts";
import { type Blame, runErrorOf, stepOf } from "./blame.ts";
import { endFacts } from "./facts.ts";
import { failure, type Outcome } from "./outcome.ts";

/** What ends a run, and what it came to. */
export interface Ending extends EndingCause {
  readonly kind: "returned" | "threw" | "cancelled" | "expired" | "undo failed";
}

/** That a run is to end, once its steps are undone. */
export interface EndingMark {
  readonly ending: EndingReason;
  readonly cause: EndingCause;
}

const NO_CAUSE: EndingCause = { outcome: null, error: null, culprits: null };

export const returned = ({ text }: Outcome): Ending => ({
  ...NO_CAUSE,
  kind: "returned",
  outcome: text,
});

export const threw = (thrown: unknown, blame: Blame): Ending => ({
  kind: "threw",
  outcome: failure(thrown, stepOf(thrown)).text,
  error: runErrorOf(thrown),
  culprits: blame.stepsOf(thrown),
});

export const undoFailed = ({ error, row }: { error: unknown; row?: StepRow }): Ending => ({
  kind: "undo failed",
  outcome: failure(error, undefined).text,
  error: { ...runErrorOf(error), step: row?.name ?? null },
  culprits: row ? [row.seq] : [],
});

export const cancelledEnding: Ending = { ...NO_CAUSE, kind: "cancelled" };

export const expired = (row: RunRow): Ending => ({
  kind: "expired",
  outcome: null,
  error: runErrorOf(new RunDeadlineError(row.id, row.deadlineMs)),
  culprits: [],
});

export function markOf({ kind, outcome, error, culprits }: Ending): EndingMark {
  return { ending: REASONS[kind], cause: { outcome, error, culprits } };
}

const REASONS: Readonly<Record<Ending["kind"], EndingReason>> = {
  returned: "failed",
  threw: "failed",
  "undo failed": "failed",
  cancelled: "cancelled",
  expired: "deadline",
};

/** The mark that an earlier life has left. */
export function markIn({ ending, cause }: RunRow): EndingMark | undefined {
  return ending === null ? undefined : { ending, cause: cause ?? NO_CAUSE };
}

export function endingOf({ ending, cause }: EndingMark): Ending {
  const kinds = { failed: "threw", cancelled: "cancelled", deadline: "expired" } as const;
  return { kind: kinds[ending], ...cause };
}

/** Why its steps are undone, after the run's name. */
export function inWords({ ending, cause }: EndingMark): string {
  switch (ending) {
    case "failed":
      return `failed (${cause.error?.message ?? "of an unknown error"})`;
    case "cancelled":
      return "was cancelled";
    case "deadline":
      return "was past its deadline";
  }
}

/** What calls of the code are told that come when the run is being stopped. */
export function stopError(row: RunRow, ending: EndingReason): Error {
  return ending === "deadline"
    ? new RunDeadlineError(row.id, row.deadlineMs)
    : new RunCancelledError(row.id);
}

/** All that is written when a run ends. */
export function endChanges(row: RunRow, last: Partial<RunRow>, atMs: number): readonly Change[] {
  return [update(runs, [row.id], last), ...endFacts({ ...row, ...last }, atMs)];
}
