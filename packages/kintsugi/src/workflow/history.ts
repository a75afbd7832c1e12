/** What is recorded of a run, as a value that can be kept in a file and tried on other code. */

import { KintsugiError } from "@kintsugi/policy/base";

import type { DeterminismError } from "./errors.ts";
import type { RunRow, StepRow } from "./tables.ts";

/** JSON. What stands in it besides format and version is for {@link replayHistory} alone to read. */
export interface RunHistory {
  readonly format: "kintsugi-run-history";
  /** Histories of this version and of those before can be replayed. */
  readonly version: number;
  readonly run: Readonly<Record<string, unknown>>;
  readonly steps: readonly Readonly<Record<string, unknown>>[];
}

/** What code makes of a history. */
export type ReplayVerdict =
  /** The run has done `step` calls, and the code goes on from there: this is what a later life would do. */
  | { readonly kind: "goes on"; readonly step: number }
  /** The code comes to its end, and has asked for all that is recorded. */
  | { readonly kind: "ends" }
  /** The code asks for something else than what is recorded: a run that is open would die of it. */
  | { readonly kind: "breaks"; readonly error: DeterminismError };

/** What was given is no history that this version of the engine can read. */
export class HistoryUnreadableError extends KintsugiError {
  override readonly name = "HistoryUnreadableError";
  readonly code = "KINTSUGI_HISTORY_UNREADABLE";

  constructor(why: string) {
    super(`This history cannot be replayed: ${why}`);
  }
}

const FORMAT = "kintsugi-run-history";

const VERSION = 1;

export function historyOf(run: RunRow, steps: readonly StepRow[]): RunHistory {
  return {
    format: FORMAT,
    version: VERSION,
    run: { ...run },
    steps: steps.map((row) => ({ ...row })),
  };
}

/** @throws {@link HistoryUnreadableError} saying what it is instead. */
export function rowsOf(history: RunHistory): {
  readonly run: RunRow;
  readonly steps: readonly StepRow[];
} {
  const { format, version, run, steps } = Object(history) as Partial<RunHistory>;
  if (format !== FORMAT) {
    throw new HistoryUnreadableError(`its format is ${JSON.stringify(format)}, not "${FORMAT}"`);
  }
  if (typeof version !== "number" || version > VERSION) {
    throw new HistoryUnreadableError(
      `it is of version ${version}, and this engine reads versions up to ${VERSION}`,
    );
  }
  if (
    typeof run?.["id"] !== "string" ||
    typeof run["input"] !== "string" ||
    !Array.isArray(steps)
  ) {
    throw new HistoryUnreadableError("it holds no run with its steps");
  }
  return { run: run as unknown as RunRow, steps: steps as unknown as readonly StepRow[] };
}
