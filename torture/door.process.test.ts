import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { cliProgram } from "kintsugi/cli";
import { createClient } from "kintsugi/client";
import { describe, expect, it, onTestFinished } from "vitest";

import { findMarked, killNow } from "./processes.ts";
import { instanceOf, kintsugi } from "./program.ts";

/** What a stranger would write into an error to run a script, or to steer a terminal. */
const hostile =
  "<img src=x onerror=alert(1)> \x1b[31mred \x1b]0;title\x07 gone\r back \u202etxt.exe \x9b2J";
const shown = "<img src=x onerror=alert(1)> ␛[31mred ␛]0;title␇ gone␍ back \uFFFDtxt.exe \uFFFD2J";

/** All but the ends of lines. */
const steering = /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u;

const workflowDoor = fileURLToPath(
  new URL("../packages/kintsugi/src/workflow/index.ts", import.meta.url),
);

const app = `import { defineWorkflow } from ${JSON.stringify(workflowDoor)};
process.stderr.write(${JSON.stringify(`${hostile}\n`)});
export const doomed = defineWorkflow("doomed", async (run) => {
  await run.step("read", async () => { throw new Error(${JSON.stringify(hostile)}); }, { maxAttempts: 1 });
});
`;

const loud = `process.stderr.write(${JSON.stringify(`Error: ${hostile}\n`)});
process.exit(1);
`;

/** \`kintsugi up\` in the foreground on a folder of its own. */
async function setup(lines: readonly string[] = []) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "kintsugi-door-")));
  const dataDir = join(folder, ".kintsugi");
  const yaml = ["name: trial", "server: { port: 0 }", "watchdog: { restart: { initial: 50ms } }"];
  writeFileSync(join(folder, "kintsugi.yaml"), [...yaml, ...lines, ""].join("\n"));
  writeFileSync(join(folder, "app.ts"), app);
  writeFileSync(join(folder, "loud.mjs"), loud);
  const living = () => findMarked(instanceOf(dataDir));
  onTestFinished(async () => {
    await kintsugi(["down", "--data-dir", dataDir], folder);
    for (const marked of living()) killNow(marked);
    rmSync(folder, { recursive: true, force: true });
  });
  const { command, args } = cliProgram(["up"]);
  const up: ChildProcess = spawn(command, args, { cwd: folder, stdio: "pipe" });
  let said = "";
  for (const stream of [up.stdout, up.stderr]) {
    stream?.setEncoding("utf8").on("data", (piece: string) => {
      said += piece;
    });
  }
  const says = async (part: string | RegExp): Promise<string> => {
    for (let looks = 0; looks < 600; looks += 1) {
      if (typeof part === "string" ? said.includes(part) : part.test(said)) return said;
      await sleep(50);
    }
    throw new Error(`It says no ${part}, but: ${said}`);
  };
  await says(/is ready[\s\S]*metrics .*\n/);
  const address = new URL(/dashboard {2}(\S+)/.exec(said)?.[1] ?? "");
  const killRuntime = (): void => {
    for (const marked of living()) if (marked.role === "runtime") killNow(marked);
  };
  const run = (...words: string[]) => kintsugi(words, folder);
  return { folder, dataDir, up, said: () => said, says, address, killRuntime, run, living };
}

const codeOf = ({ hash }: URL): string => new URLSearchParams(hash.slice(1)).get("code") ?? "";

/** As the page does it. */
async function exchange(address: URL): Promise<{ status: number; token?: string }> {
  const body = JSON.stringify({ code: codeOf(address) });
  const headers = { "content-type": "application/json", origin: address.origin };
  const sent = { method: "POST", headers, body };
  const response = await fetch(new URL("/api/v1/sessions", address), sent);
  return { status: response.status, ...((await response.json()) as object) };
}

