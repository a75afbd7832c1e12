import {
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";

import { systemFiles as files } from "./files.ts";

const setup = () => {
  const folder = mkdtempSync(join(tmpdir(), "kintsugi-files-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, path: join(folder, "a.json") };
};

describe("a file that is written whole", () => {
  it("replaces the older one, is its owner's alone, and leaves nothing beside it", () => {
    const { folder, path } = setup();
    files.writeAtomic(path, "old");
    files.writeAtomic(path, "new ✓");
    expect(files.read(path)).toBe("new ✓");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["a.json"]);
    files.writeAtomic(path, "shared", 0o644);
    expect(statSync(path).mode & 0o777).toBe(0o644);
  });

  it("is not touched when the new one cannot be put in its place", () => {
    const { folder } = setup();
    const taken = join(folder, "taken");
    files.makeFolder(join(taken, "inside"));
    expect(() => files.writeAtomic(taken, "text")).toThrow();
    expect(readdirSync(folder)).toEqual(["taken"]);
    expect(() => files.writeAtomic(join(folder, "none", "a"), "text")).toThrow("ENOENT");
  });
});

describe("a file that is written where there was none", () => {
  it("stays as the first has written it, with nothing beside it", () => {
    const { folder, path } = setup();
    expect(files.writeNew(path, "first ✓")).toBe(true);
    expect(files.writeNew(path, "second")).toBe(false);
    expect(files.read(path)).toBe("first ✓");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(path).nlink).toBe(1);
    expect(readdirSync(folder)).toEqual(["a.json"]);
    expect(() => files.writeNew(join(folder, "none", "a"), "text")).toThrow("ENOENT");
  });
});

describe("a folder", () => {
  it("lists its files, and gives their bytes as they are", () => {
    const { folder, path } = setup();
    files.makeFolder(join(folder, "below"));
    writeFileSync(path, Buffer.from([0xff, 0x00, 0xc3]));
    writeFileSync(join(folder, "B"), "");
    symlinkSync("/etc/hostname", join(folder, "c"));
    expect(files.list(folder)).toEqual(["B", "a.json"]);
    expect([...(files.readBytes(path) ?? [])]).toEqual([0xff, 0x00, 0xc3]);
  });
});

describe("what is not there", () => {
  it("reads as nothing, and is no trouble to remove or rotate", () => {
    const { path } = setup();
    expect(files.read(path)).toBeUndefined();
    expect([files.readBytes(path), files.list(path)]).toEqual([undefined, []]);
    expect([files.exists(path), files.sizeBytes(path), files.tail(path, 10)]).toEqual([
      false,
      0,
      "",
    ]);
    files.remove(path);
    files.rotate(path);
    expect(existsSync(`${path}.1`)).toBe(false);
  });

  it("is not confused with what cannot be read", () => {
    const { folder } = setup();
    expect(() => files.read(folder)).toThrow("EISDIR");
  });
});

describe("a log", () => {
  it("grows by whole pieces, and shows its last lines", () => {
    const { path } = setup();
    files.append(path, "first\n");
    files.append(path, "zwölf\nlast\n");
    expect(files.sizeBytes(path)).toBe(18);
    expect(files.tail(path, 100)).toBe("first\nzwölf\nlast\n");
    expect(files.tail(path, 18)).toBe("first\nzwölf\nlast\n");
    expect(files.tail(path, 17)).toBe("zwölf\nlast\n");
    expect(files.tail(path, 12)).toBe("zwölf\nlast\n");
    expect(files.tail(path, 11)).toBe("last\n");
  });

  it("shows the end of a line that is too long, and never half a letter", () => {
    const { path } = setup();
    writeFileSync(path, "ö".repeat(100));
    expect(files.tail(path, 5)).toBe("öö");
  });

  it("is rotated under the hands of whoever appends to it", () => {
    const { path } = setup();
    files.append(path, "old");
    files.rotate(path);
    files.append(path, "new");
    expect([files.read(path), files.read(`${path}.1`)]).toEqual(["new", "old"]);
  });
});

it("makes folders for their owner alone", () => {
  const { folder } = setup();
  files.makeFolder(join(folder, "a", "b"));
  files.makeFolder(join(folder, "a", "b"));
  expect(statSync(join(folder, "a", "b")).mode & 0o777).toBe(0o700);
});
