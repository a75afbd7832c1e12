import { dirname } from "node:path";
import { describe, expect, it } from "vitest";

import { instancePaths } from "../host/index.ts";
import { type SimulatedProcess, simulatedWorld } from "../testing/index.ts";
import { down, kill, restartRuntime } from "./commands/stopping.ts";
import type { CommandContext } from "./context.ts";
import { dial } from "./start-watchdog.ts";
import { takeDown } from "./take-down.ts";

const request = { form: "down", by: "ada", why: "it is late" } as const;

/** A watchdog that listens and then hangs, a runtime, and a person who types. */
async function setup() {
  const world = simulatedWorld({ seed: 3 });
  const own = world.host();
  const paths = instancePaths("/state", own.env); // As the commands work them out.
  const lives: SimulatedProcess[] = [];
  for (const role of ["watchdog", "runtime"]) {
    world.program(role, (process) => {
      lives.push(process);
      if (role === "watchdog") void process.host.sockets.listen(paths.watchdogSocket, () => {});
    });
  }
  for (const folder of [paths.dataDir, dirname(paths.watchdogSocket)]) own.files.makeFolder(folder);
  const start = (role: string): void => {
    const env = { KINTSUGI_INSTANCE: paths.instance, KINTSUGI_ROLE: role };
    const logs = { stdoutFile: "/out.log", stderrFile: "/err.log" };
    own.processes.spawn({ command: role, args: [], cwd: "/", env, ...logs });
  };
  const said: string[] = [];
  const never = new AbortController().signal;
  const context = (host = own): CommandContext => ({
    host,
    cwd: "/",
    terminal: {
      out: (line) => said.push(line),
      err: (line) => said.push(line),
      copy: () => {},
      closed: false,
    },
    interrupted: never,
    insisted: never,
  });
  const full = (): CommandContext => {
    const writeAtomic = (): never => {
      throw new Error("ENOSPC: no space left on device, write");
    };
    return context(Object.assign(own, { files: { ...own.files, writeAtomic } }));
  };
  const run = (ms: number) => world.clock.run(world.clock.monotonicMs() + ms);
  return { world, paths, lives, start, said, context, full, run };
}

describe("a watchdog that hangs", () => {
  it("is ended by force, with the runtime, by whoever takes all down", async () => {
    const { world, paths, lives, start, context, run } = await setup();
    start("watchdog");
    start("runtime");
    await run(1_000);
    for (const life of lives) life.hang();
    expect(await world.clock.until(takeDown(context(), paths, request))).toEqual([]);
    expect(lives.map(({ alive }) => alive)).toEqual([false, false]);
  });

  it("is none that a line leads to, and is waited for in vain by a restart", async () => {
    const { world, paths, lives, start, context, run } = await setup();
    start("watchdog");
    await run(1_000);
    lives[0]?.hang();
    expect(await world.clock.until(dial(context(), paths, {}))).toBeUndefined();
    const restarted = restartRuntime(context(), { dataDir: "/state" });
    await expect(world.clock.until(restarted)).rejects.toThrow("The watchdog lives, but does not");
  });
});

describe("a disk that is full", () => {
  const sentence =
    "The kill switch cannot be written, so a boot service may start it again: ENOSPC";

  it("keeps nobody from a kill, which says what it could not write", async () => {
    const { world, lives, start, said, full, run } = await setup();
    start("runtime");
    await run(1_000);
    expect(await world.clock.until(kill(full(), { dataDir: "/state" }))).toBe(1);
    expect(lives.map(({ alive }) => alive)).toEqual([false]);
    expect(said).toEqual([expect.stringContaining(sentence), "Killed 1 process"]);
  });

  it("is told also where nothing runs", async () => {
    const { world, said, full } = await setup();
    expect(await world.clock.until(down(full(), { dataDir: "/state" }))).toBe(1);
    expect(said[0]).toContain(sentence);
  });
});
