import assert from "node:assert/strict";

import { type CheckpointCases, isTaken, onMedium } from "./medium.ts";

/** Two units each, so that every second place in the text lies within a letter. */
const BIG = `x${"😀".repeat(9 * 2 ** 20)}`;

export const writeCases: CheckpointCases = {
  "is read as it was written": onMedium(async (store) => {
    await store.write("crawl", 1, '{"page":1}');
    await store.write("crawl", 2, '{"page":2}');
    assert.equal(await store.read("crawl", 1), '{"page":1}');
    assert.equal(await store.read("crawl", 2), '{"page":2}');
  }),

  "is nothing before it is written": onMedium(async (store) => {
    assert.equal(await store.read("crawl", 1), undefined);
    await store.write("crawl", 1, "a");
    assert.equal(await store.read("crawl", 2), undefined);
    assert.equal(await store.read("other", 1), undefined);
  }),

  "may have any well-formed text": onMedium(async (store) => {
    const texts = [
      "",
      " ",
      "\0",
      "\uFEFFafter a mark of byte order",
      "lines\r\nof\rall\nkinds\u2028\u2029\u0085",
      "\uFFFD \uFFFF é e\u0301 漢字 👩‍👩‍👧‍👦 \u{10FFFF}",
      "<Key>&amp;</Key>]]>",
      "'; DROP TABLE checkpoints; --",
      '"\\u0000\\"',
    ];
    for (const [index, text] of texts.entries()) await store.write("texts", index + 1, text);
    for (const [index, text] of texts.entries()) {
      assert.equal(await store.read("texts", index + 1), text, JSON.stringify(text));
    }
  }),

  "may be big": onMedium(async (store) => {
    await store.write("big", 1, BIG);
    await store.write("big", 2, "small");
    assert.ok((await store.read("big", 1)) === BIG, "the big text is another one");
    assert.equal(await store.read("big", 2), "small");
    await store.remove("big", 1);
    assert.equal(await store.read("big", 1), undefined);
    assert.deepEqual(await store.versions("big"), [2]);
  }),

  "may be written again with the same text, as after an answer that was lost": onMedium(
    async (store) => {
      await store.write("crawl", 1, "a");
      await store.write("crawl", 1, "a");
      assert.equal(await store.read("crawl", 1), "a");
      assert.deepEqual(await store.versions("crawl"), [1]);
    },
  ),

  "is written once: another text is refused, and the first one stays": onMedium(async (store) => {
    await store.write("crawl", 1, "first");
    await isTaken("crawl", 1, store.write("crawl", 1, "second"));
    await isTaken("crawl", 1, store.write("crawl", 1, ""));
    assert.equal(await store.read("crawl", 1), "first");
    await store.write("crawl", 2, "second");
    await store.write("other", 1, "second");
    assert.equal(await store.read("other", 1), "second");
  }),

  "belongs to one of those who write it at the same moment": onMedium(async (store) => {
    const texts = Array.from({ length: 8 }, (_, index) => String(index).repeat(10_000));
    const writes = await Promise.allSettled(texts.map((text) => store.write("crawl", 1, text)));
    const won = texts.filter((_, index) => writes[index]?.status === "fulfilled");
    assert.equal(won.length, 1);
    assert.ok((await store.read("crawl", 1)) === won[0], "the text is that of another one");
    for (const write of writes) {
      if (write.status === "rejected") {
        assert.equal(write.reason.code, "KINTSUGI_CHECKPOINT_TAKEN");
      }
    }
  }),

  "can be written while others are": onMedium(async (store) => {
    const versions = Array.from({ length: 20 }, (_, index) => index + 1);
    await Promise.all(versions.map((version) => store.write("crawl", version, `v${version}`)));
    assert.deepEqual(await store.versions("crawl"), versions);
    const texts = await Promise.all(versions.map((version) => store.read("crawl", version)));
    assert.deepEqual(
      texts,
      versions.map((version) => `v${version}`),
    );
  }),
};
