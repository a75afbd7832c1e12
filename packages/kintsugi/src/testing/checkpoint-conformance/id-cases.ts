import assert from "node:assert/strict";
import { createHash } from "node:crypto";

import { type CheckpointCases, onMedium } from "./medium.ts";

const LONG = "a".repeat(10_000);

/** Ids of which some would be the same to a file system, a database, an address or a careless eye. */
const IDS: readonly string[] = [
  ...["..", ".", "../etc/passwd", "../../../../tmp/x", "/", "/etc", "a/b", "a/../a/b", "a\\b"],
  ...["C:\\x", "a\0b", "a", "a\0", "A", "a ", " a", "a.", "a/", "con", "NUL", "~", "~root"],
  ...["%2E", "%2e%2e", "a%2Fb", "a%00b", "_2e", "_2E", "a+b", "a b", "a%20b", "?", "*", "#", "a&b"],
  ...["<Key>", "'; DROP TABLE x; --", '"', "`", "$(id)", "$HOME", "{}", "[]", "null", "undefined"],
  ...["__proto__", "constructor", "toString", "0", "1", "-1", "1e3"],
  // Look-alikes: composed and not, Cyrillic, full width, with nothing in between, turned round.
  ...[
    "é",
    "e\u0301",
    "\u0430",
    "ａ",
    "a\u200b",
    "a\u200d",
    "\u202ea",
    "ſ",
    "s",
    "K",
    "\u212a",
    "ß",
  ],
  ...["日本語", "👩‍👩‍👧‍👦", "\u{10FFFF}", "\uFFFD", "\uFEFFa", "\n", "\r\n", "\t", "\x7f"],
  ...[LONG, `${LONG.slice(1)}b`, `b${LONG.slice(1)}`, `${LONG}a`, "../".repeat(3_000)],
  ...[
    "é".repeat(10_000),
    "😀".repeat(10_000),
    "\0".repeat(10_000),
    "é".repeat(200),
    "é".repeat(201),
  ],
];

export const idCases: CheckpointCases = {
  "of any letters have each a place of their own": onMedium(async (store) => {
    for (const id of IDS) await store.write(id, 1, `of ${id}`);
    for (const id of IDS) {
      const name = JSON.stringify(id.slice(0, 50));
      assert.ok((await store.read(id, 1)) === `of ${id}`, `${name} has the text of another`);
      assert.deepEqual(await store.versions(id), [1], name);
    }
    for (const id of IDS.filter((_, index) => index % 2 === 0)) await store.remove(id, 1);
    for (const [index, id] of IDS.entries()) {
      const left = index % 2 === 0 ? [] : [1];
      assert.deepEqual(await store.versions(id), left, JSON.stringify(id.slice(0, 50)));
    }
  }),

  "that begin with one another are listed apart": onMedium(async (store) => {
    await store.write("crawl", 1, "short");
    await store.write("crawl/1", 2, "longer");
    await store.write("crawl1", 3, "long");
    assert.deepEqual(await store.versions("crawl"), [1]);
    assert.deepEqual(await store.versions("crawl/1"), [2]);
    assert.deepEqual(await store.versions("crawl1"), [3]);
    assert.deepEqual(await store.versions("craw"), []);
  }),

  "that look like the place of another one are not taken for it": onMedium(async (store) => {
    // Sixty letters and the hash of the long one: how a place might be named.
    const hash = createHash("sha256").update(LONG).digest("hex");
    await store.write(LONG, 1, "long");
    for (const link of ["~", ".", "-", "_"]) {
      const id = `${LONG.slice(0, 60)}${link}${hash}`;
      assert.deepEqual(await store.versions(id), []);
      await store.write(id, 1, link);
      assert.equal(await store.read(id, 1), link);
    }
    assert.equal(await store.read(LONG, 1), "long");
  }),

  "that are none are refused: the empty one, and half a letter": onMedium(async (store) => {
    for (const id of ["", "\ud800", "a\udc00b"]) {
      const refused = { name: "RangeError", message: /^A checkpoint needs an id, / };
      await assert.rejects(store.write(id, 1, "x"), refused);
      await assert.rejects(store.read(id, 1), refused);
      await assert.rejects(store.versions(id), refused);
      await assert.rejects(store.remove(id, 1), refused);
    }
  }),
};
