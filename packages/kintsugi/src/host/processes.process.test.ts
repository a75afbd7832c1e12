import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it, onTestFinished, vi } from "vitest";

import { linuxProcessTable } from "./linux.ts";
import { ownProgram } from "./own-program.ts";
import type { ProcessHandle, ProcessIdentity, ProcessSpec } from "./ports.ts";
import { systemProcesses } from "./processes.ts";

/** Generous: this machine may be busy. */
const PATIENCE = { timeout: 30_000, interval: 20 };

const setup = () => {
  const folder = mkdtempSync(join(tmpdir(), "kintsugi-processes-"));
  const processes = systemProcesses();
  const started: ProcessIdentity[] = [];
  onTestFinished(() => {
    for (const identity of started) processes.signal(identity, "SIGKILL", true);
    rmSync(folder, { recursive: true, force: true });
  });

  const specOf = (command: string, args: readonly string[], given: Partial<ProcessSpec>) => ({
    command,
    args,
    cwd: folder,
    env: { PATH: process.env["PATH"] ?? "" },
    stdoutFile: join(folder, "out.log"),
    stderrFile: join(folder, "err.log"),
    ...given,
  });
  const spawn = (command: string, args: readonly string[], given: Partial<ProcessSpec> = {}) => {
    const handle = processes.spawn(specOf(command, args, given));
    if (handle.identity) started.push(handle.identity);
    return handle;
  };
  const shell = (script: string, given: Partial<ProcessSpec> = {}) =>
    spawn("/bin/sh", ["-c", script], given);
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");
  /** The identity of a process that writes its pid into a file. */
  const identityIn = (name: string) =>
    vi.waitFor(() => {
      const pid = Number(read(name));
      const status = linuxProcessTable().status(pid);
      if (!status) throw new Error(`No process ${pid}`);
      const { startTicks } = status;
      return { pid, startTicks, bootId: processes.self.bootId };
    }, PATIENCE);
  return { folder, processes, spawn, shell, read, identityIn };
};

const livingIdentity = ({ identity }: ProcessHandle): ProcessIdentity => {
  if (!identity) throw new Error("It was not started");
  return identity;
};

describe("a process that we start", () => {
  it("tells its exit code, and leaves its words in its files", async () => {
    const { shell, read } = setup();
    const script = 'echo "$GREETING"; echo oops >&2; exit 7';
    const { exited } = shell(script, { env: { GREETING: "hello" } });
    expect(await exited).toEqual({ kind: "exited", code: 7 });
    expect([read("out.log"), read("err.log")]).toEqual(["hello\n", "oops\n"]);
    await shell("echo again").exited;
    expect(read("out.log")).toBe("hello\nagain\n");
  });

  it("tells the signal that killed it, and is alive until then", async () => {
    const { shell, processes } = setup();
    const child = shell("exec sleep 600");
    const identity = livingIdentity(child);
    expect(processes.isAlive(identity)).toBe(true);
    expect(processes.signal(identity, "SIGKILL")).toBe(true);
    expect(await child.exited).toEqual({ kind: "signalled", signal: "SIGKILL" });
    expect(processes.isAlive(identity)).toBe(false);
    expect(processes.signal(identity, "SIGKILL")).toBe(false);
    expect(processes.signal(identity, "SIGKILL", true)).toBe(false);
    expect(processes.sample(identity)).toBeUndefined();
  });

  it.each([
    { what: "a program that is not there", command: "no-such-program", says: "was not found" },
    { what: "a file that is no program", command: "/etc/passwd", says: "permission denied" },
    { what: "a folder that is not there", cwd: "/no/such/folder", says: "does not exist" },
    { what: "a log that has no folder", stderrFile: "/no/such/log", says: "cannot be opened" },
    { what: "a name with a zero in it", command: "a\0b", says: "could not be started" },
  ])("says in a sentence why it did not start: $what", async ({ says, what: _, ...wrong }) => {
    const { spawn } = setup();
    const { identity, exited } = spawn(wrong.command ?? "/bin/sh", [], wrong);
    expect(identity).toBeUndefined();
    const message = expect.stringContaining(says);
    expect(await exited).toEqual({ kind: "spawn-failed", message });
  });

  it("is measured: memory in bytes, and the time of the processor", async () => {
    const { spawn, processes } = setup();
    const busy = spawn(process.execPath, ["-e", "const big = Buffer.alloc(2e8, 1); for (;;) big;"]);
    await vi.waitFor(() => {
      const sample = processes.sample(livingIdentity(busy));
      expect(sample?.rssBytes).toBeGreaterThan(2e8);
      expect(sample?.rssBytes).toBeLessThan(2e9);
      expect(sample?.cpuMs).toBeGreaterThan(200);
    }, PATIENCE);
    const own = processes.sample(processes.self);
    expect(own?.cpuMs).toBeGreaterThan(0);
  });
});

