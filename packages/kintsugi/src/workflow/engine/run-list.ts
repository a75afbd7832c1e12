/** Which runs a filter means: newest first, a page at a time. */

import type { Store } from "../../store/index.ts";
import { RunUnknownError } from "../errors.ts";
import type { RunCountFilter, RunFilter, RunStatus } from "../run-types.ts";
import { type RunRow, runs } from "../tables.ts";

const STATUSES: readonly RunStatus[] = ["running", "completed", "dead", "cancelled"];

const DEFAULT_LIMIT = 100;

/** The place that a page begins behind. */
type Place = Pick<RunRow, "createdAtMs" | "id">;

/** @throws {@link RunUnknownError} when there is no run to go on behind. */
export async function listRuns(store: Store, filter: RunFilter): Promise<readonly RunRow[]> {
  const { status, workflow, parentId, queue, sinceMs = 0, limit = DEFAULT_LIMIT } = filter;
  const after = await beginningOf(store, filter);
  const pageOf = (of: RunStatus | readonly RunStatus[]): Promise<readonly RunRow[]> =>
    store.list(runs, {
      where: { status: of, ...given({ workflow, parentId, queue }) },
      orderBy: "createdAtMs",
      descending: true,
      limit,
      ...(after && { after: after as RunRow }), // A place is all that is read of it.
    });
  const statuses = status === undefined ? STATUSES : [status].flat();
  // Runs of one status lie in their order in an index; those of several would all have to be sorted.
  const pages =
    parentId === undefined ? await Promise.all(statuses.map(pageOf)) : [await pageOf(statuses)];
  const page = pages.length === 1 ? (pages[0] ?? []) : pages.flat().sort(newestFirst);
  return page.slice(0, limit).filter(({ createdAtMs }) => createdAtMs >= sinceMs);
}

export const countRuns = (
  store: Store,
  { status, workflow, parentId, queue }: RunCountFilter,
): Promise<number> => store.count(runs, given({ status, workflow, parentId, queue }));

async function beginningOf(
  store: Store,
  { after, untilMs }: RunFilter,
): Promise<Place | undefined> {
  const latest = untilMs === undefined ? undefined : { createdAtMs: untilMs, id: "" };
  if (after === undefined) return latest;
  const row = await store.get(runs, after);
  if (!row) throw new RunUnknownError(after);
  return latest && newestFirst(row, latest) < 0 ? latest : row;
}

/** As the store orders: equal moments by the bytes of the ids. */
function newestFirst(one: Place, other: Place): number {
  const bytes = (text: string): Buffer => Buffer.from(text);
  return other.createdAtMs - one.createdAtMs || Buffer.compare(bytes(other.id), bytes(one.id));
}

type Given<Fields> = { readonly [Key in keyof Fields]?: Exclude<Fields[Key], undefined> };

const given = <Fields extends object>(fields: Fields): Given<Fields> =>
  Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Given<Fields>;
