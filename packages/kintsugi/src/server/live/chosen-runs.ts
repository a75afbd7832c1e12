/** Which runs the page shows: a page has room for some, and these are the ones that are looked for. */

import type { RunView } from "../../workflow/index.ts";

const MOST_RUNS = 60;
const MOST_RUNNING = 30;
/** Dead ones need a person, so all of these are shown. */
export const MOST_DEAD = 20;

/**
 * Dead ones, then running ones, those that no other run started before their children, then the ones that
 * ended last; newest first in each.
 */
export function chosenRuns(candidates: readonly RunView[]): readonly RunView[] {
  const dead = candidates.filter(({ status }) => status === "dead").toSorted(byEnd);
  const running = candidates.filter(({ status }) => status === "running").toSorted(byStart);
  const [children, tops] = [running.filter(isChild), running.filter((run) => !isChild(run))];
  const others = candidates
    .filter(({ status }) => status === "completed" || status === "cancelled")
    .toSorted(byEnd);
  const first = [...dead.slice(0, MOST_DEAD), ...[...tops, ...children].slice(0, MOST_RUNNING)];
  return [...first, ...others].slice(0, MOST_RUNS);
}

const isChild = ({ parentId }: RunView): boolean => parentId !== null;

/** Two looks at the same runs must give one order. */
const byId = (a: RunView, b: RunView): number => (a.id < b.id ? -1 : 1);

const byStart = (a: RunView, b: RunView): number => b.createdAtMs - a.createdAtMs || byId(a, b);

const byEnd = (a: RunView, b: RunView): number =>
  (b.endedAtMs ?? 0) - (a.endedAtMs ?? 0) || byId(a, b);
