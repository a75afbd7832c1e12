import { describe, expect, it } from "vitest";

import type { Host } from "../host/index.ts";
import { restartLimits } from "../supervise/restart/index.ts";
import { type SimulatedProcess, simulatedWorld } from "../testing/index.ts";
import { dialWatchdog, type LeaveRequest } from "./dial-watchdog.ts";
import { readWatchdogEvents } from "./event-log.ts";
import { followWatchdog } from "./follow-watchdog.ts";
import { engageKillSwitch } from "./kill-switch.ts";
import type { WatchdogEvent, WatchdogView } from "./types.ts";
import { Watchdog } from "./watchdog.ts";
import type { WatchdogLimits } from "./watchdog-state.ts";

const limits: WatchdogLimits = {
  restart: restartLimits({ intensity: 3 }, "retry"),
  hangMs: 10_000,
  startMs: 60_000,
  stopMs: 20_000,
};

/** A watchdog over a runtime, in a world in which nothing is as slow or as fast as it likes. */
function setup() {
  const world = simulatedWorld({ seed: 7 });
  const paths = world.paths("/state");
  const env = (role: string) => ({ KINTSUGI_INSTANCE: paths.instance, KINTSUGI_ROLE: role });
  const lives: SimulatedProcess[] = [];
  const asked: LeaveRequest[] = [];
  let lost = 0;
  let deaf = false;
  world.program("runtime", (process) => {
    lives.push(process);
    const link = dialWatchdog(process.host, paths, {
      onLost: () => {
        lost += 1;
      },
      onStopRequested: (request) => void asked.push(request),
    });
    process.host.files.writeAtomic(paths.runtimeFile, JSON.stringify(process.identity));
    link.ready("http://runtime");
    process.onSignal("SIGTERM", () => {
      if (deaf) return;
      process.host.clock.after(50, () => {
        link.goodbye(0);
        process.exit(0);
      });
    });
  });
  const watch = (byPerson = false, trouble: (host: Host) => Partial<Host> = () => ({})) => {
    const own = world.host({ env: env("watchdog") });
    const host = Object.assign(own, trouble(own));
    const logs = { stdoutFile: "/runtime.out.log", stderrFile: "/runtime.err.log" };
    const runtime = { command: "runtime", args: [], cwd: "/", env: env("runtime"), ...logs };
    const print = (): void => {
      throw new Error("ENOSPC: no space left on device, write");
    };
    const watchdog = new Watchdog({ host, paths, limits, runtime, byPerson, print });
    return { host, watchdog, left: watchdog.run() };
  };
  const files = world.host().files;
  return {
    world,
    paths,
    lives,
    asked,
    watch,
    run: (ms: number) => world.clock.run(world.clock.monotonicMs() + ms),
    get lost() {
      return lost;
    },
    turnDeaf: () => {
      deaf = true;
    },
    events: (): readonly WatchdogEvent["type"][] =>
      readWatchdogEvents(files, paths.watchdogEvents).map(({ type }) => type),
  };
}

describe("a runtime that hangs", () => {
  it("is killed after hangMs, and another is started", async () => {
    const { lives, watch, run, events } = setup();
    watch();
    await run(5_000);
    lives[0]?.hang();
    await run(9_000);
    expect(lives).toHaveLength(1);
    await run(3_000);
    expect(lives).toHaveLength(2);
    expect(lives[0]?.reason).toEqual({ kind: "signalled", signal: "SIGKILL" });
    expect(events()).toEqual([
      "watchdog.started",
      "runtime.started",
      "runtime.hung",
      "runtime.started",
    ]);
  });

  it("is not taken for one while it was the watchdog that hung", async () => {
    const { lives, watch, run } = setup();
    const { host } = watch();
    await run(5_000);
    host.hang(3_600_000);
    await run(3_700_000);
    expect(lives.map(({ alive }) => alive)).toEqual([true]);
  });

  it("has a short hang forgiven", async () => {
    const { lives, watch, run } = setup();
    watch();
    await run(1_000);
    lives[0]?.hang(8_000);
    await run(60_000);
    expect(lives).toHaveLength(1);
  });
});

