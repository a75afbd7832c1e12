import { describe, expect, it } from "vitest";

import { connected, openLab, processSpec } from "./fixtures/lab.ts";
import type { ComponentSample } from "./types.ts";

const setup = (rest: Parameters<typeof processSpec>[1] = {}) => {
  const lab = openLab();
  lab.world.program("worker", connected());
  const run = lab.supervisor([processSpec("web", rest)]);
  return { ...lab, ...run, view: () => run.supervisor.get("web") };
};

describe("a process that beats", () => {
  it("runs from its first beat on, and that is written down with what happened", async () => {
    const { start, view, facts, processOf } = setup();
    await start();
    const { identity } = processOf("web");
    expect(view()).toMatchObject({
      phase: "running",
      health: { kind: "healthy" },
      identity,
      incarnation: 1,
      restarts: 0,
      adopted: false,
    });
    expect((await facts()).map(({ type, payload }) => ({ type, ...payload }))).toEqual([
      {
        type: "component.started",
        component: "web",
        incarnation: 1,
        pid: identity.pid,
        adopted: false,
      },
      {
        type: "health.changed",
        component: "web",
        from: { kind: "degraded", reason: "It is starting" },
        to: { kind: "healthy" },
      },
    ]);
  });

  it("is told who it is, and nothing of the supervisor's own environment but PATH", async () => {
    const { start, processOf } = setup({ env: { COLOUR: "gold" } });
    await start();
    expect(processOf("web").env).toEqual({
      COLOUR: "gold",
      PATH: "/bin",
      KINTSUGI_COMPONENT: "web",
      KINTSUGI_HEARTBEAT_MS: "1000",
      KINTSUGI_INCARNATION: "1",
      KINTSUGI_INSTANCE: expect.stringMatching(/^[0-9a-f]{12}$/),
      KINTSUGI_ROLE: "component",
      KINTSUGI_SOCKET: expect.stringMatching(/components\.sock$/),
    });
  });

  it("is restarted at once when it is killed, in one commit with the news", async () => {
    const { start, pass, facts, processOf, view } = setup();
    await start();
    processOf("web").kill();
    await pass(200);
    expect(view()).toMatchObject({ phase: "running", incarnation: 2, restarts: 1 });
    expect(view()?.lastExit?.reason).toEqual({ kind: "signalled", signal: "SIGKILL" });
    const told = (await facts()).slice(2);
    expect(told.map(({ type }) => type)).toEqual([
      "component.exited",
      "component.restart-planned",
      "health.changed",
      "component.started",
      "health.changed",
    ]);
    expect(told[0]?.payload).toMatchObject({ incarnation: 1, expected: false });
    expect(told[1]?.payload).toMatchObject({ delayMs: 0, attempt: 1 });
    expect(told[2]?.payload).toMatchObject({
      to: { kind: "critical", reason: "It was ended by SIGKILL, and is starting again" },
    });
  });

  it("is measured: its silence, its memory, its limit", async () => {
    const { start, pass, supervisor, processOf } = setup({ memoryLimitBytes: 1e9 });
    const samples: ComponentSample[] = [];
    supervisor.onSample((sample) => void samples.push(sample));
    await start();
    await pass(2_000);
    expect(samples.at(-1)).toMatchObject({
      component: "web",
      phase: "running",
      rssBytes: processOf("web").rssBytes,
      memoryLimitBytes: 1e9,
    });
    expect(samples.at(-1)?.silentMs).toBeLessThan(1_000);
    processOf("web").hang();
    await pass(10_000);
    expect(samples.at(-1)?.silentMs).toBeGreaterThan(9_000);
  });

  it("becomes degraded, then critical, while its loop hangs, and is well again afterwards", async () => {
    const { start, pass, facts, processOf, view, supervisor } = setup();
    await start();
    processOf("web").hang(9_000);
    await pass(8_000);
    expect(view()?.health).toEqual({
      kind: "critical",
      reason: "No sign of life for more than 5000 ms",
    });
    await pass(2_000);
    expect(view()?.health).toEqual({ kind: "healthy" });
    const kinds = (await facts("health.changed")).map(
      ({ payload }) => (payload as { to: { kind: string } }).to.kind,
    );
    expect(kinds).toEqual(["healthy", "degraded", "critical", "healthy"]);
    expect(await supervisor.evidence("web")).toMatchObject({ hangs: [{ incarnation: 1 }] });
  });
});

describe("a process that does not beat", () => {
  it("runs as soon as it is there, and silence is not held against it", async () => {
    const { start, pass, world, view } = setup({ beats: false });
    world.program("worker", () => {});
    await start();
    await pass(60_000);
    expect(view()).toMatchObject({ phase: "running", health: { kind: "healthy" } });
  });
});

