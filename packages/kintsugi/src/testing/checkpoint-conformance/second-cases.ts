import assert from "node:assert/strict";

import { type CheckpointCases, isTaken, onMedium } from "./medium.ts";

export const secondCases: CheckpointCases = {
  "finds what the first has written, as soon as that was acknowledged": onMedium(
    async (store, medium) => {
      await store.write("crawl", 1, "one");
      await store.write("crawl", 2, "two");
      const second = await medium.another();
      assert.deepEqual(await second.versions("crawl"), [1, 2]);
      assert.equal(await second.read("crawl", 2), "two");
      assert.equal(await second.read("crawl", 3), undefined);
    },
  ),

  "finds nothing of what the first has removed": onMedium(async (store, medium) => {
    await store.write("crawl", 1, "one");
    await store.write("crawl", 2, "two");
    await store.remove("crawl", 1);
    const second = await medium.another();
    assert.deepEqual(await second.versions("crawl"), [2]);
    assert.equal(await second.read("crawl", 1), undefined);
  }),

  "goes on after the versions of the first": onMedium(async (store, medium) => {
    await store.write("crawl", 1, "one");
    const second = await medium.another();
    await second.write("crawl", 2, "two");
    assert.deepEqual(await second.versions("crawl"), [1, 2]);
    const third = await medium.another();
    assert.deepEqual(await third.versions("crawl"), [1, 2]);
    assert.equal(await third.read("crawl", 2), "two");
  }),

  "cannot write over what the first has written": onMedium(async (store, medium) => {
    await store.write("crawl", 1, "of the first");
    const second = await medium.another();
    await isTaken("crawl", 1, second.write("crawl", 1, "of the second"));
    await second.write("crawl", 1, "of the first");
    assert.equal(await second.read("crawl", 1), "of the first");
  }),

  "may remove what the first has written": onMedium(async (store, medium) => {
    await store.write("crawl", 1, "one");
    const second = await medium.another();
    await second.remove("crawl", 1);
    const third = await medium.another();
    assert.deepEqual(await third.versions("crawl"), []);
  }),
};
