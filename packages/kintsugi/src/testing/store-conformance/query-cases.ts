import assert from "node:assert/strict";

import { insert, type Query, type Store } from "../../store/index.ts";
import { type Cases, entries, onStore, rejectsWith, type Task, task, tasks } from "./medium.ts";

const rows: readonly Task[] = [
  task("a", { state: "new", rank: 2 }),
  task("b", { state: "done", rank: null, weight: 1.5 }),
  task("c", { state: null, rank: 1 }),
  task("d", { state: "new", rank: null, body: { any: 1 } }),
  task("e", { state: "done", rank: 2 }),
];

const filled = async (store: Store): Promise<void> =>
  store.commit(rows.toReversed().map((row) => insert(tasks, row)));

const ids = async (store: Store, query?: Query<Task>): Promise<string> => {
  const found = await store.list(tasks, query);
  return found.map(({ id }) => id).join("");
};

/** All pages of two rows, one after the other. */
async function paged(store: Store, query: Query<Task>): Promise<string> {
  const pages: string[] = [];
  let page = await store.list(tasks, { ...query, limit: 2 });
  while (page.length > 0 && pages.length < 10) {
    pages.push(page.map(({ id }) => id).join(""));
    const after = page.at(-1) as Task;
    page = await store.list(tasks, { ...query, limit: 2, after });
  }
  return pages.join(" ");
}

export const queryCases: Cases = {
  "finds what is equal in all that it names": onStore(async ({ store }) => {
    await filled(store);
    assert.equal(await ids(store), "abcde");
    assert.equal(await ids(store, { where: { state: "new" } }), "ad");
    assert.equal(await ids(store, { where: { state: "done", rank: 2 } }), "e");
    assert.equal(await ids(store, { where: { weight: 1.5 } }), "b");
    assert.equal(await ids(store, { where: { id: "c" } }), "c");
    assert.equal(await ids(store, { where: { state: "old" } }), "");
    const unasked = { state: undefined } as unknown as { state: string };
    assert.equal(await ids(store, { where: unasked }), "abcde");
  }),

  "takes a list for any of its values, and null for a value": onStore(async ({ store }) => {
    await filled(store);
    assert.equal(await ids(store, { where: { state: ["new", "done"] } }), "abde");
    assert.equal(await ids(store, { where: { state: ["new", null, "old"] } }), "acd");
    assert.equal(await ids(store, { where: { state: null } }), "c");
    assert.equal(await ids(store, { where: { state: [] } }), "");
    assert.equal(await ids(store, { where: { id: [null as unknown as string] } }), "");
    assert.equal(await ids(store, { where: { body: null } }), "abce");
    assert.equal(await ids(store, { where: { rank: [1, 2, 3], state: ["new", "done"] } }), "ae");
  }),

  "counts what it would find": onStore(async ({ store }) => {
    await filled(store);
    assert.equal(await store.count(tasks), 5);
    assert.equal(await store.count(tasks, { state: ["new", null] }), 3);
    assert.equal(await store.count(tasks, { state: [] }), 0);
    assert.equal(await store.count(entries), 0);
  }),

  "orders by a column and then by the key, null first": onStore(async ({ store }) => {
    await filled(store);
    assert.equal(await ids(store, { orderBy: "rank" }), "bdcae");
    assert.equal(await ids(store, { orderBy: "state" }), "cbead");
    assert.equal(await ids(store, { orderBy: "id" }), "abcde");
  }),

  "descends through the very same order": onStore(async ({ store }) => {
    await filled(store);
    assert.equal(await ids(store, { descending: true }), "edcba");
    assert.equal(await ids(store, { orderBy: "rank", descending: true }), "eacdb");
  }),

  "goes on after the last row of a page, in either direction": onStore(async ({ store }) => {
    await filled(store);
    assert.equal(await paged(store, {}), "ab cd e");
    assert.equal(await paged(store, { descending: true }), "ed cb a");
    assert.equal(await paged(store, { orderBy: "rank" }), "bd ca e");
    assert.equal(await paged(store, { orderBy: "rank", descending: true }), "ea cd b");
    assert.equal(await paged(store, { orderBy: "state", where: { rank: 2 } }), "ea");
  }),

  "goes on after a row that is no longer there": onStore(async ({ store }) => {
    await filled(store);
    const gone = task("bb", { rank: null });
    assert.equal(await ids(store, { after: gone }), "cde");
    assert.equal(await ids(store, { after: gone, orderBy: "rank" }), "dcae");
  }),

  "orders rows of two names by the first and then the second": onStore(async ({ store }) => {
    const places: readonly (readonly [string, number])[] = [
      ["b", 1],
      ["a", 10],
      ["a", 9],
      ["a", -1],
    ];
    await store.commit(places.map(([list, place]) => insert(entries, { list, place, text: "" })));
    const found = await store.list(entries);
    assert.deepEqual(
      found.map(({ place }) => place),
      [-1, 9, 10, 1],
    );
    const after = { list: "a", place: 9, text: "" };
    const later = await store.list(entries, { after });
    assert.deepEqual(
      later.map(({ place }) => place),
      [10, 1],
    );
    const byPlace = await store.list(entries, { orderBy: "place", after });
    assert.deepEqual(
      byPlace.map(({ place }) => place),
      [10],
    );
  }),

  "orders text by its UTF-8 bytes": onStore(async ({ store }) => {
    const ordered = ["", "\0", "A", "Z", "a", "aa", "é", "\ud7ff", "\ue000", "\uffff", "🜚"];
    await store.commit(ordered.toReversed().map((id) => insert(tasks, task(id))));
    const found = await store.list(tasks);
    assert.deepEqual(
      found.map(({ id }) => id),
      ordered,
    );
  }),

  "answers with a thousand rows unless it is told how many": onStore(async ({ store }) => {
    const many = Array.from({ length: 1_001 }, (_, place) => ({ list: "l", place, text: "" }));
    await store.commit(many.map((row) => insert(entries, row)));
    assert.equal((await store.list(entries)).length, 1_000);
    assert.equal((await store.list(entries, { limit: 2_000 })).length, 1_001);
    assert.deepEqual(await store.list(entries, { limit: 0 }), []);
    const where = { place: many.map(({ place }) => place) };
    assert.equal(await store.count(entries, where), 1_001);
  }),

  "is refused when it names what the table has not": onStore(async ({ store }) => {
    const list = (query: object): Promise<unknown> => store.list(tasks, query as Query<Task>);
    await rejectsWith("STORE_USAGE", list({ where: { colour: "red" } }));
    await rejectsWith("STORE_USAGE", list({ orderBy: "colour" }));
    await rejectsWith("STORE_USAGE", list({ orderBy: "body" }));
    await rejectsWith("STORE_USAGE", list({ where: { body: {} } }));
    await rejectsWith("STORE_USAGE", list({ where: { rank: "1" } }));
    await rejectsWith("STORE_USAGE", store.get(tasks, "a", "b"));
    await assert.rejects(list({ limit: -1 }), RangeError);
    await assert.rejects(list({ limit: 1.5 }), RangeError);
  }),
};