describe("a program that ends", () => {
  it.each([
    { mode: "permanent", code: 0, restarts: true, expected: false },
    { mode: "permanent", code: 1, restarts: true, expected: false },
    { mode: "transient", code: 0, restarts: false, expected: true },
    { mode: "transient", code: 1, restarts: true, expected: false },
    { mode: "temporary", code: 0, restarts: false, expected: true },
    { mode: "temporary", code: 1, restarts: false, expected: false },
  ] as const)("with $code, $mode: restarted $restarts", async ({ mode, code, ...then }) => {
    const { start, world, facts, view } = setup({ restart: { restart: mode } });
    world.program("worker", (process) => process.exit(code));
    await start();
    expect((view()?.restarts ?? 0) > 0).toBe(then.restarts);
    const [exited] = await facts("component.exited");
    expect(exited?.payload).toMatchObject({ expected: then.expected });
    if (!then.restarts) expect(view()?.health.kind).toBe(code === 0 ? "healthy" : "failed");
  });

  it("at once, each time, crash-loops: seen, told, and tried again later", async () => {
    const { start, pass, world, facts, view } = setup();
    world.program("worker", (process) => {
      process.writeStderr(`life ${process.env["KINTSUGI_INCARNATION"]}\n`);
      process.exit(1);
    });
    await start();
    await pass(10_000);
    expect(await facts("component.started")).toHaveLength(6);
    expect(view()).toMatchObject({
      phase: "crash-looping",
      health: { kind: "failed", reason: "It keeps dying: it exited with code 1" },
      lastExit: { stderrTail: "life 6" },
    });
    const [looping] = await facts("component.crash-looping");
    const { retryInMs = 0 } = (looping?.payload ?? {}) as { retryInMs?: number };
    expect(view()?.nextStartAtMs).toBe((looping?.atMs ?? 0) + retryInMs);

    world.program("worker", connected());
    await pass(retryInMs);
    expect(view()).toMatchObject({ phase: "running", health: { kind: "healthy" } });
  });

  it("cannot be started when it is not there, and that is said in a sentence", async () => {
    const { start, view } = setup({ command: "nowhere" });
    await start();
    expect(view()?.lastExit?.reason).toEqual({
      kind: "spawn-failed",
      message: 'The program "nowhere" was not found',
    });
    expect(view()?.phase).toBe("backing-off");
  });
});

describe("what a component wrote before it died", () => {
  it("is told without what was given to it", async () => {
    const args = ["--token=swordfish-1", "open-sesame-2", "--verbose"];
    const { start, world, view, facts } = setup({ args, env: { API_KEY: "hunter2-hunter2" } });
    world.program("worker", (process) => {
      process.writeStderr("hunter2-hunter2 swordfish-1 open-sesame-2 --verbose\n");
      process.exit(1);
    });
    await start();
    expect(view()?.lastExit?.stderrTail).toBe("$API_KEY $ARGUMENT $ARGUMENT --verbose");
    expect(JSON.stringify(await facts())).not.toMatch(/hunter2|swordfish|sesame/);
  });
});

describe("what a component writes", () => {
  it("is copied away before it fills the disk", async () => {
    const { start, pass, processOf, world } = setup();
    await start();
    const process = processOf("web");
    process.writeStdout("x".repeat(10 * 2 ** 20));
    await pass(2_000);
    expect(world.readFile(`${process.spec.stdoutFile}.1`)).toBeUndefined();
    process.writeStdout("y");
    await pass(2_000);
    expect(world.readFile(`${process.spec.stdoutFile}.1`)).toHaveLength(10 * 2 ** 20 + 1);
    expect(world.readFile(process.spec.stdoutFile)).toBe("");
  });
});

describe("components that need each other", () => {
  const specs = [
    processSpec("web", { dependsOn: ["memory"] }),
    processSpec("memory", { dependsOn: ["disk"] }),
    processSpec("disk"),
    processSpec("alone"),
  ];

  it("start one after the other, and stop the other way round", async () => {
    const lab = openLab();
    lab.world.program("worker", connected());
    const { start, facts, supervisor } = lab.supervisor(specs);
    await start();
    const named = async (type: string) =>
      (await facts(type))
        .map(({ payload }) => (payload as { component: string }).component)
        .filter((name) => name !== "alone");
    expect(await named("component.started")).toEqual(["disk", "memory", "web"]);
    await lab.world.clock.until(supervisor.stop(10_000));
    expect(await named("component.stopped")).toEqual(["web", "memory", "disk"]);
    expect(lab.living()).toEqual([]);
  });

  it("wait for one that hangs in its start, and hold up nobody else", async () => {
    const lab = openLab();
    lab.world.program("worker", connected());
    lab.world.program(
      ({ env }) => env["KINTSUGI_COMPONENT"] === "disk",
      () => {},
    );
    const { start, supervisor } = lab.supervisor(specs);
    await start();
    await lab.pass(10_000);
    expect(supervisor.list().map(({ name, phase }) => [name, phase])).toEqual([
      ["web", "starting"],
      ["memory", "starting"],
      ["disk", "starting"],
      ["alone", "running"],
    ]);
    expect(supervisor.get("memory")?.health).toEqual({
      kind: "degraded",
      reason: 'It waits for "disk"',
    });
    expect(lab.living()).toEqual(["disk", "alone"]);
    await lab.world.clock.until(supervisor.stop(10_000));
    expect(lab.living()).toEqual([]);
  });
});
