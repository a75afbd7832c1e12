/** All that there is to know of one run. */

import type { Store } from "../../store/index.ts";
import type { RunRecord, RunView } from "../run-types.ts";
import { type RunEndRow, type RunRow, runEnds, steps } from "../tables.ts";
import { decode } from "../value/codec.ts";
import type { RecordedError } from "../value/recorded-error.ts";

export async function recordOf(store: Store, row: RunRow, run: RunView): Promise<RunRecord> {
  const { id: runId, input, outcome, status, culprits } = row;
  const culprit = culprits?.[0];
  const step = culprit === undefined ? undefined : await store.get(steps, runId, culprit);
  const earlier = await store.list(runEnds, { where: { runId } });
  const isFailure = status === "dead" && outcome !== null;
  return {
    run,
    input: () => decode(input),
    error: () => (isFailure ? (decode(outcome) as RecordedError) : undefined),
    attempts: step?.attempts ?? null,
    earlier: earlier.map(({ runId: _, number: __, ...end }: RunEndRow) => end),
  };
}
