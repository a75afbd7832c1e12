import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";

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

it("a new file is synced before it has its name, and its folder after", () => {
  const { home } = setup();
  systemFiles.writeNew(join(home, "a"), "text");
  const order = [fs.fsyncSync, fs.linkSync, fs.fsyncSync].map(
    (call, index) => vi.mocked(call).mock.invocationCallOrder[index === 2 ? 1 : 0] ?? 0,
  );
  expect(order.toSorted((a, b) => a - b)).toEqual(order);
  expect(fs.fsyncSync).toHaveBeenCalledTimes(2);
});

describe("on a file system that knows no links", () => {
  const without = (code: string) =>
    vi.mocked(fs.linkSync).mockImplementationOnce(() => {
      throw Object.assign(new Error(code), { code });
    });

  it("a new file gets its name all the same, unless there is one", () => {
    const { home } = setup();
    without("EPERM");
    expect(systemFiles.writeNew(join(home, "a"), "first")).toBe(true);
    without("ENOTSUP");
    expect(systemFiles.writeNew(join(home, "a"), "second")).toBe(false);
    expect(systemFiles.read(join(home, "a"))).toBe("first");
    expect(fs.readdirSync(home)).toEqual(["a"]);
  });

  it("another failure is told as it is", () => {
    const { home } = setup();
    without("EIO");
    expect(() => systemFiles.writeNew(join(home, "a"), "text")).toThrow("EIO");
    expect(fs.readdirSync(home)).toEqual([]);
  });
});
