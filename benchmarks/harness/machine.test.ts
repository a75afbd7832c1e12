import { describe, expect, it } from "vitest";

import { fileSystemOf, noiseOf } from "./machine.ts";

describe("the file system under a folder", () => {
  const mounts = [
    "/dev/vda / ext4 rw 0 0",
    "tmpfs /tmp tmpfs rw 0 0",
    "/dev/vdb /tmp/disk xfs rw 0 0",
    "",
  ].join("\n");

  it("is that of the deepest mount point above it", () => {
    expect(fileSystemOf("/tmp/disk/bench", mounts)).toBe("xfs");
    expect(fileSystemOf("/tmp/bench", mounts)).toBe("tmpfs");
    expect(fileSystemOf("/home", mounts)).toBe("ext4");
  });

  it("is not that of a mount point whose name only begins alike", () => {
    expect(fileSystemOf("/tmp/diskless", mounts)).toBe("tmpfs");
  });
});

describe("a run on two cores", () => {
  const quiet = { before: [0.4, 1, 1], after: [2.8, 1, 1], othersCores: 0.1 };

  it("is quiet when nobody else works, however much load it made itself", () => {
    expect(noiseOf(quiet, 2)).toEqual([]);
  });

  it("is noisy when the load was above the cores before it began", () => {
    expect(noiseOf({ ...quiet, before: [2.1, 0, 0] }, 2)).toHaveLength(1);
  });

  it("is noisy when others took more than a quarter of the machine meanwhile", () => {
    expect(noiseOf({ ...quiet, othersCores: 0.51 }, 2)).toHaveLength(1);
  });
});
