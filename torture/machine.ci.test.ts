import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";

import { findMarked, killNow } from "./processes.ts";
import { instanceOf, kintsugi } from "./program.ts";

/** A configuration whose data folder lies on a small file system of its own. */
function setup(mountOptions: string) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "kintsugi-mount-")));
  const disk = join(folder, "disk");
  mkdirSync(disk);
  execFileSync("mount", ["-t", "tmpfs", "-o", mountOptions, "tmpfs", disk]);
  const dataDir = join(disk, "data");
  writeFileSync(
    join(folder, "kintsugi.yaml"),
    `name: trial\ndataDir: ${dataDir}\nserver: { port: 0 }\n`,
  );
  onTestFinished(async () => {
    await kintsugi(["down", "--data-dir", dataDir], folder);
    for (const marked of findMarked(instanceOf(dataDir))) killNow(marked);
    execFileSync("umount", ["-l", disk]);
    rmSync(folder, { recursive: true, force: true });
  });
  return { folder, disk, dataDir };
}

const sentences = (text: string): readonly string[] =>
  text.split("\n").filter((line) => line.trim() !== "");

describe("a data folder that cannot be written", () => {
  it("is refused in one sentence", async () => {
    const { folder, dataDir } = setup("size=4m,ro");
    const { code, stderr } = await kintsugi(["up", "-d"], folder);
    expect(code).toBe(1);
    expect(stderr).toContain(dataDir);
    expect(stderr).toMatch(/read-only|written/i);
    expect(sentences(stderr)).toHaveLength(1);
    expect(findMarked(instanceOf(dataDir))).toEqual([]);
  });
});

describe("a disk that is full at the start", () => {
  it("is refused in one sentence, and starts when there is room again", async () => {
    const { folder, disk, dataDir } = setup("size=8m");
    writeFileSync(join(disk, "ballast"), Buffer.alloc(8 * 2 ** 20 - 64 * 1024));
    const { code, stderr } = await kintsugi(["up", "-d"], folder);
    expect(code).toBe(1);
    expect(stderr).toMatch(/full|no room|space/i);
    expect(sentences(stderr)).toHaveLength(1);
    expect(findMarked(instanceOf(dataDir))).toEqual([]);
    rmSync(join(disk, "ballast"));
    expect(await kintsugi(["up", "-d"], folder)).toMatchObject({ code: 0 });
  });
});
