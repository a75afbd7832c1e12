/**
 * The replay check: code that has come to its end is taken along the record of its run once more. What
 * hangs on the time of day, on chance, or on anything else that is not recorded, shows then, and not
 * years later after a crash.
 */

import type { Clock } from "@kintsugi/policy/base";

import type { Store } from "../../store/index.ts";
import { DeterminismError } from "../errors.ts";
import { runs, type StepRow, steps } from "../tables.ts";
import type { Workflow } from "../types.ts";
import { inWords } from "./journal.ts";
import { listAll } from "./list-all.ts";
import { failure, type Outcome, success } from "./outcome.ts";
import { notAskedFor, type Replayed, replayRun } from "./replay-run.ts";

export interface ReplayCheckOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Outcomes that the run has recorded so far; undefined when it is over already. */
  readonly recordedOf: (runId: string) => number | undefined;
}

/** Characters of a result that stand in a sentence. */
const MAX_SHOWN = 80;

/** The workflow, whose runs die of a {@link DeterminismError} where a replay does not do the same. */
export function replayChecked(
  workflow: Workflow<never, unknown>,
  options: ReplayCheckOptions,
): Workflow<never, unknown> {
  return {
    ...workflow,
    async run(ctx, input) {
      try {
        const result = await workflow.run(ctx, input);
        await check(workflow, ctx.runId, success(result), options);
        return result;
      } catch (thrown) {
        if (thrown instanceof DeterminismError) throw thrown;
        await check(workflow, ctx.runId, failure(thrown, undefined), options);
        throw thrown;
      }
    },
  };
}

async function check(
  workflow: Workflow<never, unknown>,
  runId: string,
  end: Outcome,
  { store, clock, recordedOf }: ReplayCheckOptions,
): Promise<void> {
  const count = recordedOf(runId);
  if (count === undefined) return;
  const row = await store.get(runs, runId);
  if (!row || row.ending !== null) return;
  // Calls that nobody awaits may go on meanwhile, and what they record comes after the end.
  const recorded = await listAll(store, steps, { where: { runId } });
  const outcomes = recorded.filter(isOutcome).sort((a, b) => a.ordinal - b.ordinal);
  const rest = recorded.filter((step) => step.abandonedBy !== null);
  const known = [...outcomes.slice(0, count), ...rest];
  const replayed = await replayRun(workflow, row, known, clock);
  const error = divergence(runId, end, replayed);
  if (error) throw error;
}

const isOutcome = (row: StepRow): row is StepRow & { readonly ordinal: number } =>
  row.ordinal !== null && row.kind !== "undo";

function divergence(runId: string, end: Outcome, replayed: Replayed): DeterminismError | undefined {
  const { error, left, beyond, calls } = replayed;
  if (error) return error;
  const [first] = left;
  if (first) return notAskedFor(runId, first, replayed.end);
  if (!replayed.end) {
    const found = beyond ? inWords(beyond) : "nothing more";
    return new DeterminismError(runId, beyond?.seq ?? calls, "the end of the run", found);
  }
  if (replayed.end.text === end.text) return undefined;
  return new DeterminismError(runId, calls, `its end with ${shown(end)}`, shown(replayed.end));
}

const shown = ({ text }: Outcome): string =>
  text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text;
