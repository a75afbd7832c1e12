import { describe, expect, it, vi } from "vitest";

import { connected, openLab, processSpec } from "./fixtures/lab.ts";
import { componentTable } from "./tables.ts";

const setup = () => {
  const lab = openLab();
  lab.world.program("worker", connected());
  const first = lab.supervisor([processSpec("web"), processSpec("memory")]);
  return { ...lab, first };
};

describe("a supervisor that comes after one that was killed", () => {
  it("adopts the same processes, which serve on meanwhile", async () => {
    const { first, supervisor, processOf, living, pass } = setup();
    await first.start();
    const before = processOf("web");
    first.host.kill();
    await pass(5_000);
    expect(living()).toEqual(["web", "memory"]);

    const second = supervisor([processSpec("web"), processSpec("memory")]);
    await second.start();
    expect(processOf("web")).toBe(before);
    const view = second.supervisor.get("web");
    expect(view).toMatchObject({
      phase: "running",
      health: { kind: "healthy" },
      adopted: true,
      incarnation: 1,
      identity: before.identity,
    });
    expect(view?.lastBeatAtMs).not.toBeNull();
    const started = (await second.facts("component.started")).slice(2);
    expect(started.map(({ payload }) => payload)).toMatchObject([
      { component: "web", adopted: true },
      { component: "memory", adopted: true },
    ]);
    expect(await second.facts("health.changed")).toHaveLength(2);
  });

  it("finds them as they were, too, when the one before left on purpose", async () => {
    const { first, supervisor, processOf, living, pass } = setup();
    await first.start();
    const before = processOf("web");
    const leaving = first.supervisor.leave(1_000);
    await pass(1_000);
    await leaving;
    expect(living()).toEqual(["web", "memory"]);
    const second = supervisor([processSpec("web"), processSpec("memory")]);
    await second.start();
    expect(processOf("web")).toBe(before);
    expect(second.supervisor.get("web")).toMatchObject({ phase: "running", adopted: true });
    expect(await second.facts("component.exited")).toEqual([]);
  });

  it("sees the death of an adopted process, and restarts it", async () => {
    const { first, supervisor, processOf, pass } = setup();
    await first.start();
    first.host.kill();
    const second = supervisor([processSpec("web"), processSpec("memory")]);
    await second.start();
    processOf("web").kill();
    await pass(1_000);
    expect(second.supervisor.get("web")).toMatchObject({ phase: "running", incarnation: 2 });
    const [exited] = await second.facts("component.exited");
    expect(exited?.payload).toMatchObject({ reason: { kind: "unknown" }, expected: false });
  });

  it("takes in a death that nobody saw", async () => {
    const { first, supervisor, processOf } = setup();
    await first.start();
    first.host.kill();
    processOf("web").kill();
    const second = supervisor([processSpec("web"), processSpec("memory")]);
    await second.start();
    const exits = (await second.facts("component.exited")).map(({ payload }) => payload);
    expect(exits).toMatchObject([{ component: "web", reason: { kind: "unknown" } }]);
    expect(second.supervisor.get("web")).toMatchObject({ phase: "running", incarnation: 2 });
  });

  it("takes no reboot of the machine for a death", async () => {
    const { first, supervisor, world } = setup();
    await first.start();
    world.reboot();
    const second = supervisor([processSpec("web"), processSpec("memory")]);
    await second.start();
    expect(await second.facts("component.exited")).toEqual([]);
    expect(second.supervisor.get("web")).toMatchObject({ phase: "running", incarnation: 2 });
  });

  it("finds a process that was started and never recorded", async () => {
    const { first, supervisor, disk, world, living } = setup();
    const starting = first.supervisor.start();
    while (living().length < 2) await world.clock.run(world.clock.monotonicMs() + 1);
    disk.condition = "full"; // What it learns of the processes from here on is lost with it.
    first.host.kill();
    starting.catch(() => {});
    disk.condition = "well";
    const second = supervisor([processSpec("web"), processSpec("memory")]);
    const recorded = await second.store.list(componentTable);
    await second.start();
    expect(recorded.every(({ incarnation }) => incarnation === 1)).toBe(true);
    expect(living()).toEqual(["web", "memory"]);
    expect(second.supervisor.get("web")).toMatchObject({ adopted: true, incarnation: 1 });
  });

  it("ends doubles and those whom nobody knows any more, and drops their rows", async () => {
    const { first, supervisor, processOf, living } = setup();
    await first.start();
    const double = processOf("web");
    const { spec } = double;
    first.host.processes.spawn({ ...spec, env: { ...spec.env, KINTSUGI_INCARNATION: "2" } });
    first.host.kill();
    double.hang(); // It would obey, and leave by itself.
    const second = supervisor([processSpec("web")]);
    await second.start();
    expect(living()).toEqual(["web"]);
    expect(double.alive).toBe(false);
    expect(second.supervisor.get("web")).toMatchObject({ adopted: true, incarnation: 2 });
    expect((await second.store.list(componentTable)).map(({ name }) => name)).toEqual(["web"]);
  });

  it("starts anew what runs by another specification", async () => {
    const { first, supervisor, processOf } = setup();
    await first.start();
    first.host.kill();
    const second = supervisor([processSpec("web", { args: ["--new"] }), processSpec("memory")]);
    await second.start();
    expect(processOf("web").args).toEqual(["--new"]);
    expect(second.supervisor.get("web")).toMatchObject({ phase: "running", incarnation: 2 });
    expect(second.supervisor.get("memory")).toMatchObject({ incarnation: 1 });
  });

  it("goes on with the patience that was left", async () => {
    const { first, supervisor, world, pass } = setup();
    world.program("worker", (process) => process.exit(1));
    await first.start();
    await pass(10_000);
    const planned = first.supervisor.get("web")?.nextStartAtMs ?? 0;
    expect(planned).toBeGreaterThan(world.clock.epochMs());
    first.host.kill();
    const second = supervisor([processSpec("web"), processSpec("memory")]);
    await second.start();
    const view = second.supervisor.get("web");
    expect(view).toMatchObject({ phase: "crash-looping", restarts: 5 });
    expect(Math.abs((view?.nextStartAtMs ?? 0) - planned)).toBeLessThanOrEqual(1);
  });

  it("begins afresh after an orderly stop", async () => {
    const { first, supervisor, world, pass } = setup();
    world.program("worker", (process) => process.exit(1));
    await first.start();
    await pass(10_000);
    await world.clock.until(first.supervisor.stop(1_000));
    first.host.kill();
    world.program("worker", connected());
    const second = supervisor([processSpec("web"), processSpec("memory")]);
    await second.start();
    expect(second.supervisor.get("web")?.phase).toBe("running");
    expect(await second.facts("component.exited")).toHaveLength(12);
  });
});

