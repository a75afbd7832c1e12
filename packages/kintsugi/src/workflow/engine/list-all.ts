/** Reads all rows that fit a query, however many they are. */

import type { Query, Store, Table } from "../../store/index.ts";

/** Rows that are read in one go. */
const PAGE = 10_000;

export async function listAll<Row extends object>(
  store: Store,
  table: Table<Row>,
  query: Query<Row>,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (;;) {
    const after = rows.at(-1);
    const page = await store.list(table, { ...query, limit: PAGE, ...(after && { after }) });
    rows.push(...page);
    if (page.length < PAGE) return rows;
  }
}
