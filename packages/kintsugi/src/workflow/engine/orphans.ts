/** Children go with a parent that is cancelled, also where a crash came between the two. */

import type { Store } from "../../store/index.ts";
import { type RunRow, runs } from "../tables.ts";

/** Those of the rows that an earlier life let run and whose parent was cancelled. */
export async function orphansAmong(
  rows: readonly RunRow[],
  life: number,
  store: Store,
): Promise<readonly RunRow[]> {
  const children = rows.filter(
    // One that is to be undone has its own end, and needs to run for that.
    ({ parentId, boot, ending }) =>
      parentId !== null && boot > 0 && boot !== life && ending === null,
  );
  if (children.length === 0) return [];
  const id = [...new Set(children.flatMap(({ parentId }) => parentId ?? []))];
  const where = { id, status: "cancelled" } as const;
  const parents = await store.list(runs, { where, limit: id.length });
  const cancelled = new Set<string | null>(parents.map((parent) => parent.id));
  return children.filter(({ parentId }) => cancelled.has(parentId));
}
