import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it, onTestFinished, vi } from "vitest";

import { systemFiles } from "./files.ts";
import type { LoopStall } from "./loop-watch.ts";
import { ownProgram } from "./own-program.ts";
import { systemProcesses } from "./processes.ts";

const PATIENCE = { timeout: 30_000, interval: 50 };

/** A program that watches itself and then does what `code` says. */
const setup = (code: string) => {
  const folder = mkdtempSync(join(tmpdir(), "kintsugi-loop-"));
  const reports = join(folder, "hangs", "stalls.jsonl");
  const stdoutFile = join(folder, "out.log");
  const stderrFile = join(folder, "err.log");
  const file = join(folder, "program.ts");
  const door = new URL("./loop-watch.ts", import.meta.url).href;
  writeFileSync(
    file,
    `import { execFileSync, spawn } from "node:child_process";
    import { watchEventLoop } from ${JSON.stringify(door)};
    const onStall = (stall) => console.log(JSON.stringify(stall));
    const watch = watchEventLoop({ file: ${JSON.stringify(reports)}, reportMs: 500, onStall });
    ${code}`,
  );
  const processes = systemProcesses();
  const program = ownProgram(`file://${file}`);
  const env = { PATH: process.env["PATH"] ?? "" };
  const child = processes.spawn({ ...program, cwd: folder, env, stdoutFile, stderrFile });
  onTestFinished(() => {
    if (child.identity) processes.signal(child.identity, "SIGKILL", true);
    rmSync(folder, { recursive: true, force: true });
  });
  const stallsIn = (path: string): LoopStall[] =>
    (systemFiles.read(path) ?? "")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as LoopStall);
  const firstOf = (path: string) =>
    vi.waitFor(() => {
      const [first] = stallsIn(path);
      if (!first) throw new Error(`No stall yet; ${systemFiles.read(stderrFile)}`);
      return first;
    }, PATIENCE);
  return {
    child,
    firstReport: () => firstOf(reports),
    firstTold: () => firstOf(stdoutFile),
    reported: () => stallsIn(reports),
    complaints: () => systemFiles.read(stderrFile),
  };
};

describe("a loop that never comes back", () => {
  it("is reported with the stack that it is stuck in, while it is stuck", async () => {
    const { firstReport, reported, complaints } = setup(`
      function goInCircles() { for (;;); }
      setTimeout(function digest() { goInCircles(); }, 300);`);
    const { stack, stalledMs, atMs } = await firstReport();
    expect(stack[0]).toMatch(/^at goInCircles \(file:.*program\.ts:\d+:\d+\)$/);
    expect(stack[1]).toMatch(/^at digest /);
    expect(stalledMs).toBeGreaterThanOrEqual(500);
    expect(atMs).toBeGreaterThan(1_700_000_000_000);
    expect(reported()).toHaveLength(1);
    expect(complaints()).toBe("");
  });
});

describe("a loop that comes back", () => {
  it("hears how long it was away, and is watched again", async () => {
    const { child, firstTold, reported } = setup(`
      const busy = (ms) => { const endMs = Date.now() + ms; while (Date.now() < endMs); };
      setTimeout(() => busy(1_000), 300);
      setTimeout(() => busy(1_000), 2_000);
      setTimeout(() => process.exit(0), 3_500);`);
    const { stalledMs, stack } = await firstTold();
    expect(stalledMs).toBeGreaterThan(500);
    expect(stack[0]).toMatch(/^at busy /);
    await child.exited;
    expect(reported()).toHaveLength(2);
  });

  it("has an empty stack when it waited for the machine, and runs on unhurt", async () => {
    const { child, firstReport } = setup(`
      setTimeout(() => execFileSync("sleep", ["2"]), 300);
      setTimeout(() => process.exit(5), 2_500);`);
    expect((await firstReport()).stack).toEqual([]);
    expect(await child.exited).toEqual({ kind: "exited", code: 5 });
  });
});

describe("a watch", () => {
  it("does not keep its process alive", async () => {
    const { child, reported, complaints } = setup("");
    expect(await child.exited).toEqual({ kind: "exited", code: 0 });
    expect(reported()).toEqual([]);
    expect(complaints()).toBe("");
  });

  it("sees no stall in a process that was stopped as a whole", async () => {
    const { child, reported } = setup(`
      const stopped = "kill -STOP " + process.pid + "; sleep 2; kill -CONT " + process.pid;
      setTimeout(() => spawn("sh", ["-c", stopped]).once("exit", () => process.exit(0)), 300);`);
    expect(await child.exited).toEqual({ kind: "exited", code: 0 });
    expect(reported()).toEqual([]);
  });

  it("ends when it is told to", async () => {
    const { child, reported } = setup(`
      setTimeout(async () => {
        await watch[Symbol.asyncDispose]();
        const endMs = Date.now() + 1_500;
        while (Date.now() < endMs);
      }, 300);`);
    expect(await child.exited).toEqual({ kind: "exited", code: 0 });
    expect(reported()).toEqual([]);
  });
});
