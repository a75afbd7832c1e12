import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";

import { systemFiles } from "./files.ts";

vi.mock("node:fs", { spy: true });

function setup() {
  const home = fs.mkdtempSync(join(tmpdir(), "kintsugi-folder-"));
  onTestFinished(() => {
    fs.rmSync(home, { recursive: true });
    vi.clearAllMocks();
  });
  return { home, opened: () => vi.mocked(fs.openSync).mock.calls.map(([path]) => path) };
}

it("a file that was removed stays so: its folder is synced, unless there was none", () => {
  const { home, opened } = setup();
  fs.writeFileSync(join(home, "a"), "");
  for (const path of ["a", "a", "no folder/a"]) systemFiles.remove(join(home, path));
  expect(fs.existsSync(join(home, "a"))).toBe(false);
  expect(opened()).toEqual([home]);
  expect(fs.fsyncSync).toHaveBeenCalledOnce();
});

it("a folder is on the disk with all the folders that were made for it, and synced once", () => {
  const { home, opened } = setup();
  for (const _ of [1, 2]) systemFiles.makeFolder(join(home, "a/b"));
  expect(opened()).toEqual([join(home, "a"), home]);
  expect(fs.fsyncSync).toHaveBeenCalledTimes(2);
});
