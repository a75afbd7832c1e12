import assert from "node:assert/strict";

import { fact, insert, put, remove, update } from "../../store/index.ts";
import { type Cases, entries, onStore, rejectsWith, task, taskIds, tasks } from "./medium.ts";

export const commitCases: Cases = {
  "does all of its changes": onStore(async ({ store }) => {
    await store.commit([
      insert(tasks, task("a")),
      put(entries, { list: "l", place: 1, text: "first" }),
      fact("task.added", 1, { id: "a" }),
    ]);
    assert.deepEqual(await store.get(tasks, "a"), task("a"));
    assert.deepEqual(await store.get(entries, "l", 1), { list: "l", place: 1, text: "first" });
    assert.equal(store.facts.lastId, 1);
  }),

  "does nothing at all when one of its changes conflicts": onStore(async ({ store }) => {
    await store.commit([insert(tasks, task("a", { rank: 1 })), insert(tasks, task("b"))]);
    const conflicting = store.commit([
      update(tasks, ["a"], { rank: 2 }),
      remove(tasks, "b"),
      put(tasks, task("c")),
      fact("task.added", 1, {}, "source"),
      insert(tasks, task("a")),
    ]);
    await rejectsWith("CONFLICT", conflicting);
    assert.deepEqual(await store.get(tasks, "a"), task("a", { rank: 1 }));
    assert.deepEqual(await taskIds(store), ["a", "b"]);
    assert.equal(store.facts.lastId, 0);

    await store.commit([fact("task.added", 2, {}, "source")]);
    assert.equal(store.facts.lastId, 1, "the source was not taken in by what never happened");
  }),

  "leaves those of the same turn alone when it conflicts": onStore(async ({ store }) => {
    const outcomes = await Promise.allSettled([
      store.commit([insert(tasks, task("a"))]),
      store.commit([insert(tasks, task("b")), insert(tasks, task("a"))]),
      store.commit([insert(tasks, task("c")), insert(tasks, task("d"))]),
    ]);
    const how = outcomes.map(({ status }) => status);
    assert.deepEqual(how, ["fulfilled", "rejected", "fulfilled"]);
    assert.deepEqual(await taskIds(store), ["a", "c", "d"]);
  }),

  "sees what an earlier one of the same turn did": onStore(async ({ store }) => {
    await Promise.all([
      store.commit([insert(tasks, task("a", { rank: 1 }))]),
      store.commit([update(tasks, ["a"], { rank: 2 }, { rank: 1 })]),
      store.commit([remove(tasks, "a"), insert(tasks, task("a", { rank: 3 }))]),
    ]);
    assert.equal((await store.get(tasks, "a"))?.rank, 3);
  }),

  "is seen by nobody before it is durable": onStore(async ({ store }) => {
    const commit = store.commit([insert(tasks, task("a")), fact("task.added", 1, {})]);
    assert.equal(await store.get(tasks, "a"), undefined);
    assert.equal(await store.count(tasks), 0);
    assert.deepEqual(await store.list(tasks), []);
    assert.deepEqual(await store.facts.latest(1), []);
    assert.equal(store.facts.lastId, 0);
    await commit;
    assert.equal(await store.count(tasks), 1);
  }),

  "keeps what it was given, whatever becomes of those objects later": onStore(async ({ store }) => {
    const row = { ...task("a"), body: { steps: [1] } };
    const payload = { steps: [1] };
    const commit = store.commit([insert(tasks, row), fact("task.added", 1, payload)]);
    row.id = "other";
    row.body.steps.push(2);
    payload.steps.push(2);
    await commit;
    assert.deepEqual((await store.get(tasks, "a"))?.body, { steps: [1] });
    assert.deepEqual((await store.facts.latest(1))[0]?.payload, { steps: [1] });
  }),

  "may be empty, and then only waits for its turn": onStore(async ({ store }) => {
    const before = store.commit([insert(tasks, task("a"))]);
    await store.commit([]);
    assert.equal(await store.count(tasks), 1);
    await before;
  }),

  "updates the row that still fits, and no other": onStore(async ({ store }) => {
    await store.commit([insert(tasks, task("a", { state: "new" }))]);
    await store.commit([update(tasks, ["a"], { state: "done" }, { state: "new", rank: null })]);
    await rejectsWith("CONFLICT", store.commit([update(tasks, ["a"], {}, { state: "new" })]));
    await rejectsWith("CONFLICT", store.commit([update(tasks, ["a"], {}, { state: null })]));
    await rejectsWith("CONFLICT", store.commit([update(tasks, ["b"], { state: "done" })]));
    await store.commit([update(tasks, ["a"], {}, { state: "done" })]);
    assert.deepEqual(await store.get(tasks, "a"), task("a", { state: "done" }));
  }),

  "puts a whole row in the place of another": onStore(async ({ store }) => {
    await store.commit([put(tasks, task("a", { state: "new", rank: 1, body: [1] }))]);
    await store.commit([put(tasks, task("a", { rank: 2 }))]);
    assert.deepEqual(await store.get(tasks, "a"), task("a", { rank: 2 }));
  }),

  "removes a row, and takes it calmly when there is none": onStore(async ({ store }) => {
    await store.commit([insert(tasks, task("a"))]);
    await store.commit([remove(tasks, "a"), remove(tasks, "a"), remove(entries, "l", 1)]);
    assert.equal(await store.get(tasks, "a"), undefined);
  }),

  "is refused before anything is queued when no store can carry it": onStore(async ({ store }) => {
    const unknownColumn = { ...task("a"), colour: "red" };
    await rejectsWith("STORE_USAGE", store.commit([insert(tasks, unknownColumn)]));
    await rejectsWith("STORE_USAGE", store.commit([update(tasks, ["a"], { id: "b" })]));
    await rejectsWith("STORE_USAGE", store.commit([remove(tasks)]));
    await rejectsWith("STORE_USAGE", store.commit([remove(tasks, "a", "b")]));
    await rejectsWith("STORE_USAGE", store.commit([remove(tasks, null)]));
    await rejectsWith("STORE_USAGE", store.commit([remove({ ...tasks, name: "nowhere" }, "a")]));
    await rejectsWith("STORE_USAGE", store.commit([update(tasks, ["a"], {}, { body: {} })]));
    await rejectsWith("STORE_USAGE", store.commit([insert(tasks, task("a")), fact("", 1, {})]));
    assert.equal(await store.count(tasks), 0);
  }),
};
