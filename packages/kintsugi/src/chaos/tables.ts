/** What chaos stores: which entries of its plan have happened. */

import type { AnyTable, Table } from "../store/index.ts";

export interface ChaosRow {
  /** Name of the entry. */
  readonly name: string;
  /** When the plan began to have it: spans count from here, over all restarts. */
  readonly sinceMs: number;
  /** Written before it happens; null until then. */
  readonly firedAtMs: number | null;
}

export const chaosTable: Table<ChaosRow> = {
  name: "chaos_entries",
  version: 1,
  key: ["name"],
  columns: {
    name: { type: "text" },
    sinceMs: { type: "integer" },
    firedAtMs: { type: "integer" },
  },
};

/** All tables of this room, for whoever opens the store. */
export const tables: readonly AnyTable[] = [chaosTable as unknown as AnyTable];
