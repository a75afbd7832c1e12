import { describe, expect, it } from "vitest";

import { simulatedWorld } from "./simulated-world.ts";

const setup = () => {
  const world = simulatedWorld({ seed: 1 });
  return { files: world.host().files, other: world.host().files };
};

describe("a simulated disk", () => {
  it("shows all programs the same files", () => {
    const { files, other } = setup();
    files.makeFolder("/data/logs");
    files.writeAtomic("/data/a.json", "{}");
    files.append("/data/logs/x.log", "one\n");
    other.append("/data/logs/x.log", "two\n");
    expect(other.read("/data/a.json")).toBe("{}");
    expect(files.read("/data/logs/x.log")).toBe("one\ntwo\n");
    other.remove("/data/a.json");
    expect([files.exists("/data/a.json"), files.exists("/data")]).toEqual([false, true]);
    expect(files.read("/data/a.json")).toBeUndefined();
  });

  it("has no place for a file whose folder was never made", () => {
    const { files } = setup();
    const code = "ENOENT";
    expect(() => files.append("/data/a", "")).toThrow(expect.objectContaining({ code }));
  });

  it("lists the files of a folder, and not those below it", () => {
    const { files } = setup();
    files.makeFolder("/data/logs");
    files.append("/data/logs/x.log", "");
    files.append("/data/b", "ö");
    files.append("/data/a", "");
    expect([files.list("/data"), files.list("/none")]).toEqual([["a", "b"], []]);
    expect(files.readBytes("/data/b")).toEqual(Buffer.from([0xc3, 0xb6]));
    expect(files.readBytes("/data/c")).toBeUndefined();
  });

  it("measures and cuts in bytes, and shows whole lines", () => {
    const { files } = setup();
    files.append("/tmp/a", "first\nzwölf\nlast\n");
    expect(files.sizeBytes("/tmp/a")).toBe(18);
    expect(files.tail("/tmp/a", 12)).toBe("zwölf\nlast\n");
    expect(files.tail("/tmp/a", 11)).toBe("last\n");
    expect(files.tail("/tmp/a", 3)).toBe("st\n");
    expect(files.tail("/tmp/a", 100)).toBe("first\nzwölf\nlast\n");
    expect(files.tail("/tmp/none", 100)).toBe("");
    expect(files.sizeBytes("/tmp/none")).toBe(0);
  });

  it("keeps one older file of a log that is rotated", () => {
    const { files } = setup();
    files.append("/tmp/a", "old");
    files.rotate("/tmp/a");
    files.append("/tmp/a", "new");
    expect([files.read("/tmp/a"), files.read("/tmp/a.1")]).toEqual(["new", "old"]);
    files.rotate("/tmp/none");
    expect(files.exists("/tmp/none.1")).toBe(false);
  });
});