describe("a program that is up", () => {
  it("says where its dashboard and its metrics are, and both are there", async () => {
    const { said, address } = await setup();
    const lines = said().split("\n");
    expect(lines.slice(0, 3)).toEqual([
      "trial is ready (Ctrl-C stops it)",
      expect.stringMatching(
        /^ {2}dashboard {2}http:\/\/127\.0\.0\.1:\d+\/#code=[0-9a-f]{32} {3}\(for one use within 60 s; /,
      ),
      `  metrics    ${address.origin}/metrics`,
    ]);
    const metrics = await fetch(`${address.origin}/metrics`);
    expect([metrics.status, metrics.headers.get("content-type")]).toEqual([
      200,
      "text/plain; version=0.0.4; charset=utf-8",
    ]);
    expect(await exchange(address)).toMatchObject({ status: 201 });
    expect(await exchange(address)).toMatchObject({ status: 401 });
  });

  it("gives a fresh address to whoever asks for one, and tells of it in the status", async () => {
    const { run, address } = await setup();
    const { code, stdout } = await run("dashboard");
    expect(code).toBe(0);
    const fresh = new URL(stdout.trim());
    expect(fresh.origin).toBe(address.origin);
    expect(codeOf(fresh)).not.toBe(codeOf(address));
    const told = JSON.parse((await run("dashboard", "--json")).stdout);
    expect(Object.keys(told)).toEqual(["address", "expiresAtMs"]);
    for (const each of [fresh, new URL(told.address), address]) {
      expect(await exchange(each)).toMatchObject({ status: 201 });
    }
    expect((await run("status")).stdout).toMatch(/^dashboard: +`kintsugi dashboard` prints/m);
  });

  it("writes neither codes nor tokens into any file", async () => {
    const { run, address, folder } = await setup();
    const { token = "" } = await exchange(address);
    const other = codeOf(new URL((await run("dashboard")).stdout.trim()));
    expect(token).toMatch(/^kintsugi_/);
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => readFileSync(join(parentPath, name), "latin1"));
    expect(files.length).toBeGreaterThan(5);
    for (const secret of [token, codeOf(address), other]) {
      expect(files.filter((text) => text.includes(secret))).toEqual([]);
    }
  });
});

describe("a runtime that is killed", () => {
  it("is followed by one at the same address, which knows the session", async () => {
    const { address, killRuntime, says, said } = await setup();
    const { token } = await exchange(address);
    killRuntime();
    await says("runtime.ready");
    expect(said()).not.toContain("it is at http");
    const headers = { authorization: `Bearer ${token}` };
    const status = await fetch(new URL("/api/v1/status", address), { headers });
    expect(status.status).toBe(200);
  });

  it("is followed by one elsewhere when somebody has taken its port, and that is said", async () => {
    const { address, killRuntime, says, run } = await setup();
    const squatter = createServer((socket) => socket.destroy());
    onTestFinished(() => void squatter.close());
    killRuntime();
    for (let tries = 0; !squatter.listening && tries < 2_000; tries += 1) {
      squatter.once("error", () => {});
      squatter.listen(Number(address.port), "127.0.0.1");
      await Promise.race([once(squatter, "listening"), once(squatter, "error")]).catch(() => {});
    }
    const text = await says(/runtime\.ready .* it is at http:\/\/127\.0\.0\.1:\d+ now/);
    const origin = /it is at (\S+) now/.exec(text)?.[1];
    expect(origin).not.toBe(address.origin);
    const fresh = new URL((await run("dashboard")).stdout.trim());
    expect(fresh.origin).toBe(origin);
    expect(await exchange(fresh)).toMatchObject({ status: 201 });
  });
});

describe("text that would steer a terminal", () => {
  it("is shown as text, whoever wrote it", async () => {
    const { dataDir, killRuntime, says, said, run, address, living } = await setup([
      "runtime: { modules: [./app.ts] }",
      "components:",
      "  loud: { kind: process, command: node, args: [loud.mjs], restart: permanent }",
      "healing: { actionsPerHour: 5 }",
    ]);
    const token = readFileSync(join(dataDir, "cli-token"), "utf8").trim();
    const client = createClient({ url: address.origin, token, fetch });
    await client.startRun("doomed", {}, { id: "doomed" });
    await says(/incident\.\w+ +loud /);
    for (let looks = 0; looks < 100; looks += 1) {
      if ((await client.run("doomed")).status === "dead") break;
      await sleep(50);
    }
    const incidents = await client.incidents();
    const incident = incidents.find(({ component }) => component === "loud");
    const told = [
      await run("runs", "doomed"),
      await run("runs"),
      await run("incidents"),
      await run("incidents", incident?.id ?? ""),
      await run("incidents", "--json"),
      await run("runs", "doomed", "--json"),
      await run("runs", hostile),
      await run("status"),
      await run("restart", hostile),
    ];
    for (const { stdout, stderr } of told) expect(`${stdout}${stderr}`).not.toMatch(steering);
    expect(told[0]?.stdout).toContain(shown);
    expect(told[3]?.stdout).toContain(shown);
    expect(JSON.parse(told[5]?.stdout ?? "").error.message).toBe(hostile);
    expect(living().length).toBeGreaterThan(1);
    killRuntime();
    await says(/runtime\.crashed .*onerror/);
    expect(said()).not.toMatch(steering);
    expect(said()).toContain(shown);

    const logs = await run("logs", "loud");
    expect(logs.stdout).toContain(hostile);
  });
});
