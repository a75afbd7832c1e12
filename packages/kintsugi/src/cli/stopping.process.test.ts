import { describe, expect, it } from "vitest";

import { readIdentity, readKillSwitch } from "../watchdog/index.ts";
import { type CommandWorld, commandWorld } from "./fixtures/command-world.ts";

/** A program that runs in the background, with a component. */
async function setup(): Promise<CommandWorld> {
  const world = commandWorld();
  world.behave({ component: "obedient" });
  const { exitCode, text } = await world.run("up", "-d");
  expect(exitCode, text).toBe(0);
  await world.runtime();
  return world;
}

/** Kills those who wrote these files, all at once. */
function strike({ host }: CommandWorld, files: readonly string[]): void {
  const victims = files.map((file) => readIdentity(host.files, file));
  for (const each of victims) if (each) host.processes.signal(each, "SIGKILL");
  expect(victims).not.toContain(undefined);
}

describe("down", () => {
  it.each([
    { what: "everything alive", dead: [] },
    { what: "the watchdog dead", dead: ["watchdogFile"] },
    { what: "the runtime just killed", dead: ["runtimeFile"] },
    { what: "only components left", dead: ["watchdogFile", "runtimeFile"] },
  ] as const)("stops all with $what, and a second one says that nothing runs", async ({ dead }) => {
    const world = await setup();
    const { run, living, paths, host } = world;
    strike(
      world,
      dead.map((name) => paths[name]),
    );
    expect(await run("down")).toEqual({ exitCode: 0, text: "Stopped\n" });
    expect(living()).toEqual([]);
    expect(readKillSwitch(host.files, paths.killSwitch)).toMatchObject({ form: "down" });
    const again = await run("down");
    expect(again.exitCode).toBe(3);
    expect(again.text).toBe(`Nothing runs on the data folder ${paths.dataDir}\n`);
  });

  it("works by the folder alone, when the configuration has gone", async () => {
    const { run, living, paths, configFile, host } = await setup();
    host.files.remove(configFile);
    expect(await run("down", "--data-dir", paths.dataDir)).toMatchObject({ exitCode: 0 });
    expect(living()).toEqual([]);
  });

  it("is lifted by the next up", async () => {
    const { run, runtime } = await setup();
    await run("stop");
    expect(await run("start", "-d")).toMatchObject({ exitCode: 0 });
    await runtime();
  });
});

describe("kill", () => {
  it("kills at once, and only resume lifts it", async () => {
    const { run, living } = await setup();
    const killed = await run("kill", "--why", "smoke");
    expect(killed).toEqual({
      exitCode: 0,
      text: "Killed 3 processes; `kintsugi resume` lifts the kill switch\n",
    });
    expect(living()).toEqual([]);

    const refused = await run("up", "-d");
    expect(refused.exitCode).toBe(1);
    expect(refused.text).toMatch(/^Killed by tester on \d{4}-.*: smoke\. `kintsugi resume` lifts/);
    expect(await run("status")).toMatchObject({
      exitCode: 3,
      text: expect.stringContaining("Killed by tester"),
    });
    expect(await run("resume")).toMatchObject({ exitCode: 0 });
    expect(await run("up", "-d")).toMatchObject({ exitCode: 0 });
  });

  it("is also what a switch means that nobody can read", async () => {
    const { run, host, paths } = commandWorld();
    host.files.writeAtomic(paths.killSwitch, "?");
    const refused = await run("up", "-d");
    expect(refused.exitCode).toBe(1);
    expect(refused.text).toMatch(/^The kill switch cannot be read/);
    await run("resume");
    expect(readKillSwitch(host.files, paths.killSwitch)).toEqual({ kind: "released" });
  });
});

describe("restart", () => {
  it("brings another runtime", async () => {
    const { run, runtime } = await setup();
    const before = await runtime();
    const { exitCode, text } = await run("restart");
    const after = await runtime(before);
    expect({ exitCode, text }).toEqual({
      exitCode: 0,
      text: `The runtime was restarted (pid ${after.pid})\n`,
    });
  });

  it("does not wait for a back-off, and knows the next life for a new one", async () => {
    const { run, runtime, behave, host, events, eventually } = await setup();
    const before = await runtime();
    behave({ refuse: { code: 1, message: "TypeError: no" } });
    host.processes.signal(before, "SIGKILL");
    await eventually(() => expect(events("runtime.crash-looping")).toHaveLength(1));
    expect(events("runtime.crashed").at(-1)).toMatchObject({
      payload: { detail: "it left with exit code 1: TypeError: no", stderrTail: "TypeError: no" },
    });
    behave({});
    expect(await run("restart")).toMatchObject({ exitCode: 0 });
  });
});
