/**
 * Generations: each rewind begins a new one for the steps that it removed. A step of a later generation is
 * another step than the one before under the same number, so whoever it calls must not take it for that:
 * its idempotency key is another, and so is the id of the child that it starts.
 */

import type { Rewind, RunRow } from "../tables.ts";

type Rewound = Pick<RunRow, "id" | "rewinds">;

export const idempotencyKeyOf = (run: Rewound, seq: number): string =>
  `${run.id}:${named(run, seq)}`;

/** What a child is called that was given no id. */
export const childIdOf = (run: Rewound, seq: number): string => `${run.id}/${named(run, seq)}`;

/** The step that started a child which is called so; undefined when the child has a name of its own. */
export function parentStepOf(runId: string, childId: string): number | undefined {
  if (!childId.startsWith(`${runId}/`)) return undefined;
  const [, seq] = /^(\d+)(?:~\d+)?$/.exec(childId.slice(runId.length + 1)) ?? [];
  return seq === undefined ? undefined : Number(seq);
}

/** The rewinds of a run with one more; those that it goes back behind say nothing any more. */
export function withRewind(
  rewinds: readonly Rewind[] | null,
  fromStep: number,
  generation: number,
): readonly Rewind[] {
  const kept = (rewinds ?? []).filter((before) => before.fromStep < fromStep);
  return [...kept, { fromStep, generation }];
}

/** A step that no rewind has removed is called by its number alone. */
function named({ rewinds }: Rewound, seq: number): string {
  const rewind = rewinds?.findLast(({ fromStep }) => fromStep <= seq);
  return rewind ? `${seq}~${rewind.generation}` : String(seq);
}