describe("a machine in trouble", () => {
  const broken = (): never => {
    throw new Error("EIO: i/o error, read");
  };

  /** A program that is stopped while the machine lists no processes. */
  const stopBlindly = async ({ watch, run, paths }: ReturnType<typeof setup>) => {
    let isBroken = false;
    const { left, host } = watch(false, ({ processes }) => {
      const findMarked: typeof processes.findMarked = (...given) =>
        isBroken ? broken() : processes.findMarked(...given);
      return { processes: Object.assign(Object.create(processes), { findMarked }) };
    });
    await run(1_000);
    isBroken = true;
    engageKillSwitch(host.files, paths.killSwitch, { form: "down", by: "ada", why: "" }, 0);
    const mend = (): void => {
      isBroken = false;
    };
    return { left, mend };
  };

  it("that reads no log does not keep the next runtime from its start", async () => {
    const { lives, watch, run } = setup();
    watch(false, ({ files }) => ({ files: { ...files, sizeBytes: broken, tail: broken } }));
    await run(1_000);
    lives[0]?.kill();
    await run(5_000);
    expect(lives.map(({ alive }) => alive)).toEqual([false, true]);
  });

  it("that lists no processes for a while is asked again before the watchdog leaves", async () => {
    const given = setup();
    const { world, lives, run } = given;
    const { left, mend } = await stopBlindly(given);
    await run(2_000);
    mend();
    expect(await world.clock.until(left)).toMatchObject({ code: 0 });
    expect(lives.map(({ alive }) => alive)).toEqual([false]);
  });

  it("that lists none for good is left all the same, with a code that says so", async () => {
    const given = setup();
    const { left } = await stopBlindly(given);
    const message = "What is left could not be looked for: EIO: i/o error, read";
    expect(await given.world.clock.until(left)).toEqual({ code: 1, message });
  });
});

describe("a crash loop", () => {
  it("is shown, and tried ever more seldom, but for ever", async () => {
    const { lives, world, watch, run, events } = setup();
    world.program("runtime", (process) => {
      lives.push(process);
      process.exit(1);
    });
    watch();
    await run(25_000);
    expect(lives.length).toBeLessThanOrEqual(8);
    expect(events()).toContain("runtime.crash-looping");
    const before = lives.length;
    await run(2 * 3_600_000);
    expect(lives.length).toBeGreaterThan(before + 20); // 5 minutes apart at most.
  });
});

describe("the runtime's line to its watchdog", () => {
  it("is dialled again when the watchdog was killed, and the next one takes the runtime up", async () => {
    const world = setup();
    const { host } = world.watch();
    await world.run(1_000);
    host.kill();
    await world.run(20_000);
    expect(world.lost).toBe(4); // At once, and every 5 s as long as nobody comes.
    world.watch();
    await world.run(60_000);
    expect(world.lives.map(({ alive }) => alive)).toEqual([true]);
    expect(world.events()).toContain("watchdog.adopted");
    world.lives[0]?.kill();
    await world.run(1_000);
    expect(world.lives).toHaveLength(2);
  });

  it("says why it is to leave, and tells the code that nobody else could", async () => {
    const { watch, run, world, lives, asked } = setup();
    const first = watch();
    await run(1_000);
    first.host.kill();
    const { watchdog, left } = watch();
    await run(1_000);
    watchdog.stop({ form: "down", by: "ada", why: "night" });
    expect(await world.clock.until(left)).toEqual({ code: 0, message: "Stopped by ada: night" });
    expect(asked).toEqual([{ form: "down", by: "ada", why: "night" }]);
    expect(lives.map(({ alive }) => alive)).toEqual([false]);
  });

  it("makes an exit on purpose known for what it is, also when nobody is its parent", async () => {
    const { watch, run, world, lives } = setup();
    const { host } = watch();
    await run(1_000);
    host.kill();
    const { left } = watch();
    await run(5_000);
    lives[0]?.kill("SIGTERM");
    expect(await world.clock.until(left)).toMatchObject({ code: 0 });
    expect(lives).toHaveLength(1);
  });

  it("hears a goodbye, after which nobody is lost", async () => {
    const world = setup();
    const { watchdog, left } = world.watch();
    await world.run(1_000);
    watchdog.detach("SIGTERM");
    expect(await world.world.clock.until(left)).toMatchObject({ code: 0 });
    await world.run(60_000);
    expect(world.lost).toBe(0);
    expect(world.lives.map(({ alive }) => alive)).toEqual([true]);
  });
});