describe("a stranger on the component socket", () => {
  const hello = {
    v: 1,
    kind: "hello",
    instance: "?",
    component: "web",
    incarnation: 1,
    pid: 1,
    startTicks: "1",
  };

  it.each([
    ["of another instance", hello],
    ["of another life", { ...hello, incarnation: 9 }],
    ["who does not say hello", { v: 1, kind: "beat", n: 1 }],
  ])("%s is told to leave", async (_, frame) => {
    const { first, processOf, world, pass } = setup();
    await first.start();
    const { KINTSUGI_SOCKET = "", KINTSUGI_INSTANCE } = processOf("web").env;
    const stranger = world.host();
    const line = await world.clock.until(stranger.sockets.connect(KINTSUGI_SOCKET));
    const told: string[] = [];
    line.onData((text) => void told.push(text));
    const instance = "incarnation" in frame && frame.incarnation === 9 ? KINTSUGI_INSTANCE : "?";
    line.write(`${JSON.stringify({ ...frame, instance })}\n`.repeat(2));
    await pass(100);
    expect(told.join("")).toBe('{"v":1,"kind":"stop","deadlineMs":0}\n');
  });

  it("who says nothing, or nothing that we know, is not listened to for long", async () => {
    const { first, processOf, world, pass } = setup();
    await first.start();
    const { KINTSUGI_SOCKET = "" } = processOf("web").env;
    const silent = world.host();
    const onSilentClose = vi.fn();
    (await world.clock.until(silent.sockets.connect(KINTSUGI_SOCKET))).onClose(onSilentClose);
    await pass(4_900);
    expect(onSilentClose).not.toHaveBeenCalled();
    await pass(200);
    expect(onSilentClose).toHaveBeenCalledOnce();
  });

  it("who talks nonsense after his hello is cut off", async () => {
    const { first, processOf, world, pass } = setup();
    await first.start();
    const { KINTSUGI_SOCKET = "", KINTSUGI_INSTANCE: instance } = processOf("web").env;
    const line = await world.clock.until(world.host().sockets.connect(KINTSUGI_SOCKET));
    const onClose = vi.fn();
    line.onClose(onClose);
    line.write(`${JSON.stringify({ ...hello, instance })}\n${"nonsense\n".repeat(100)}`);
    await pass(100);
    expect(onClose).not.toHaveBeenCalled();
    line.write('{"v":1,"kind":"nonsense"}\n');
    await pass(100);
    expect(onClose).toHaveBeenCalledOnce();
  });

  it("who is a child of the component does not hide that its parent hangs", async () => {
    const { first, processOf, world, pass } = setup();
    await first.start();
    const parent = processOf("web");
    const child = world.host({ env: parent.env });
    connected({ host: child })(child.process);
    await pass(2_000);
    parent.hang();
    await pass(10_000);
    expect(first.supervisor.get("web")?.health.kind).toBe("critical");
  });
});
