import assert from "node:assert/strict";

import { insert, put, type Store, update } from "../../store/index.ts";
import { type Cases, entries, onStore, rejectsWith, type Task, task, tasks } from "./medium.ts";

const refused = (store: Store, fields: Readonly<Record<string, unknown>>): Promise<void> =>
  rejectsWith("STORE_USAGE", store.commit([put(tasks, { ...task("a"), ...fields } as Task)]));

/** What the path of a refusal says. */
const pathOf = (store: Store, body: unknown): Promise<string> =>
  store.commit([put(tasks, task("a", { body }))]).then(
    () => "accepted",
    (error: { readonly path: string }) => error.path,
  );

export const rowCases: Cases = {
  "comes back as it went in": onStore(async ({ store }) => {
    const rows: readonly Task[] = [
      task(""),
      task("a\0b 🜚 \uffff", { state: "'; DROP TABLE tasks; --", rank: -1, weight: 0.1 }),
      task("b", { rank: Number.MAX_SAFE_INTEGER, weight: Number.MIN_VALUE, body: false }),
      task("c", { rank: Number.MIN_SAFE_INTEGER, weight: -Number.MAX_VALUE, body: "\ud800" }),
      task("d", { body: [[], {}, null, { "": { "a.b": [1e21, "\u2028", "\0"] } }] }),
    ];
    await store.commit(rows.map((row) => insert(tasks, row)));
    for (const row of rows) assert.deepEqual(await store.get(tasks, row.id), row);
  }),

  "holds null where a field is missing or undefined": onStore(async ({ store }) => {
    const row = { id: "a", rank: undefined } as unknown as Task;
    await store.commit([insert(tasks, row)]);
    assert.deepEqual(await store.get(tasks, "a"), task("a"));
  }),

  "keeps the fields that an update leaves undefined": onStore(async ({ store }) => {
    await store.commit([insert(tasks, task("a", { state: "new", rank: 1 }))]);
    const set = { state: undefined, rank: null } as unknown as Partial<Task>;
    await store.commit([update(tasks, ["a"], set)]);
    assert.deepEqual(await store.get(tasks, "a"), task("a", { state: "new" }));
  }),

  "refuses what its column cannot hold": onStore(async ({ store }) => {
    await refused(store, { id: null });
    await refused(store, { id: 1 });
    await refused(store, { state: 1 });
    await refused(store, { state: true });
    await refused(store, { rank: "1" });
    await refused(store, { rank: 1.5 });
    await refused(store, { rank: 2 ** 53 });
    await refused(store, { rank: 1n });
    await refused(store, { weight: Number.NaN });
    await refused(store, { weight: Number.POSITIVE_INFINITY });
    await refused(store, { state: "x".repeat(2 ** 24 + 1) });
    assert.equal(await store.count(tasks), 0);
  }),

  "refuses what JSON cannot carry, and says where it is": onStore(async ({ store }) => {
    const circle: { inner: unknown[] } = { inner: [] };
    circle.inner.push(circle);
    assert.equal(await pathOf(store, { a: [1, { b: new Date(0) }] }), "tasks.body.a[1].b");
    assert.equal(await pathOf(store, circle), "tasks.body.inner[0]");
    assert.equal(await pathOf(store, [Number.NaN]), "tasks.body[0]");
    assert.equal(await pathOf(store, [undefined]), "tasks.body[0]");
    assert.equal(await pathOf(store, { a: () => {} }), "tasks.body.a");
    assert.equal(await pathOf(store, { a: 1n }), "tasks.body.a");
    assert.equal(await pathOf(store, new Map()), "tasks.body");
    assert.equal(await pathOf(store, { toJSON: () => 1 }), "tasks.body");
    assert.equal(await pathOf(store, JSON.parse("[".repeat(300) + "]".repeat(300))), deepPath);
    const shared = { one: 1 };
    assert.equal(await pathOf(store, [shared, shared]), "accepted");
  }),

  "leaves undefined properties out of JSON, and the sign of zero": onStore(async ({ store }) => {
    await store.commit([
      put(tasks, task("a", { rank: -0, weight: -0, body: { a: undefined, b: -0 } })),
    ]);
    const row = await store.get(tasks, "a");
    assert.deepEqual(row, task("a", { rank: 0, weight: 0, body: { b: 0 } }));
    assert.ok(Object.is(row?.weight, 0) && Object.is(row?.rank, 0));
  }),

  "keeps a key named __proto__ as a key like others": onStore(async ({ store }) => {
    const body: unknown = JSON.parse('{"__proto__": {"isAdmin": true}, "constructor": 1}');
    await store.commit([put(tasks, task("a", { body }))]);
    const found = (await store.get(tasks, "a"))?.body as object;
    assert.deepEqual(Object.keys(found), ["__proto__", "constructor"]);
    assert.equal((found as { isAdmin?: unknown }).isAdmin, undefined);
    assert.equal((Object.prototype as { isAdmin?: unknown }).isAdmin, undefined);
  }),

  "keeps half of a surrogate pair in text as U+FFFD": onStore(async ({ store }) => {
    await store.commit([insert(entries, { list: "a\ud800", place: 1, text: "\udc00b" })]);
    const found = { list: "a\ufffd", place: 1, text: "\ufffdb" };
    assert.deepEqual(await store.get(entries, "a\ud800", 1), found);
    assert.deepEqual(await store.list(entries, { where: { text: "\ud801b" } }), [found]);
  }),
};

/** Two hundred levels are taken; the one below is not. */
const deepPath = `tasks.body${"[0]".repeat(200)}`;