describe("a runtime that does not end when it is asked", () => {
  it("is killed when its time is up", async () => {
    const { watch, run, world, lives, turnDeaf } = setup();
    turnDeaf();
    const { watchdog, left } = watch();
    await run(1_000);
    watchdog.stop({ form: "down", by: "ada", why: "night" });
    await run(19_000);
    expect(lives[0]?.alive).toBe(true);
    expect(await world.clock.until(left)).toMatchObject({ code: 0 });
    expect(lives[0]?.reason).toEqual({ kind: "signalled", signal: "SIGKILL" });
  });
});

describe("a kill switch that somebody else engages", () => {
  it("is obeyed at the next look, and keeps whoever comes later from starting anything", async () => {
    const { watch, run, world, paths, lives } = setup();
    const { left } = watch();
    await run(1_000);
    const request = { form: "kill", by: "bob", why: "smoke" } as const;
    engageKillSwitch(world.host().files, paths.killSwitch, request, 0);
    expect(await world.clock.until(left)).toEqual({ code: 0, message: "Stopped by bob: smoke" });
    expect(lives.map(({ reason }) => reason)).toEqual([{ kind: "signalled", signal: "SIGKILL" }]);
    expect(await world.clock.until(watch().left)).toMatchObject({ code: 0 });
    expect(lives).toHaveLength(1);
  });
});

describe("a runtime that died while nobody looked on", () => {
  it.each([
    { what: "has crashed", released: true, crashes: 1 },
    { what: "was stopped where the switch is engaged", released: false, crashes: 0 },
  ])("$what", async ({ released, crashes }) => {
    const { watch, run, world, paths, lives, events } = setup();
    const { host } = watch();
    await run(1_000);
    host.kill();
    lives[0]?.kill();
    const request = { form: "down", by: "bob", why: "night" } as const;
    if (!released) engageKillSwitch(world.host().files, paths.killSwitch, request, 0);
    watch();
    await run(5_000);
    expect(events().filter((type) => type === "runtime.crashed")).toHaveLength(crashes);
    expect(lives).toHaveLength(released ? 2 : 1);
  });

  it("has not crashed where the machine was started anew", async () => {
    const { watch, run, world, lives, events } = setup();
    watch();
    await run(1_000);
    world.reboot();
    watch();
    await run(5_000);
    expect(events()).not.toContain("runtime.crashed");
    expect(lives).toHaveLength(2);
  });
});

describe("a follower", () => {
  it("sees each change once, and hears of what happened just before it dialled", async () => {
    const { watch, run, world, paths, lives } = setup();
    watch();
    await run(1_000);
    const views: WatchdogView[] = [];
    const events: WatchdogEvent["type"][] = [];
    const follower = await world.clock.until(
      followWatchdog(world.host(), paths, {
        onView: (view) => views.push(view),
        onEvent: ({ type }) => events.push(type),
      }),
    );
    await run(5_000);
    expect(await world.clock.until(follower.restart("ada", "news"))).toBeNull();
    await run(5_000);
    expect(views.map(({ phase }) => phase)).toEqual(["running", "ending", "starting", "running"]);
    expect(views.at(-1)).toMatchObject({ url: "http://runtime" });
    expect(lives.map(({ alive }) => alive)).toEqual([false, true]);
    expect(events).toEqual(["watchdog.started", "runtime.started", "runtime.started"]);
  });

  it("is answered also when the watchdog dies first", async () => {
    const { watch, run, world, paths } = setup();
    const { host } = watch();
    await run(1_000);
    const follower = await world.clock.until(followWatchdog(world.host(), paths));
    host.hang();
    const answer = follower.restart("ada", "news");
    host.kill();
    expect(await world.clock.until(answer)).toBe("The watchdog left before it answered");
    expect(await follower.ended).toEqual({ kind: "lost" });
    expect(await follower.restart("ada", "news")).toBe("The watchdog left before it answered");
  });
});
