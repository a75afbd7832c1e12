import assert from "node:assert/strict";

import { type Change, type Fact, fact, insert, type Store } from "../../store/index.ts";
import { type Cases, onStore, rejectsWith, task, tasks } from "./medium.ts";

const types = (facts: readonly Fact[]): string => facts.map(({ type }) => type).join(" ");

const idsOf = (facts: readonly Fact[]): readonly number[] => facts.map(({ id }) => id);

const numbered = (from: number, to: number): readonly Change[] =>
  Array.from({ length: to - from + 1 }, (_, index) => fact("number.drawn", 1, { n: from + index }));

const heardBy = (store: Store): Fact[] => {
  const heard: Fact[] = [];
  store.facts.subscribe((one) => void heard.push(one));
  return heard;
};

export const factCases: Cases = {
  "begins empty": onStore(async ({ store }) => {
    assert.equal(store.facts.lastId, 0);
    assert.equal(store.facts.firstId, 0);
    assert.deepEqual(await store.facts.after(0), []);
    assert.deepEqual(await store.facts.latest(10), []);
  }),

  "numbers facts one by one, as they were committed": onStore(async ({ store }) => {
    await Promise.allSettled([
      store.commit([fact("run.started", 10, { run: "a" }), fact("run.resumed", 11.5, {})]),
      store.commit([
        fact("run.completed", 12, {}),
        insert(tasks, task("a")),
        insert(tasks, task("a")),
      ]),
      store.commit([fact("run.dead", 13, { why: [null] }, "elsewhere:1")]),
    ]);
    assert.deepEqual(await store.facts.after(0), [
      { id: 1, type: "run.started", atMs: 10, payload: { run: "a" } },
      { id: 2, type: "run.resumed", atMs: 11.5, payload: {} },
      { id: 3, type: "run.dead", atMs: 13, payload: { why: [null] }, sourceId: "elsewhere:1" },
    ]);
    assert.equal(store.facts.lastId, 3);
    assert.equal(store.facts.firstId, 1);
  }),

  "takes in a fact from elsewhere once": onStore(async ({ store }) => {
    const heard = heardBy(store);
    await store.commit([fact("a.b", 1, {}, "x"), fact("a.b", 1, {}, "x"), fact("a.b", 1, {}, "y")]);
    await store.commit([fact("a.b", 2, {}, "x"), fact("a.b", 2, {})]);
    const found = await store.facts.after(0);
    assert.deepEqual(
      found.map(({ sourceId }) => sourceId),
      ["x", "y", undefined],
    );
    assert.deepEqual(idsOf(found), [1, 2, 3]);
    assert.deepEqual(heard, found);
  }),

  "is read on from an id, oldest first": onStore(async ({ store }) => {
    await store.commit(numbered(1, 5));
    assert.deepEqual(idsOf(await store.facts.after(2)), [3, 4, 5]);
    assert.deepEqual(idsOf(await store.facts.after(1, { limit: 2 })), [2, 3]);
    assert.deepEqual(await store.facts.after(5), []);
    assert.deepEqual(await store.facts.after(99), []);
    await assert.rejects(store.facts.after(Number.NaN), RangeError);
  }),

  "shows the newest, oldest of them first": onStore(async ({ store }) => {
    await store.commit(numbered(1, 5));
    assert.deepEqual(idsOf(await store.facts.latest(2)), [4, 5]);
    assert.deepEqual(idsOf(await store.facts.latest(99)), [1, 2, 3, 4, 5]);
    assert.deepEqual(await store.facts.latest(0), []);
  }),

  "picks facts by name, or by what their names begin with": onStore(async ({ store }) => {
    const names = ["run.started", "runs.counted", "run.über", "incident.opened", "run"];
    await store.commit(names.map((name) => fact(name, 1, {})));
    const picked = (...wanted: string[]): Promise<string> =>
      store.facts.after(0, { types: wanted }).then(types);
    assert.equal(await picked("run."), "run.started run.über");
    assert.equal(await picked("run"), "run");
    assert.equal(await picked("incident.", "runs.counted"), "runs.counted incident.opened");
    assert.equal(await picked("nothing."), "");
    assert.equal(types(await store.facts.latest(1, ["run."])), "run.über");
  }),

  "keeps no more than it should, and never uses an id twice": onStore(
    async ({ store, reopen }) => {
      await store.commit(numbered(1, 25));
      assert.ok(store.facts.firstId > 25 - 20 && store.facts.lastId === 25);
      assert.equal((await store.facts.after(0))[0]?.id, store.facts.firstId);
      for (let n = 26; n <= 60; n += 1) await store.commit(numbered(n, n));
      const kept = await store.facts.after(0);
      assert.ok(kept.length <= 20 && kept.length >= 18, `${kept.length} are kept`);
      assert.equal(kept.at(-1)?.id, 60);
      await store.close();

      const again = await reopen({ tables: [], maxFacts: 20 });
      assert.equal(again.facts.firstId, kept[0]?.id);
      await again.commit(numbered(61, 61));
      assert.equal(again.facts.lastId, 61);
    },
    { maxFacts: 20 },
  ),

  "knows a source whose fact it no longer keeps": onStore(
    async ({ store, reopen }) => {
      await store.commit([fact("watchdog.started", 1, {}, "watchdog:1"), ...numbered(2, 40)]);
      assert.ok(store.facts.firstId > 1);
      await store.close();
      const again = await reopen({ tables: [] });
      await again.commit([fact("watchdog.started", 1, {}, "watchdog:1")]);
      assert.equal(again.facts.lastId, 40);
    },
    { maxFacts: 10 },
  ),

  "tells its listeners after the commit, in order": onStore(async ({ store }) => {
    const seen: unknown[] = [];
    store.facts.subscribe((one) => void seen.push([one.id, store.facts.lastId]));
    const leave = store.facts.subscribe(() => void seen.push("twice"));
    const commits = [store.commit(numbered(1, 2)), store.commit([insert(tasks, task("a"))])];
    assert.deepEqual(seen, []);
    await Promise.all(commits);
    assert.deepEqual(seen, [[1, 2], "twice", [2, 2], "twice"]);
    leave();
    leave();
    await store.commit(numbered(3, 3));
    assert.deepEqual(seen.slice(4), [[3, 3]]);
  }),

  "is not broken by a listener that throws": async (open) => {
    const reported: unknown[] = [];
    const bad = new Error("bad listener");
    const onListenerError = (error: unknown): void => void reported.push(error);
    await onStore(
      async ({ store }) => {
        store.facts.subscribe(() => {
          throw bad;
        });
        const heard = heardBy(store);
        await store.commit(numbered(1, 2));
        await store.commit([]);
        assert.deepEqual(idsOf(heard), [1, 2]);
        assert.deepEqual(reported, [bad, bad]);
      },
      { onListenerError },
    )(open);
  },

  "lets a listener commit": onStore(async ({ store }) => {
    const answered = Promise.withResolvers<void>();
    const leave = store.facts.subscribe(() => {
      leave();
      store.commit([insert(tasks, task("answer"))]).then(answered.resolve, answered.reject);
    });
    await store.commit(numbered(1, 1));
    await answered.promise;
    assert.equal(await store.count(tasks), 1);
  }),

  "refuses a fact that is none": onStore(async ({ store }) => {
    const refuses = (change: Change): Promise<void> =>
      rejectsWith("STORE_USAGE", store.commit([change]));
    await refuses(fact("", 1, {}));
    await refuses(fact("a.b", Number.NaN, {}));
    await refuses(fact("a.b", 1, []));
    await refuses(fact("a.b", 1, { at: new Date(0) }));
    assert.equal(store.facts.lastId, 0);
  }),
};
