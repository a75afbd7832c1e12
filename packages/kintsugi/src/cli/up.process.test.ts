import { describe, expect, it } from "vitest";

import { readIdentity, readKillSwitch } from "../watchdog/index.ts";
import { type CommandWorld, commandWorld, type Typed } from "./fixtures/command-world.ts";

const ready = "stub is ready (Ctrl-C stops it)\n  dashboard  http://127.0.0.1:1/ ";

/** A program that is up in the foreground. */
async function setup(): Promise<CommandWorld & { readonly front: Typed }> {
  const world = commandWorld();
  const front = world.type("up");
  await front.says(ready);
  return { ...world, front };
}

const watchdogOf = ({ host, paths }: CommandWorld) => {
  const identity = readIdentity(host.files, paths.watchdogFile);
  if (!identity) throw new Error("No watchdog has written who it is");
  return identity;
};

describe("up in the foreground", () => {
  it.each(["SIGINT", "SIGHUP"] as const)("stops everything at %s", async (signal) => {
    const { front, host, paths, living } = await setup();
    front.child.kill(signal);
    expect(await front.exitCode).toBe(0);
    expect(front.text()).toMatch(/Stopped\n$/);
    expect(living()).toEqual([]);
    const found = readKillSwitch(host.files, paths.killSwitch);
    expect(found).toMatchObject({ kind: "engaged", form: "down", by: "tester" });
  });

  it("kills at the second Ctrl-C what does not end at the first", async () => {
    const { behave, type, living } = commandWorld();
    behave({ component: "stubborn" });
    const front = type("up");
    await front.says(ready);
    front.child.kill("SIGINT");
    await front.says("Stopping everything");
    front.child.kill("SIGINT");
    expect(await front.exitCode).toBe(0);
    expect(living()).toEqual([]);
  });

  it("tells of a crash, and goes on", async () => {
    const world = await setup();
    const before = await world.runtime();
    world.host.processes.signal(before, "SIGKILL");
    await world.front.says(`runtime.crashed         pid ${before.pid}  it was ended by SIGKILL`);
    const after = await world.runtime(before);
    await world.front.says(`runtime.ready  pid ${after.pid}`);
  });

  it("ends when somebody else stops the program", async () => {
    const { front, run } = await setup();
    expect(await run("down", "--why", "night")).toEqual({ exitCode: 0, text: "Stopped\n" });
    expect(await front.exitCode).toBe(0);
    expect(front.text()).toMatch(/^Stopped by tester: night$/m);
  });

  it("brings everything back when watchdog and runtime are killed at once", async () => {
    const world = await setup();
    const before = await world.runtime();
    for (const each of [watchdogOf(world), before]) world.host.processes.signal(each, "SIGKILL");
    const after = await world.runtime(before);
    await world.front.says(`runtime.ready  pid ${after.pid}`);
    world.front.child.kill("SIGINT");
    expect(await world.front.exitCode).toBe(0);
    expect(world.living()).toEqual([]);
  });

  it("brings a watchdog for a runtime that brings none", async () => {
    const world = await setup();
    const runtime = await world.runtime();
    world.host.processes.signal(watchdogOf(world), "SIGKILL");
    await world.front.says(`watchdog.adopted        pid ${runtime.pid}`);
    expect(await world.runtime()).toEqual(runtime);
  });

  it("follows the watchdog that the runtime brings", async () => {
    const world = commandWorld();
    const program = new URL("../watchdog/fixtures/stub-watchdog.ts", import.meta.url);
    world.behave({ watchdog: program.href });
    const front = world.type("up");
    await front.says(ready);
    const runtime = await world.runtime();
    world.host.processes.signal(watchdogOf(world), "SIGKILL");
    await front.says("watchdog.lost");
    await world.eventually(() => expect(world.events("watchdog.adopted")).toHaveLength(1));
    world.host.processes.signal(runtime, "SIGKILL");
    await front.says("runtime.crashed");
    front.child.kill("SIGINT");
    expect(await front.exitCode).toBe(0);
    expect(world.living()).toEqual([]);
  });
});

describe("up on a folder where it is up", () => {
  it("is refused", async () => {
    const { run, paths } = await setup();
    const second = await run("up");
    expect(second.exitCode).toBe(1);
    expect(second.text).toMatch(
      /^It runs already on the data folder .* \(pid \d+\): `kintsugi status`/,
    );
    expect(second.text).toContain(paths.dataDir);
  });

  it("is refused to one of two that come at once", async () => {
    const { type, runtime } = commandWorld();
    const both = [type("up", "-d"), type("up", "-d")];
    const codes = await Promise.all(both.map(({ exitCode }) => exitCode));
    expect(codes.toSorted()).toEqual([0, 1]);
    await runtime();
  });
});

describe("up -d", () => {
  it("leaves when the program is ready", async () => {
    const { run, runtime, host } = commandWorld();
    const { exitCode, text } = await run("up", "-d");
    expect({ exitCode, text }).toEqual({
      exitCode: 0,
      text: [
        "stub is ready (`kintsugi down` stops it)",
        "  dashboard  http://127.0.0.1:1/   (`kintsugi dashboard` prints the address that opens it)",
        "  metrics    http://127.0.0.1:1/metrics",
        "",
      ].join("\n"),
    });
    expect(host.processes.isAlive(await runtime())).toBe(true);
  });
});

describe("a program that refuses to run", () => {
  it.each([
    { code: 69, exitCode: 1, message: "The port 4600 is in use: free it, or set server.port" },
    { code: 78, exitCode: 2, message: "The module ./app.ts cannot be found" },
  ])("with $code ends up with $exitCode", async ({ code, exitCode, message }) => {
    const { behave, run, living } = commandWorld();
    behave({ refuse: { code, message } });
    const refused = await run("up");
    expect(refused.exitCode).toBe(exitCode);
    expect(refused.text).toBe(`${message}\n`);
    expect(living()).toEqual([]);
  });
});
