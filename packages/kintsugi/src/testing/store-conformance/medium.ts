/** What the cases of the suite stand on. */

import assert from "node:assert/strict";

import type { AnyTable, Store, Table } from "../../store/index.ts";

/** What a case wants of a store. */
export interface MediumOptions {
  readonly tables: readonly AnyTable[];
  readonly maxFacts?: number;
  readonly onListenerError?: (error: unknown) => void;
}

/** A place that outlives the stores which are opened on it. */
export interface Medium {
  readonly store: Store;
  /** Opens another store on the same place; the one before was closed. */
  reopen(options: MediumOptions): Promise<Store>;
  /** Closes what is open and removes all traces. */
  dispose(): Promise<void>;
}

export type OpenMedium = (options: MediumOptions) => Promise<Medium>;

/** Sentences, and what proves them. */
export type Cases = Readonly<Record<string, (open: OpenMedium) => Promise<void>>>;

export interface Task {
  readonly id: string;
  readonly state: string | null;
  readonly rank: number | null;
  readonly weight: number | null;
  readonly body: unknown;
}

export const tasks: Table<Task> = {
  name: "tasks",
  version: 1,
  key: ["id"],
  columns: {
    id: { type: "text" },
    state: { type: "text" },
    rank: { type: "integer" },
    weight: { type: "real" },
    body: { type: "json" },
  },
  indexes: [["state", "rank"]],
};

/** A table whose rows have two names. */
export interface Entry {
  readonly list: string;
  readonly place: number;
  readonly text: string;
}

export const entries: Table<Entry> = {
  name: "entries",
  version: 1,
  key: ["list", "place"],
  columns: { list: { type: "text" }, place: { type: "integer" }, text: { type: "text" } },
};

/** Rows are checked where they are written; a list of tables is only names and columns. */
export const asTables = (...tables: readonly object[]): readonly AnyTable[] =>
  tables as readonly AnyTable[];

export const task = (id: string, fields: Partial<Task> = {}): Task => ({
  id,
  state: null,
  rank: null,
  weight: null,
  body: null,
  ...fields,
});

/** A case on a store with the usual tables, which is disposed of at its end. */
export const onStore =
  (check: (medium: Medium) => Promise<void>, options: Partial<MediumOptions> = {}) =>
  async (open: OpenMedium): Promise<void> => {
    const medium = await open({ tables: asTables(tasks, entries), ...options });
    try {
      await check(medium);
    } finally {
      await medium.dispose();
    }
  };

/** Fails unless the promise rejects with an error of this code. */
export async function rejectsWith(code: string, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, { code: `KINTSUGI_${code}` });
}

/** The ids of all tasks, in the order of their key. */
export async function taskIds(store: Store): Promise<readonly string[]> {
  const rows = await store.list(tasks);
  return rows.map(({ id }) => id);
}
