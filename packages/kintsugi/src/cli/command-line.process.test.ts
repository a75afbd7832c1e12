import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { instancePaths, logFiles, systemHost } from "../host/index.ts";
import { runCommandLine } from "./command-line.ts";
import type { Terminal } from "./context.ts";

/** The command in this process, on a folder of its own where nothing runs. */
function setup({ yaml = "dataDir: state\n" }: { readonly yaml?: string } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "kintsugi-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "kintsugi.yaml"), yaml);
  const env = { XDG_RUNTIME_DIR: folder, USER: "tester" };
  const out: string[] = [];
  const err: string[] = [];
  const terminal: Terminal = {
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    copy: (line) => void out.push(line),
    closed: false,
  };
  const interruption = new AbortController();
  const run = (...args: readonly string[]): Promise<number> =>
    runCommandLine(
      args,
      {
        host: systemHost({ env }),
        cwd: folder,
        terminal,
        interrupted: interruption.signal,
        insisted: new AbortController().signal,
      },
      "1.2.3",
    );
  return { folder, env, dataDir: join(folder, "state"), out, err, run, interruption };
}

describe("wrong usage", () => {
  it.each([
    { args: ["statsu"], says: "(Did you mean status?)" },
    { args: ["status", "--jsn"], says: "(Did you mean --json?)" },
    { args: ["logs", "-n", "few"], says: "It must be a whole number of at least 0." },
    { args: ["up", "a.yaml", "b.yaml"], says: "too many arguments" },
    { args: [], says: "Usage: kintsugi" },
  ])("ends $args with 2 and says what is meant", async ({ args, says }) => {
    const { run, err } = setup();
    expect(await run(...args)).toBe(2);
    expect(err.join("\n")).toContain(says);
  });

  it.each([
    ["up", "none.yaml"],
    ["config", "check", "none.yaml"],
    ["down", "--config", "none.yaml"],
  ])("is a file that does not exist: %s", async (...args) => {
    const { run, err, folder } = setup();
    expect(await run(...args)).toBe(2);
    expect(err[0]).toContain(`There is no file ${join(folder, "none.yaml")}`);
  });
});

describe("help", () => {
  it.each([["--help"], ["help"], ["help", "up"], ["config", "--help"]])(
    "is given: %s",
    async (...args) => {
      const { run, out } = setup();
      expect(await run(...args)).toBe(0);
      expect(out[0]).toMatch(/^Usage: kintsugi/);
    },
  );

  it("knows its version", async () => {
    const { run, out } = setup();
    expect(await run("--version")).toBe(0);
    expect(out).toEqual(["1.2.3"]);
  });
});

describe("a configuration that is wrong", () => {
  const yaml = "nmae: stub\nserver: { port: lots }\ndataDir: state\n";

  it.each([["up"], ["config", "check"]])(
    "is refused by %s with all faults and places",
    async (...args) => {
      const { run, err } = setup({ yaml });
      expect(await run(...args)).toBe(2);
      expect(err.join("\n")).toMatch(/kintsugi\.yaml:1:1: .*\n.*kintsugi\.yaml:2:17: /);
    },
  );

  it("is told to a program as JSON", async () => {
    const { run, out } = setup({ yaml });
    expect(await run("config", "check", "--json")).toBe(2);
    expect(JSON.parse(out.join(""))).toMatchObject({ ok: false, faults: [{}, {}] });
  });

  it("does not keep `down` from its folder", async () => {
    const { run, err, dataDir } = setup({ yaml });
    expect(await run("down")).toBe(3);
    expect(err).toEqual([`Nothing runs on the data folder ${dataDir}`]);
  });
});

it("finds a configuration in order", async () => {
  const { run, out } = setup();
  expect(await run("config", "check")).toBe(0);
  expect(out[0]).toMatch(/kintsugi\.yaml is in order$/);
});

describe("a data folder that cannot be written", () => {
  it.each(["kintsugi.yaml/state", "/sys/state"])(
    "is refused in one sentence: %s",
    async (dataDir) => {
      const { run, err } = setup({ yaml: `dataDir: ${dataDir}\n` });
      expect(await run("up")).toBe(1);
      expect(err).toHaveLength(1);
      expect(err[0]).toContain(dataDir);
    },
  );
});

describe("a program that does not run", () => {
  it.each(["status", "dashboard", "runs", "incidents", "restart"])(
    "ends %s with 3",
    async (command) => {
      const { run, err, dataDir } = setup();
      expect(await run(command)).toBe(3);
      expect(err).toEqual([
        `Nothing runs on the data folder ${dataDir}: \`kintsugi up\` starts it.`,
      ]);
    },
  );

  it("is named by its folder alone", async () => {
    const { run, err, folder } = setup();
    mkdirSync(join(folder, "elsewhere"));
    expect(await run("status", "--data-dir", "elsewhere")).toBe(3);
    expect(err[0]).toContain(join(folder, "elsewhere"));
  });

  it("says so to a program as JSON", async () => {
    const { run, out } = setup();
    expect(await run("status", "--json")).toBe(3);
    expect(JSON.parse(out.join(""))).toMatchObject({ running: false, watchdog: null });
  });
});

describe("logs", () => {
  it("shows the last lines, and what follows", async () => {
    const { run, out, env, dataDir, interruption } = setup();
    const paths = instancePaths(dataDir, env, { make: true });
    mkdirSync(paths.logsDir);
    const { stdoutFile } = logFiles(paths, "web");
    writeFileSync(stdoutFile, "one\ntwo\nthree\nfo");
    expect(await run("logs", "web", "-n", "2")).toBe(0);
    expect(out.splice(0)).toEqual(["three", "fo"]);

    const following = run("logs", "web", "-f", "-n", "1");
    await vi.waitFor(() => expect(out).toEqual(["three"]));
    appendFileSync(stdoutFile, "ur\nfive\nsi");
    await vi.waitFor(() => expect(out).toEqual(["three", "four", "five"]), { timeout: 20_000 });
    appendFileSync(stdoutFile, "x\n");
    await vi.waitFor(() => expect(out.at(-1)).toBe("six"), { timeout: 20_000 });
    writeFileSync(stdoutFile, "new\n"); // As a rotation leaves it.
    await vi.waitFor(() => expect(out.at(-1)).toBe("new"), { timeout: 20_000 });
    interruption.abort("SIGINT");
    expect(await following).toBe(0);
    expect(out).toEqual(["three", "four", "five", "six", "new"]);
  });

  it.each(["nobody", "../kill-switch", ""])("has nothing of %j", async (name) => {
    const { run, err } = setup();
    expect(await run("logs", name)).toBe(1);
    expect(err[0]).toContain(`"${name}"`);
  });
});
