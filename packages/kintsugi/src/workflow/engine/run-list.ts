/** Which runs a filter means: newest first, a page at a time. */

import type { Store } from "../../store/index.ts";
import { RunUnknownError } from "../errors.ts";
import type { Attributes, RunCountFilter, RunFilter, RunStatus } from "../run-types.ts";
import { type RunRow, runAttributes, runs } from "../tables.ts";
import { textOf } from "./attributes.ts";

const STATUSES: readonly RunStatus[] = ["running", "completed", "dead", "cancelled"];

const DEFAULT_LIMIT = 100;

/** Attributes that are read in one go. */
const PAGE = 256;

/** The place that a page begins behind. */
type Place = Pick<RunRow, "createdAtMs" | "id">;

/** @throws {@link RunUnknownError} when there is no run to go on behind. */
export async function listRuns(store: Store, filter: RunFilter): Promise<readonly RunRow[]> {
  const { status, workflow, parentId, queue, sinceMs = 0, limit = DEFAULT_LIMIT } = filter;
  const after = await beginningOf(store, filter);
  if (Object.keys(filter.attributes ?? {}).length > 0)
    return listByAttributes(store, filter, after);
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

/** The index of one attribute is followed; whatever else the filter says is looked up in each run. */
async function listByAttributes(
  store: Store,
  filter: RunFilter,
  after: Place | undefined,
): Promise<readonly RunRow[]> {
  const { sinceMs = 0, limit = DEFAULT_LIMIT, attributes = {} } = filter;
  const [[name, value]] = Object.entries(attributes) as [[string, Attributes[string]]];
  const where = { name, value: textOf(value) };
  let last = after && { ...where, runId: after.id, createdAtMs: after.createdAtMs };
  const found: RunRow[] = [];
  for (;;) {
    const query = { where, orderBy: "createdAtMs", descending: true, limit: PAGE } as const;
    const page = await store.list(runAttributes, { ...query, ...(last && { after: last }) });
    const id = page.map(({ runId }) => runId);
    const rows = await store.list(runs, { where: { id }, limit: PAGE });
    const isIn = (row: RunRow): boolean => row.createdAtMs >= sinceMs && fits(row, filter);
    found.push(...rows.filter(isIn).sort(newestFirst));
    last = page.at(-1);
    const isOld = (last?.createdAtMs ?? 0) < sinceMs;
    if (found.length >= limit || page.length < PAGE || isOld) return found.slice(0, limit);
  }
}

function fits(row: RunRow, filter: RunFilter): boolean {
  const { status, workflow, parentId, queue, attributes = {} } = filter;
  return (
    (status === undefined || [status].flat().includes(row.status)) &&
    (workflow === undefined || row.workflow === workflow) &&
    (parentId === undefined || row.parentId === parentId) &&
    (queue === undefined || row.queue === queue) &&
    Object.entries(attributes).every(([name, value]) => row.attributes?.[name] === value)
  );
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
