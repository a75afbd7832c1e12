import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cliProgram } from "kintsugi/cli";
import { describe, expect, it, onTestFinished } from "vitest";

import { findMarked, killNow } from "./processes.ts";
import { instanceOf, kintsugi } from "./program.ts";

/** A folder with a kintsugi.yaml of these lines; whatever was started on it is ended afterwards. */
function setup(lines: readonly string[] = []) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "kintsugi-input-")));
  const dataDir = join(folder, ".kintsugi");
  writeFileSync(
    join(folder, "kintsugi.yaml"),
    ["name: trial", "server: { port: 0 }", ...lines, ""].join("\n"),
  );
  onTestFinished(async () => {
    await kintsugi(["down", "--data-dir", dataDir], folder);
    for (const marked of findMarked(instanceOf(dataDir))) killNow(marked);
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    folder,
    dataDir,
    run: (...args: string[]) => kintsugi(args, folder),
    living: () => findMarked(instanceOf(dataDir)),
  };
}

/** One sentence: one line that says what is wrong. */
const sentences = (text: string): readonly string[] =>
  text.split("\n").filter((line) => line.trim() !== "");

describe("kintsugi up", () => {
  it("says where a key is misspelt, and what was meant", async () => {
    const { run, dataDir } = setup(["compnents: {}"]);
    const { code, stderr } = await run("up", "-d");
    expect(code).toBe(2);
    expect(stderr).toMatch(/kintsugi\.yaml:3:1: .*compnents.*components/);
    expect(existsSync(dataDir)).toBe(false);
  });

  it("says which file is missing", async () => {
    const { run } = setup();
    const { code, stderr } = await run("up", "-d", "nowhere.yaml");
    expect(code).toBe(2);
    expect(stderr).toMatch(/nowhere\.yaml/);
    expect(sentences(stderr)).toHaveLength(1);
  });

  it("says which port is in use, and which key to change", async () => {
    const blocker = createServer().listen(0, "127.0.0.1");
    await once(blocker, "listening");
    onTestFinished(() => void blocker.close());
    const { port } = blocker.address() as { port: number };
    const { run, folder, living } = setup();
    writeFileSync(join(folder, "kintsugi.yaml"), `name: trial\nserver: { port: ${port} }\n`);
    const { code, stderr } = await run("up", "-d");
    expect(code).toBe(1);
    expect(stderr).toContain(String(port));
    expect(stderr).toContain("server.port");
    expect(living()).toEqual([]);
  });

  it("refuses a second one on the same folder, and leaves the first alone", async () => {
    const { run, living } = setup();
    expect(await run("up", "-d")).toMatchObject({ code: 0 });
    const before = living().map(({ pid }) => pid);
    const { code, stderr } = await run("up", "-d");
    expect(code).toBe(1);
    expect(stderr).toMatch(/already/);
    expect(sentences(stderr)).toHaveLength(1);
    expect(living().map(({ pid }) => pid)).toEqual(before);
  });

  it("refuses a database that is none, and does not touch it", async () => {
    const { run, dataDir, living } = setup();
    mkdirSync(dataDir, { mode: 0o700 });
    const garbage = "this was a database once\n".repeat(400);
    writeFileSync(join(dataDir, "store.sqlite"), garbage);
    const { code, stderr } = await run("up", "-d");
    expect(code).toBe(1);
    expect(stderr).toContain("store.sqlite");
    expect(sentences(stderr)).toHaveLength(1);
    expect(readFileSync(join(dataDir, "store.sqlite"), "utf8")).toBe(garbage);
    expect(living()).toEqual([]);
  });

  it("names the module that cannot be loaded", async () => {
    const { run } = setup(["runtime: { modules: [./gone.ts] }"]);
    const { code, stderr } = await run("up", "-d");
    expect(code).toBeGreaterThan(0);
    expect(stderr).toContain("gone.ts");
  });

  it("names the component whose command does not exist, and serves on without it", async () => {
    const component = "components: { web: { kind: process, command: no-such-program, args: [] } }";
    const { run } = setup([component]);
    expect(await run("up", "-d")).toMatchObject({ code: 0 });
    const { stdout } = await run("status", "--json");
    expect(stdout).toContain("no-such-program");
  });
});

describe("kintsugi up in the foreground", () => {
  it("takes everything along when it is killed", async () => {
    const { folder, living } = setup();
    const { command, args } = cliProgram(["up"]);
    const up = spawn(command, args, { cwd: folder, stdio: ["ignore", "pipe", "ignore"] });
    await once(up.stdout, "data"); // It is ready.
    expect(
      living()
        .map(({ role }) => role)
        .toSorted(),
    ).toEqual(["runtime", "watchdog"]);
    up.kill("SIGKILL");
    for (let looks = 0; looks < 200 && living().length > 0; looks += 1) await sleep(100);
    expect(living()).toEqual([]);
  });
});

describe("kintsugi down", () => {
  it("ends with 3 where nothing runs, and says so", async () => {
    const { run } = setup();
    const { code, stderr, stdout } = await run("down");
    expect(code).toBe(3);
    expect(`${stdout}${stderr}`).toMatch(/not running|nothing/i);
  });

  it("lets nothing come back, and an up that a person types starts it again", async () => {
    const { run, living } = setup();
    expect(await run("up", "-d")).toMatchObject({ code: 0 });
    expect(await run("down")).toMatchObject({ code: 0 });
    expect(living()).toEqual([]);
    expect(await run("up", "-d")).toMatchObject({ code: 0 });
    expect(
      living()
        .map(({ role }) => role)
        .toSorted(),
    ).toEqual(["runtime", "watchdog"]);
  });
});

describe("kintsugi kill", () => {
  it("is lifted by resume alone", async () => {
    const { run, living } = setup();
    expect(await run("up", "-d")).toMatchObject({ code: 0 });
    expect(await run("kill")).toMatchObject({ code: 0 });
    expect(living()).toEqual([]);
    const refused = await run("up", "-d");
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/resume/);
    expect(await run("resume")).toMatchObject({ code: 0 });
    expect(await run("up", "-d")).toMatchObject({ code: 0 });
  });
});

describe("an unknown command", () => {
  it("ends with 2 and names the nearest", async () => {
    const { run } = setup();
    const { code, stderr } = await run("statsu");
    expect(code).toBe(2);
    expect(stderr).toMatch(/status/);
  });
});
