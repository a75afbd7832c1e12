import { spawn } from "node:child_process";
import { symlinkSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";

import { watchdogWorld } from "./fixtures/watchdog-world.ts";
import { followWatchdog } from "./follow-watchdog.ts";
import { engageKillSwitch, readKillSwitch } from "./kill-switch.ts";
import { watchdogProgram } from "./programs.ts";
import type { WatchdogView } from "./types.ts";

const down = { form: "down", by: "a test", why: "it is over" } as const;

describe("a runtime that is killed", () => {
  it("is started again, and its death is told", async () => {
    const { host, watch, runtime, events } = watchdogWorld();
    watch();
    const first = await runtime();
    host.processes.signal(first, "SIGKILL");
    const second = await runtime(first);
    expect(host.processes.isAlive(first)).toBe(false);
    const reason = { kind: "signalled", signal: "SIGKILL" };
    expect(events("runtime.crashed")).toMatchObject([{ payload: { pid: first.pid, reason } }]);
    const started = events("runtime.started").map(({ payload }) => payload["pid"]);
    expect(started).toEqual([first.pid, second.pid]);
  });
});

describe("a disk that is full", () => {
  it("ends neither the watchdog nor the runtime, whose logs lie on it", async () => {
    const { host, paths, configFile, runtime } = watchdogWorld();
    symlinkSync("/dev/full", `${paths.logsDir}/runtime.out.log`);
    symlinkSync("/dev/full", `${paths.logsDir}/runtime.err.log`);
    const logs = { stdoutFile: "/dev/full", stderrFile: "/dev/full" };
    const given = { paths, configFile, env: host.env, boot: false, hangMs: 10_000 };
    host.processes.spawn({ ...watchdogProgram(given), ...logs });
    const first = await runtime();
    host.processes.signal(first, "SIGKILL");
    await runtime(first);
  });
});

describe("a runtime whose loop is blocked", () => {
  it("is killed and started again", async () => {
    const { watch, runtime, events } = watchdogWorld();
    watch({ hangMs: 1_000 });
    const first = await runtime();
    process.kill(first.pid, "SIGUSR2");
    await runtime(first);
    expect(events("runtime.hung")).toMatchObject([{ payload: { silentMs: expect.any(Number) } }]);
    expect(events("runtime.crashed")).toEqual([]);
  });
});

describe("a runtime that ends on purpose", () => {
  it("takes the watchdog with it", async () => {
    const { host, watch, runtime, events, living } = watchdogWorld();
    const { exited } = watch();
    host.processes.signal(await runtime(), "SIGTERM");
    await expect(exited).resolves.toEqual({ kind: "exited", code: 0 });
    expect(events("runtime.stopped")).toHaveLength(1);
    expect(living()).toEqual([]);
  });
});

describe("a runtime that refuses", () => {
  const refuse = { code: 78, message: "kintsugi.yaml:3:1: nobody knows the key colour" };

  it("gives the watchdog its code and its last words", async () => {
    const { watch, behave, log, events } = watchdogWorld();
    behave({ refuse });
    const { exited } = watch();
    await expect(exited).resolves.toEqual({ kind: "exited", code: 78 });
    expect(log("watchdog").trimEnd().split("\n").at(-1)).toBe(refuse.message);
    expect(events("runtime.refused")).toMatchObject([{ payload: { stderrTail: refuse.message } }]);
  });

  it("is tried again when it was ready before", async () => {
    const { host, watch, behave, runtime, events, eventually } = watchdogWorld();
    watch();
    const first = await runtime();
    behave({ refuse });
    host.processes.signal(first, "SIGKILL");
    await eventually(() => expect(events("runtime.crashed").length).toBeGreaterThan(1));
    behave({});
    await runtime(first);
  });
});

describe("a stop by a follower", () => {
  it("engages the switch, says goodbye, and leaves no process behind", async () => {
    const { host, paths, watch, behave, runtime, living } = watchdogWorld();
    behave({ component: "stubborn" });
    const { exited } = watch();
    await runtime();
    const views: WatchdogView[] = [];
    const follower = await followWatchdog(host, paths, { onView: (view) => views.push(view) });
    expect(await follower.stop(down)).toBeNull();
    await expect(follower.ended).resolves.toMatchObject({ kind: "goodbye", code: 0 });
    await expect(exited).resolves.toEqual({ kind: "exited", code: 0 });
    expect(views.at(0)).toMatchObject({ phase: "running", url: "http://127.0.0.1:1" });
    expect(views.at(-1)).toMatchObject({ phase: "stopping", runtimePid: null });
    expect(readKillSwitch(host.files, paths.killSwitch)).toMatchObject(down);
    expect(living()).toEqual([]);
  });

  it("is heard by a watchdog that comes after one was killed", async () => {
    const { host, paths, watch, runtime, living, eventually } = watchdogWorld();
    const first = watch();
    await runtime();
    engageKillSwitch(host.files, paths.killSwitch, down, 0);
    if (first.identity) host.processes.signal(first.identity, "SIGKILL");
    const second = watch({ boot: true });
    await expect(second.exited).resolves.toEqual({ kind: "exited", code: 0 });
    await eventually(() => expect(living()).toEqual([]));
  });
});

describe("a restart by a follower", () => {
  it("brings another runtime, and counts no crash", async () => {
    const { host, paths, watch, runtime, events } = watchdogWorld();
    watch();
    const first = await runtime();
    const follower = await followWatchdog(host, paths);
    expect(await follower.restart("a test", "it wants to see")).toBeNull();
    await runtime(first);
    expect(events("runtime.crashed")).toEqual([]);
    follower.close();
  });
});

describe("a watchdog that is killed", () => {
  it("is followed by one that takes up the same runtime", async () => {
    const { host, watch, runtime, events, eventually } = watchdogWorld();
    const first = watch();
    const before = await runtime();
    if (first.identity) host.processes.signal(first.identity, "SIGKILL");
    await first.exited;
    watch({ boot: true });
    await eventually(() => expect(events("watchdog.adopted")).toHaveLength(1));
    expect(await runtime()).toEqual(before);
    host.processes.signal(before, "SIGKILL");
    await runtime(before); // And it watches it as if it had started it.
  });

  it("is started anew by the runtime, and keeps its counters", async () => {
    const { host, paths, behave, watch, runtime, eventually } = watchdogWorld();
    behave({ watchdog: new URL("./fixtures/stub-watchdog.ts", import.meta.url).href });
    const watchdog = watch();
    const first = await runtime();
    host.processes.signal(first, "SIGKILL");
    const second = await runtime(first);
    if (watchdog.identity) host.processes.signal(watchdog.identity, "SIGKILL");
    await watchdog.exited;
    const follower = await eventually(() => followWatchdog(host, paths));
    follower.close();
    expect(await runtime()).toEqual(second);
    host.processes.signal(second, "SIGKILL");
    await runtime(second);
    const stored = JSON.parse(host.files.read(paths.watchdogState) ?? "{}");
    expect(stored.crashes).toBe(2);
  });

  it("with its runtime at once, tells of the death that nobody saw", async () => {
    const { host, watch, runtime, events } = watchdogWorld();
    const watchdog = watch();
    const first = await runtime();
    for (const each of [watchdog.identity, first]) if (each) host.processes.signal(each, "SIGKILL");
    await watchdog.exited;
    watch({ boot: true });
    await runtime(first);
    expect(events("runtime.crashed")).toMatchObject([
      { payload: { pid: first.pid, unseen: true } },
    ]);
  });
});

describe("a second watchdog", () => {
  it("leaves with 75 and says why", async () => {
    const { watch, runtime, log } = watchdogWorld();
    watch();
    await runtime();
    await expect(watch().exited).resolves.toEqual({ kind: "exited", code: 75 });
    expect(log("watchdog")).toMatch(/^Another watchdog watches .* already; this one leaves$/m);
  });
});

describe("what stands in runtime.json", () => {
  /** A process that is none of ours. */
  const stranger = (): number => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    onTestFinished(() => void child.kill("SIGKILL"));
    return child.pid ?? 0;
  };

  it.each([
    { what: "a reused pid", startTicks: "1" },
    { what: "a stranger as he is", startTicks: undefined },
  ])("never lets $what be signalled", async ({ startTicks }) => {
    const { host, paths, watch, runtime, living } = watchdogWorld();
    const pid = stranger();
    const [, ticks] = /\) (?:\S+ ){19}(\d+)/.exec(host.files.read(`/proc/${pid}/stat`) ?? "") ?? [];
    const identity = { ...host.processes.self, pid, startTicks: startTicks ?? ticks };
    host.files.writeAtomic(paths.runtimeFile, JSON.stringify(identity));
    const { exited } = watch();
    expect((await runtime()).pid).not.toBe(pid);
    const follower = await followWatchdog(host, paths);
    await follower.stop({ ...down, form: "kill" });
    await exited;
    expect(living()).toEqual([]);
    expect(() => process.kill(pid, 0)).not.toThrow();
  });

  it.each(["{", "null"])("may be garbage: %j", async (text) => {
    const { host, paths, watch, runtime } = watchdogWorld();
    host.files.writeAtomic(paths.runtimeFile, text);
    host.files.writeAtomic(paths.watchdogState, text);
    watch();
    await runtime();
  });
});

describe("a runtime that is killed by whoever engaged the kill switch", () => {
  it("has not crashed", async () => {
    const { host, paths, watch, runtime, events } = watchdogWorld();
    const { exited } = watch();
    const identity = await runtime();
    engageKillSwitch(host.files, paths.killSwitch, { ...down, form: "kill" }, 0);
    host.processes.signal(identity, "SIGKILL");
    await expect(exited).resolves.toEqual({ kind: "exited", code: 0 });
    expect(events("runtime.crashed")).toEqual([]);
    expect(events("runtime.stopped")).toHaveLength(1);
  });
});

describe("a kill switch that nobody can read", () => {
  it("stops what runs", async () => {
    const { host, paths, watch, runtime, living } = watchdogWorld();
    const { exited } = watch();
    await runtime();
    host.files.writeAtomic(paths.killSwitch, "garbage");
    await expect(exited).resolves.toEqual({ kind: "exited", code: 0 });
    expect(living()).toEqual([]);
  });
});
