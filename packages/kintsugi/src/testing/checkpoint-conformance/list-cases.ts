import assert from "node:assert/strict";

import { type CheckpointCases, onMedium } from "./medium.ts";

const MANY = 1_000;

/** Writes that are under way at the same time, so that what answers slowly does not take for ever. */
const AT_ONCE = 50;

export const listCases: CheckpointCases = {
  "are none where nobody has written": onMedium(async (store) => {
    assert.deepEqual(await store.versions("nobody"), []);
  }),

  "are listed by their number, however they were written": onMedium(async (store) => {
    const versions = [10, 9, 2, 1, 100, 9_999_999_999, 10_000_000_000, 99, 1_000];
    for (const version of versions) await store.write("crawl", version, String(version));
    const sorted = versions.toSorted((a, b) => a - b);
    assert.deepEqual(await store.versions("crawl"), sorted);
    for (const version of sorted) {
      assert.equal(await store.read("crawl", version), String(version));
    }
  }),

  "may be a thousand": onMedium(async (store) => {
    const versions = Array.from({ length: MANY }, (_, index) => index + 1);
    for (let from = 0; from < MANY; from += AT_ONCE) {
      const some = versions.slice(from, from + AT_ONCE);
      await Promise.all(some.map((version) => store.write("long", version, `${version}`)));
    }
    assert.deepEqual(await store.versions("long"), versions);
    assert.equal(await store.read("long", 500), "500");
    assert.deepEqual(await store.versions("lon"), []);
  }),

  "are as they are left when one is removed": onMedium(async (store) => {
    for (const version of [1, 2, 3]) await store.write("crawl", version, `${version}`);
    await store.remove("crawl", 2);
    assert.deepEqual(await store.versions("crawl"), [1, 3]);
    assert.equal(await store.read("crawl", 2), undefined);
    assert.equal(await store.read("crawl", 3), "3");
  }),

  "are gone when all are removed, and can begin anew": onMedium(async (store) => {
    await store.write("crawl", 1, "old");
    await store.remove("crawl", 1);
    assert.deepEqual(await store.versions("crawl"), []);
    await store.write("crawl", 1, "new");
    assert.equal(await store.read("crawl", 1), "new");
  }),

  "are no worse for the removal of what is not there": onMedium(async (store) => {
    await store.remove("nobody", 1);
    await store.write("crawl", 2, "2");
    await store.remove("crawl", 1);
    await store.remove("crawl", 1);
    assert.deepEqual(await store.versions("crawl"), [2]);
    assert.deepEqual(await store.versions("nobody"), []);
  }),
};
