import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";

import { checkpointStoreConformance } from "../../testing/index.ts";
import { type SqliteCheckpoints, sqliteCheckpoints } from "./sqlite-checkpoints.ts";

function setup() {
  const home = mkdtempSync(join(tmpdir(), "kintsugi-states-"));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  return { home, file: join(home, "made", "states.sqlite") };
}

checkpointStoreConformance({
  name: "checkpoints on SQLite",
  describe,
  it,
  async open() {
    const { file } = setup();
    let last: SqliteCheckpoints = sqliteCheckpoints({ file });
    return {
      store: last,
      async another() {
        await last.close();
        last = sqliteCheckpoints({ file });
        return last;
      },
      dispose: () => last.close(),
    };
  },
});

describe("a file of checkpoints", () => {
  it("belongs to one writer at a time, and a second one is told so until it is given back", async () => {
    const { file } = setup();
    await using first = sqliteCheckpoints({ file });
    await using second = sqliteCheckpoints({ file, durability: "process" });
    await first.write("crawl", 1, "one");
    await expect(second.versions("crawl")).rejects.toMatchObject({
      code: "KINTSUGI_STORE_UNUSABLE",
      message: expect.stringContaining("is open in another process"),
    });
    await first.close();
    await expect(second.versions("crawl")).resolves.toEqual([1]);
  });

  it("is opened again when it is used after it was closed", async () => {
    const { file } = setup();
    await using store = sqliteCheckpoints({ file });
    await store.close();
    await store.write("crawl", 1, "one");
    await store.close();
    await expect(store.read("crawl", 1)).resolves.toBe("one");
  });

  it("that is none of ours is refused, and left as it is", async () => {
    const { home } = setup();
    const file = join(home, "notes.txt");
    writeFileSync(file, "notes ".repeat(1_000));
    await using store = sqliteCheckpoints({ file });
    await expect(store.write("crawl", 1, "one")).rejects.toMatchObject({
      code: "KINTSUGI_STORE_UNUSABLE",
      message: expect.stringContaining(file),
    });
  });
});
