/** Runs with their children beneath them, and no more than a reader takes in. */

export interface TreeRun {
  readonly id: string;
  readonly parentId: string | null;
}

export interface Branch<Run extends TreeRun> {
  readonly run: Run;
  /** 0 for a run whose parent is not shown. */
  readonly depth: number;
}

/** Deeper children are indented no further. */
const DEEPEST = 3;

/** Dead runs that have a place, however many others there are. */
const FEWEST_DEAD = 4;

/** Without the last of the dead ones, where `most` rows would not hold the others beside them. */
export function fewerDead<Run extends { readonly status: string }>(
  runs: readonly Run[],
  most: number,
): readonly Run[] {
  const dead = runs.filter(({ status }) => status === "dead");
  const room = Math.max(FEWEST_DEAD, most - (runs.length - dead.length));
  const left = new Set(dead.slice(room));
  return runs.filter((run) => !left.has(run));
}

/** In the order given, each run followed by its children. A circle of parents is no reason to hang. */
export function runTree<Run extends TreeRun>(runs: readonly Run[]): readonly Branch<Run>[] {
  const shown = new Set(runs.map(({ id }) => id));
  const children = Map.groupBy(runs, ({ parentId }) =>
    parentId !== null && shown.has(parentId) ? parentId : null,
  );
  const found: Branch<Run>[] = [];
  const seen = new Set<string>();
  const add = (run: Run, depth: number): void => {
    if (seen.has(run.id)) return;
    seen.add(run.id);
    found.push({ run, depth: Math.min(depth, DEEPEST) });
    for (const child of children.get(run.id) ?? []) add(child, depth + 1);
  };
  for (const run of children.get(null) ?? []) add(run, 0);
  for (const run of runs) add(run, 0);
  return found;
}
