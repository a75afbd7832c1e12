import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
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

describe("a disk that fills up while the program runs", () => {
  it("stops no supervision, and nothing is lost when there is room again", async () => {
    const { folder, disk, dataDir } = setup("size=24m");
    const file = join(folder, "kintsugi.yaml");
    const sleeper = "components: { sleeper: { kind: process, command: sleep, args: ['600'] } }";
    writeFileSync(file, `${readFileSync(file, "utf8")}${sleeper}\n`);
    expect(await kintsugi(["up", "-d"], folder)).toMatchObject({ code: 0 });
    const sleeperPid = (): number | undefined =>
      findMarked(instanceOf(dataDir)).find(({ component }) => component === "sleeper")?.pid;

    fill(join(disk, "ballast"));
    for (let kills = 0; kills < 3; kills += 1) {
      const before = await eventually(sleeperPid);
      process.kill(before, "SIGKILL");
      await eventually(() => {
        const now = sleeperPid();
        return now === before ? undefined : now;
      });
    }
    // Not through the API, which may be what failed; the log of the database is plain text in parts.
    const facts = (): string => readFileSync(join(dataDir, "store.sqlite-wal"), "latin1");
    await eventually(() => (/store\.full/.test(facts()) ? true : undefined));
    rmSync(join(disk, "ballast"));
    await eventually(() => (/store\.room/.test(facts()) ? true : undefined));
    const { stdout } = await kintsugi(["status", "--json"], folder);
    expect(JSON.parse(stdout)).toMatchObject({ store: { kind: "open" } });
    expect(await kintsugi(["down"], folder)).toMatchObject({ code: 0 });
  });
});

/** Writes until there is no room for a page. */
function fill(path: string): void {
  for (const size of [2 ** 20, 4096]) {
    try {
      for (;;) appendFileSync(path, Buffer.alloc(size));
    } catch {
      // ENOSPC: the next smaller piece may still fit.
    }
  }
}

/** The first answer that `look` gives, within half a minute. */
async function eventually<T>(look: () => T | undefined): Promise<T> {
  for (let looks = 0; looks < 300; looks += 1) {
    const answer = look();
    if (answer !== undefined) return answer;
    await sleep(100);
  }
  throw new Error(`Nothing came of ${look}`);
}