describe("an identity", () => {
  it("is that of one process for ever, not of whoever has its pid", () => {
    const { processes } = setup();
    const { self } = processes;
    expect(self.pid).toBe(process.pid);
    expect(processes.isAlive(self)).toBe(true);
    const before = { ...self, startTicks: String(Number(self.startTicks) - 1) };
    const otherBoot = { ...self, bootId: "00000000-0000-0000-0000-000000000000" };
    for (const stranger of [before, otherBoot]) {
      expect(processes.isAlive(stranger)).toBe(false);
      expect(processes.signal(stranger, "SIGTERM")).toBe(false);
      expect(processes.signal(stranger, "SIGTERM", true)).toBe(false);
      expect(processes.sample(stranger)).toBeUndefined();
    }
  });

  it("is read rightly from a program with a strange name", () => {
    const { folder, spawn, processes } = setup();
    const strange = join(folder, "a) S 1 (b");
    copyFileSync("/bin/sleep", strange);
    const identity = livingIdentity(spawn(strange, ["600"]));
    expect(processes.isAlive(identity)).toBe(true);
    expect(Number(identity.startTicks)).toBeGreaterThanOrEqual(Number(processes.self.startTicks));
    expect(processes.signal(identity, "SIGKILL", true)).toBe(true);
  });

  it("is not alive as a zombie, though a zombie keeps its pid and can be signalled", async () => {
    const { shell, processes, identityIn } = setup();
    shell("sh -c 'echo $$ > pid; exec sleep 600' & exec sleep 600");
    const child = await identityIn("pid");
    expect(processes.isAlive(child)).toBe(true);
    process.kill(child.pid, "SIGKILL");
    await vi.waitFor(() => expect(processes.isAlive(child)).toBe(false), PATIENCE);
    expect(process.kill(child.pid, 0)).toBe(true);
    expect(processes.signal(child, "SIGTERM")).toBe(false);
  });
});

describe("a group", () => {
  it("is killed with all that it holds", async () => {
    const { shell, processes, identityIn } = setup();
    const leader = shell("sh -c 'echo $$ > pid; exec sleep 600' & wait");
    const member = await identityIn("pid");
    expect(processes.signal(livingIdentity(leader), "SIGKILL", true)).toBe(true);
    await leader.exited;
    await vi.waitFor(() => expect(processes.isAlive(member)).toBe(false), PATIENCE);
  });

  it("is left alone when its number has gone to a stranger", () => {
    const { shell, processes } = setup();
    const stranger = livingIdentity(shell("exec sleep 600"));
    const before = { ...stranger, startTicks: String(Number(stranger.startTicks) - 1) };
    expect(processes.signal(before, "SIGKILL", true)).toBe(false);
    expect(processes.isAlive(stranger)).toBe(true);
  });

  it("is reached after its leader has died, as long as somebody is left in it", async () => {
    const { shell, processes, identityIn } = setup();
    const leader = shell("sh -c 'echo $$ > pid; exec sleep 600' & wait");
    const survivor = await identityIn("pid");
    const identity = livingIdentity(leader);
    processes.signal(identity, "SIGKILL");
    await leader.exited;
    expect(processes.isAlive(survivor)).toBe(true);
    expect(processes.signal(identity, "SIGTERM", true)).toBe(true);
    await vi.waitFor(() => expect(processes.isAlive(survivor)).toBe(false), PATIENCE);
    expect(processes.signal(identity, "SIGTERM", true)).toBe(false);
  });
});

describe("a process that outlives the one that started it", () => {
  it("is found by its marker, adopted, and seen dead", async () => {
    const { folder, spawn, processes } = setup();
    const marker = `test-${processes.self.pid}-${processes.self.startTicks}`;
    const door = new URL("./index.ts", import.meta.url).href;
    const log = (name: string): string => JSON.stringify(join(folder, name));
    const parentFile = join(folder, "parent.ts");
    writeFileSync(
      parentFile,
      `import { systemHost } from ${JSON.stringify(door)};
      const host = systemHost();
      host.processes.spawn({ command: "/bin/sleep", args: ["600"], cwd: "/",
        env: { KINTSUGI_TEST: ${JSON.stringify(marker)} },
        stdoutFile: ${log("child.out")}, stderrFile: ${log("child.err")} });
      setInterval(() => {}, 1_000);`,
    );
    const { command, args } = ownProgram(`file://${parentFile}`);
    const parent = spawn(command, args);

    const found = await vi.waitFor(() => {
      const marked = processes.findMarked("KINTSUGI_TEST", marker);
      expect(marked).toHaveLength(1);
      return marked[0];
    }, PATIENCE);
    const child = found?.identity ?? processes.self;
    onTestFinished(() => void processes.signal(child, "SIGKILL"));
    expect(found).toMatchObject({ leader: true, env: { KINTSUGI_TEST: marker } });

    processes.signal(livingIdentity(parent), "SIGKILL", true);
    await parent.exited;
    expect(processes.isAlive(child)).toBe(true);
    const { exited } = processes.adopt(child);
    processes.signal(child, "SIGKILL");
    expect(await exited).toEqual({ kind: "unknown" });
    expect(processes.findMarked("KINTSUGI_TEST", marker)).toEqual([]);
  });

  it("is gone at once for whoever adopts it too late", async () => {
    const { shell, processes } = setup();
    const child = shell("exit 0");
    await child.exited;
    const adopted = processes.adopt(livingIdentity(child));
    expect(await adopted.exited).toEqual({ kind: "unknown" });
  });
});
