/** How a run in memory ends: its last row, and what is written together with it. */

import { type Change, update } from "../../store/index.ts";
import { type RunInput, type RunState, toColumns } from "../run-state.ts";
import { type RunRow, runs } from "../tables.ts";
import { type Blame, runErrorOf } from "./blame.ts";
import { endFacts } from "./facts.ts";
import type { Outcome } from "./outcome.ts";

/** What ends a run, and what it came to. */
export interface Ending {
  readonly input: RunInput & { readonly kind: "returned" | "threw" | "cancelled" };
  readonly outcome: Outcome | undefined;
  /** Of `threw`: what the code threw. */
  readonly thrown?: unknown;
}

/** The columns that change with the end; `state` is the one that the ending led to. */
export function lastColumns(
  { input, outcome, thrown }: Ending,
  state: RunState,
  { createdAtMs }: RunRow,
  blame: Blame,
  atMs: number,
): Partial<RunRow> {
  const isFailure = input.kind === "threw";
  return {
    ...toColumns(state, createdAtMs),
    outcome: outcome?.text ?? null,
    error: isFailure ? runErrorOf(thrown) : null,
    culprits: isFailure ? blame.stepsOf(thrown) : null,
    endedAtMs: atMs,
  };
}

/**
 * All that is written when a run ends. Signals that it did not ask for stay: it may ask for them when it
 * is replayed or rewound.
 */
export function endChanges(row: RunRow, last: Partial<RunRow>, atMs: number): readonly Change[] {
  return [update(runs, [row.id], last), ...endFacts({ ...row, ...last }, atMs)];
}
