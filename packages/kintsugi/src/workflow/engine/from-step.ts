/** Finds the step that a run is to go back to. */

import { FromStepError } from "../errors.ts";
import type { RunRow, StepRow } from "../tables.ts";
import { inWords } from "./journal.ts";

/** Steps that an error names; the newest, for who goes back seldom goes back far. */
const MOST_NAMED = 20;

/**
 * The number of the step. `recorded` are the run's steps in the order of their numbers.
 *
 * @throws {@link FromStepError} which names the steps there are.
 */
export function numberOf(
  { id, error }: RunRow,
  fromStep: number | string,
  recorded: readonly StepRow[],
): number {
  const behind = (recorded.at(-1)?.seq ?? -1) + 1;
  if (typeof fromStep === "number") {
    if (Number.isInteger(fromStep) && fromStep >= 0 && fromStep <= behind) return fromStep;
    throw new FromStepError(id, fromStep, `it must be a number from 0 to ${behind}`);
  }
  const found = recorded.filter(({ name }) => name === fromStep && name !== "");
  const [only] = found;
  if (found.length > 1) {
    const numbers = found.slice(-MOST_NAMED).map(({ seq }) => seq);
    throw new FromStepError(id, fromStep, `steps ${inARow(numbers)} have that name`);
  }
  if (only) return only.seq;
  // It was in flight when the run was quarantined: nothing is recorded of it.
  if (error?.step === fromStep) return behind;
  throw new FromStepError(id, fromStep, `there is none. It has ${inARow(named(recorded))}`);
}

function named(recorded: readonly StepRow[]): readonly string[] {
  if (recorded.length === 0) return ["no recorded steps"];
  const newest = recorded.slice(-MOST_NAMED);
  const more = recorded.length - newest.length;
  const names = newest.map((row) => `${row.seq}: ${inWords(row)}`);
  return more > 0 ? [`${more} before`, ...names] : names;
}

const inARow = (words: readonly (string | number)[]): string =>
  words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
