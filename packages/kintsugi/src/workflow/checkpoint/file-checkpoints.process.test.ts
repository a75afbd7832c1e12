import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";

import { checkpointStoreConformance } from "../../testing/index.ts";
import { fileCheckpoints } from "./file-checkpoints.ts";

function setup() {
  const home = mkdtempSync(join(tmpdir(), "kintsugi-states-"));
  const remove = (): void => rmSync(home, { recursive: true, force: true });
  onTestFinished(remove);
  const folder = join(home, "made", "states");
  return { home, folder, remove, store: fileCheckpoints({ folder }) };
}

checkpointStoreConformance({
  name: "checkpoints in files",
  describe,
  it,
  async open() {
    const { folder, store, remove } = setup();
    return {
      store,
      another: async () => fileCheckpoints({ folder }),
      dispose: async () => remove(),
    };
  },
});

describe("the folder of checkpoints", () => {
  it("is all that ids can reach, and holds nothing but whole versions", async () => {
    const { home, folder, store } = setup();
    const ids = ["../../outside", "/tmp/outside", "a/b", "..\0", "x".repeat(5_000)];
    for (const id of ids) await store.write(id, 1, "text");
    expect(readdirSync(home)).toEqual(["made"]);
    expect(readdirSync(join(home, "made"))).toEqual(["states"]);
    expect(readdirSync(folder)).toHaveLength(ids.length);
    for (const name of readdirSync(folder)) {
      expect(readdirSync(join(folder, name))).toEqual(["0000000001.json"]);
    }
  });
});
