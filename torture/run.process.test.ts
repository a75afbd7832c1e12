import { spawn } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cliProgram } from "kintsugi/cli";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { findMarked, killNow } from "./processes.ts";
import { instanceOf, kintsugi } from "./program.ts";

const workflowDoor = fileURLToPath(
  new URL("../packages/kintsugi/src/workflow/index.ts", import.meta.url),
);

const app = `import { defineWorkflow } from ${JSON.stringify(workflowDoor)};
export const count = defineWorkflow("count", async (ctx, input) => {
  const { upTo } = input ?? { upTo: 2 };
  for (let done = 1; done <= upTo; done += 1) {
    await ctx.step("count " + done, () => done);
    ctx.progress(done, upTo, "counted \\x1b[31m");
  }
});
export const doomed = defineWorkflow("doomed", async (ctx) => {
  await ctx.step("read", async () => { throw new Error("no \\x1b[31m disk"); }, { maxAttempts: 1 });
});
export const rest = defineWorkflow("rest", (ctx) => ctx.sleep("1h"));
`;

/** A program with three workflows, in a folder of its own. */
async function setup({ isUp = true }: { readonly isUp?: boolean } = {}) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "kintsugi-run-")));
  const dataDir = join(folder, ".kintsugi");
  writeFileSync(
    join(folder, "kintsugi.yaml"),
    "name: trial\nserver: { port: 0 }\nruntime: { modules: [./app.ts] }\n",
  );
  writeFileSync(join(folder, "app.ts"), app);
  const living = () => findMarked(instanceOf(dataDir));
  onTestFinished(async () => {
    await kintsugi(["down", "--data-dir", dataDir], folder);
    for (const marked of living()) killNow(marked);
    rmSync(folder, { recursive: true, force: true });
  });
  const run = (...args: string[]) => kintsugi(args, folder);
  if (isUp) expect(await run("up", "-d")).toMatchObject({ code: 0 });
  return { folder, run, living };
}

/** The command on its way; `says` waits for a word of it. */
function typed(folder: string, ...args: string[]) {
  const program = cliProgram(args);
  const child = spawn(program.command, program.args, { cwd: folder, stdio: "pipe" });
  onTestFinished(() => void child.kill("SIGKILL"));
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
    });
  }
  const code = new Promise<number | null>((resolve) => child.once("close", resolve));
  const says = (part: string) =>
    vi.waitFor(() => expect(text).toContain(part), { timeout: 30_000, interval: 50 });
  return { child, code, says, text: () => text };
}

describe("kintsugi run", () => {
  it("follows a run to its end, and finds it again by its id", async () => {
    const { run } = await setup();
    const first = await run("run", "count", '{"upTo":20}', "--id", "c1");
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout).toMatch(/^Run c1 of count \(Ctrl-C leaves it going\)\n/);
    expect(first.stdout).toMatch(/\nRun c1 has completed after \d+s, with 20 steps recorded\n$/);
    expect(first.stdout).not.toContain("\x1b");
    const { code, stdout } = await run("run", "count", '{"upTo":20}', "--id", "c1", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ id: "c1", status: "completed", stepsRecorded: 20 });
    const bare = await run("run", "count");
    expect(bare.stdout).toMatch(/with 2 steps recorded\n$/);
  });

  it("ends with 1 where the run is dead, and says why as text", async () => {
    const { run } = await setup();
    const { code, stdout } = await run("run", "doomed", "--id", "d1");
    expect(code).toBe(1);
    expect(stdout).toMatch(/\nRun d1 is dead \(failed\) after \d+s: \w+: .*no ␛\[31m disk/);
    expect(stdout).toContain("`kintsugi runs d1` shows it");
    await run("down");
    expect((await run("up", "-d")).stdout).toContain("\n1 thing waits for you: `kintsugi runs`");
  });

  it("refuses what it cannot start with 2, in one sentence", async () => {
    const { run } = await setup();
    const unknown = await run("run", "cuont");
    expect(unknown).toEqual({
      code: 2,
      stdout: "",
      stderr: 'There is no workflow "cuont"; known are: count, doomed, rest\n',
    });
    const unquoted = await run("run", "count", "{upTo:\u001b[31m\n20}");
    expect(unquoted).toMatchObject({ code: 2, stdout: "" });
    expect(unquoted.stderr).toBe(
      "The input {upTo:␛[31m␊20} is no JSON as the shell passed it on: a text stands in two kinds " +
        `of quotes, '"mending"', and so does a key, '{"topic":"mending"}'\n`,
    );
    expect(await run("run", "count", "1", "--id", "x".repeat(5_000))).toMatchObject({ code: 2 });
  });

  it("leaves the run going at Ctrl-C, and when it is not to wait", async () => {
    const { run, folder } = await setup();
    const { child, code, says, text } = typed(folder, "run", "rest", "--id", "r1");
    await says("Run r1 of rest");
    child.kill("SIGINT");
    expect(await code).toBe(1);
    expect(text()).toMatch(/\nLeft run r1 going; `kintsugi runs r1` shows it\n$/);
    const again = await run("run", "rest", "--id", "r1", "--no-wait");
    expect(again).toMatchObject({
      code: 0,
      stdout: "Run r1 is running; `kintsugi runs r1` shows it\n",
    });
  });

  it("waits while the runtime is killed, and ends with 3 when all is stopped", async () => {
    const { run, folder, living } = await setup();
    const { code, says } = typed(folder, "run", "rest", "--id", "r1");
    await says("Run r1 of rest");
    for (const each of living()) if (each.role === "runtime") killNow(each);
    await says("The runtime does not answer");
    await vi.waitFor(async () => expect(await run("status")).toMatchObject({ code: 0 }), {
      timeout: 30_000,
    });
    await run("down");
    expect(await code).toBe(3);
    await says("The program was stopped; `kintsugi up` starts it, and run r1 goes on where it was");
  });

  it("ends with 3 where nothing runs", async () => {
    const { run } = await setup({ isUp: false });
    const { code, stderr } = await run("run", "count");
    expect(code).toBe(3);
    expect(stderr).toContain("`kintsugi up` starts it");
  });
});
