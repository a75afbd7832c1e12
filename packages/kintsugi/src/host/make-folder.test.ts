import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";

import { systemFiles } from "./files.ts";

vi.mock("node:fs", { spy: true });

it("a folder is on the disk with all the folders that were made for it, and synced once", () => {
  const home = fs.mkdtempSync(join(tmpdir(), "kintsugi-folder-"));
  onTestFinished(() => fs.rmSync(home, { recursive: true }));
  for (const _ of [1, 2]) systemFiles.makeFolder(join(home, "a/b"));
  const opened = vi.mocked(fs.openSync).mock.calls.map(([path]) => path);
  expect(opened).toEqual([join(home, "a"), home]);
  expect(fs.fsyncSync).toHaveBeenCalledTimes(2);
});
