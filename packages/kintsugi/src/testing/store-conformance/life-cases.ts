import assert from "node:assert/strict";

import { fact, insert, type Table, update } from "../../store/index.ts";
import { asTables, type Cases, entries, onStore, rejectsWith, task, tasks } from "./medium.ts";

interface GrownTask {
  readonly id: string;
  readonly state: string | null;
  readonly owner: string;
  readonly tries: number;
  readonly notes: readonly string[];
  readonly seen: number | null;
}

/** `tasks` as a later program has it: three columns came, three are no longer asked for. */
const grown: Table<GrownTask> = {
  name: "tasks",
  version: 3,
  key: ["id"],
  columns: {
    id: { type: "text" },
    owner: { type: "text", since: 2, initial: "it's nobody" },
    state: { type: "text" },
    tries: { type: "integer", since: 2, initial: 1 },
    notes: { type: "json", since: 3, initial: "[]" },
    seen: { type: "real", since: 3 },
  },
};

export const lifeCases: Cases = {
  "begins open": onStore(async ({ store }) => {
    assert.deepEqual(store.state, { kind: "open" });
  }),

  "commits what is queued before it closes": onStore(async ({ store, reopen }) => {
    const states: string[] = [];
    store.onState(({ kind }) => void states.push(kind));
    const commit = store.commit([insert(tasks, task("a")), fact("task.added", 1, {})]);
    await store.close();
    await commit;
    assert.deepEqual(states, ["closed"]);
    const again = await reopen({ tables: asTables(tasks) });
    assert.deepEqual(await again.get(tasks, "a"), task("a"));
    assert.equal(again.facts.lastId, 1);
  }),

  "refuses everything once it is closed, and closes twice calmly": onStore(async ({ store }) => {
    await store.close();
    await store.close();
    assert.deepEqual(store.state, { kind: "closed" });
    await rejectsWith("STORE_CLOSED", store.commit([insert(tasks, task("a"))]));
    await rejectsWith("STORE_CLOSED", store.get(tasks, "a"));
    await rejectsWith("STORE_CLOSED", store.list(tasks));
    await rejectsWith("STORE_CLOSED", store.count(tasks));
    await rejectsWith("STORE_CLOSED", store.facts.after(0));
    await rejectsWith("STORE_CLOSED", store.facts.latest(1));
  }),

  "adds the columns that a newer program brings": onStore(async ({ store, reopen }) => {
    await store.commit([insert(tasks, task("a", { state: "new", rank: 1 }))]);
    await store.close();
    const newer = await reopen({ tables: asTables(grown, entries) });
    const row = { id: "a", state: "new", owner: "it's nobody", tries: 1, notes: [], seen: null };
    assert.deepEqual(await newer.get(grown, "a"), row);
    await newer.commit([update(grown, ["a"], { notes: ["hello"], seen: 1.5 }, { tries: 1 })]);
    await newer.close();
    const again = await reopen({ tables: asTables(grown) });
    assert.deepEqual(await again.get(grown, "a"), { ...row, notes: ["hello"], seen: 1.5 });
  }),

  "is not opened by a program older than its tables": onStore(async ({ store, reopen }) => {
    await store.close();
    const newer = await reopen({ tables: asTables(grown) });
    await newer.commit([insert(grown, grownRow)]);
    await newer.close();
    await assert.rejects(reopen({ tables: asTables(tasks) }), {
      code: "KINTSUGI_STORE_UNUSABLE",
      message: /has table "tasks" in version 3, .* knows version 1: start the newer program/,
    });
    const again = await reopen({ tables: asTables(grown) });
    assert.equal(await again.count(grown), 1);
  }),

  "refuses declarations that are no tables": async (open) => {
    const refuses = async (table: object): Promise<void> =>
      rejectsWith("STORE_USAGE", open({ tables: asTables(table) }));
    await refuses({ ...tasks, name: 'x" --' });
    await refuses({ ...tasks, name: "sqlite_x" });
    await refuses({ ...tasks, name: "kintsugi_facts" });
    await refuses({ ...tasks, version: 0 });
    await refuses({ ...tasks, key: [] });
    await refuses({ ...tasks, key: ["nowhere"] });
    await refuses({ ...tasks, key: ["body"] });
    await refuses({ ...tasks, indexes: [["body"]] });
    await refuses({ ...tasks, columns: { ...tasks.columns, "a b": { type: "text" } } });
    await refuses({ ...tasks, columns: { ...tasks.columns, ID: { type: "text" } } });
    await refuses({ ...tasks, columns: { ...tasks.columns, toString: { type: "text" } } });
    await refuses({ ...tasks, version: 2, columns: { ...tasks.columns, id: lateText } });
    await refuses({ ...tasks, columns: { ...tasks.columns, late: lateText } });
    await refuses({ ...tasks, columns: { ...tasks.columns, odd: { type: "json", initial: "{" } } });
    await rejectsWith(
      "STORE_USAGE",
      open({ tables: asTables(tasks, { ...entries, name: "TASKS" }) }),
    );
  },
};

const lateText = { type: "text", since: 2 };

const grownRow: GrownTask = {
  id: "a",
  state: null,
  owner: "someone",
  tries: 2,
  notes: [],
  seen: null,
};
