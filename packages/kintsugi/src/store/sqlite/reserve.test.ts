import { describe, expect, it } from "vitest";

import type { Files } from "../../host/index.ts";
import { isOutOfRoom, openReserve } from "./reserve.ts";

const MEBIBYTE = 2 ** 20;

/** Files that only know their sizes, on a disk of so much room; `fault` is what a write meets. */
function setup(roomBytes: number) {
  const sizes = new Map<string, number>();
  const disk = { roomBytes, fault: "" };
  const used = (): number => [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const files = {
    exists: (path) => sizes.has(path),
    sizeBytes: (path) => sizes.get(path) ?? 0,
    remove: (path) => void sizes.delete(path),
    writeAtomic(path, text) {
      const code = disk.fault || (used() + text.length > disk.roomBytes ? "ENOSPC" : "");
      if (code !== "") throw Object.assign(new Error(code), { code });
      sizes.set(path, text.length);
    },
  } satisfies Partial<Files> as Partial<Files> as Files;
  return { disk, files, sizes };
}

describe("a reserve", () => {
  it("is taken at the start, and done without where there is no room", () => {
    const { files, sizes } = setup(MEBIBYTE);
    openReserve("reserve", files);
    expect(sizes).toEqual(new Map([["reserve", MEBIBYTE]]));
    const small = setup(MEBIBYTE - 1);
    openReserve("reserve", small.files);
    expect(small.sizes.size).toBe(0);
  });

  it("is taken again only when there is room for four of it", () => {
    const { disk, files, sizes } = setup(MEBIBYTE);
    const reserve = openReserve("reserve", files);
    reserve.free();
    expect(sizes.size).toBe(0);
    disk.roomBytes = 4 * MEBIBYTE - 1;
    expect(reserve.take()).toBe(false);
    expect(sizes.size).toBe(0);
    disk.roomBytes += 1;
    expect(reserve.take()).toBe(true);
    expect(reserve.take()).toBe(true);
    expect(sizes).toEqual(new Map([["reserve", MEBIBYTE]]));
  });

  it("keeps nobody waiting for room when it fails for another reason", () => {
    const { disk, files } = setup(MEBIBYTE);
    const reserve = openReserve("reserve", files);
    reserve.free();
    disk.fault = "EACCES";
    expect(reserve.take()).toBe(true);
  });
});

describe("a log that could not be written", () => {
  it.each([
    { code: "ENOSPC", isFull: true },
    { code: "EDQUOT", isFull: true },
    { code: "EFBIG", isFull: true },
    { code: "EIO", isFull: false },
    { code: "", isFull: false },
  ])("is out of room: $isFull, when a file as long meets '$code'", ({ code, isFull }) => {
    const { disk, files, sizes } = setup(100 * MEBIBYTE);
    sizes.set("log", MEBIBYTE);
    disk.fault = code;
    expect(isOutOfRoom("log", files)).toBe(isFull);
    expect([...sizes.keys()]).toEqual(["log"]);
  });
});
