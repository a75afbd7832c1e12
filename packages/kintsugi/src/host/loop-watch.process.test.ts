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
    import { existsSync, readFileSync } from "node:fs";
    import { watchEventLoop } from ${JSON.stringify(door)};
    const reports = ${JSON.stringify(reports)};
    const linesIn = (file) =>
      existsSync(file) ? readFileSync(file, "utf8").split("\\n").length - 1 : 0;
    let count = 0;
    let onStall = () => {};
    const hear = (stall) => {
      count += 1;
      console.log(JSON.stringify(stall));
      onStall(count);
    };
    const watch = watchEventLoop({ file: reports, reportMs: 500, onStall: hear });
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
  return {
    child,
    firstReport: () =>
      vi.waitFor(() => {
        const [first] = stallsIn(reports);
        if (!first) throw new Error(`No stall yet; ${systemFiles.read(stderrFile)}`);
        return first;
      }, PATIENCE),
    reported: () => stallsIn(reports),
    told: () => stallsIn(stdoutFile),
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
    const { child, told, reported } = setup(`
      setInterval(() => {}, 1_000); // The watch does not keep it alive.
      const stuckUntil = (lines) => { while (linesIn(reports) < lines); };
      setTimeout(() => stuckUntil(1), 300);
      onStall = (count) => count === 1 ? setTimeout(() => stuckUntil(2), 100) : process.exit(0);`);
    expect(await child.exited).toEqual({ kind: "exited", code: 0 });
    expect(reported()).toHaveLength(2);
    for (const { stalledMs, stack } of told()) {
      expect(stalledMs).toBeGreaterThanOrEqual(500);
      expect(stack.join()).toMatch(/at stuckUntil /);
    }
  });

  it("has an empty stack when it waited for the machine, and runs on unhurt", async () => {
    const { child, reported } = setup(`
      setInterval(() => {}, 1_000);
      const untilReported = "until [ -s " + reports + " ]; do sleep 0.1; done";
      setTimeout(() => execFileSync("sh", ["-c", untilReported]), 300);
      onStall = () => process.exit(5);`);
    expect(await child.exited).toEqual({ kind: "exited", code: 5 });
    expect(reported()).toMatchObject([{ stack: [] }]);
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
