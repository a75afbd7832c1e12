import { describe, expect, it, vi } from "vitest";

import { connected, openLab, processSpec } from "./fixtures/lab.ts";
import { componentTable } from "./tables.ts";

const setup = (rest: Parameters<typeof processSpec>[1] = {}, chaos = false) => {
  const lab = openLab();
  lab.world.program("worker", connected());
  const run = lab.supervisor([processSpec("web", rest), processSpec("other")], chaos);
  const { until } = lab.world.clock;
  return {
    ...lab,
    ...run,
    view: () => run.supervisor.get("web"),
    restart: (signal?: AbortSignal) => run.supervisor.restart("web", "somebody asked", signal),
    settled: <T>(work: Promise<T>) => until.call(lab.world.clock, work) as Promise<T>,
  };
};

describe("a restart that was asked for", () => {
  it("asks the program to leave, and is done when the new life beats", async () => {
    const onStop = vi.fn();
    const { start, world, facts, view, restart, settled } = setup();
    world.program("worker", connected({ onStop }));
    await start();
    await settled(restart());
    expect(onStop).toHaveBeenCalledOnce();
    expect(view()).toMatchObject({ phase: "running", incarnation: 2, restarts: 1 });
    const [exited] = await facts("component.exited");
    expect(exited?.payload).toMatchObject({
      expected: true,
      reason: { kind: "exited", code: 0 },
    });
    expect(await facts("component.restart-planned")).toEqual([]);
    expect(await facts("component.stopped")).toEqual([]);
  });

  it("does not wait long for a program that hangs", async () => {
    const { start, world, pass, processOf, view, restart, settled } = setup({ shutdownMs: 20_000 });
    await start();
    processOf("web").hang();
    await pass(5_000);
    const startMs = world.clock.monotonicMs();
    await settled(restart());
    expect(world.clock.monotonicMs() - startMs).toBeLessThan(1_500);
    expect(view()).toMatchObject({ phase: "running", incarnation: 2 });
    expect(view()?.lastExit?.reason).toEqual({ kind: "signalled", signal: "SIGKILL" });
  });

  it("kills a program that does not leave in its time", async () => {
    const { start, world, view, restart, settled } = setup({ shutdownMs: 3_000 });
    world.program("worker", connected({ onStop: () => new Promise(() => {}) }));
    await start();
    await settled(restart());
    expect(view()).toMatchObject({ phase: "running", incarnation: 2 });
  });

  it("is one, when two ask at once", async () => {
    const { start, supervisor, view, restart, settled } = setup();
    await start();
    await settled(Promise.all([restart(), restart()]));
    expect(view()?.incarnation).toBe(2);
    expect((await supervisor.evidence("web"))["restartsAsked"]).toHaveLength(1);
    await settled(restart());
    expect(view()?.incarnation).toBe(3);
  });

  it("never looks like health in between", async () => {
    const { start, pass, facts, restart, settled } = setup();
    await start();
    await settled(restart());
    await pass(10);
    const kinds = (await facts("health.changed")).flatMap(({ payload }) => {
      const { component, to } = payload as { component: string; to: { kind: string } };
      return component === "web" ? [to.kind] : [];
    });
    expect(kinds).toEqual(["healthy", "degraded", "healthy"]);
  });

  it("fails with the reason when the new life ends before it runs; the rule goes on", async () => {
    const { start, world, pass, supervisor, view, restart, settled } = setup();
    await start();
    world.program("worker", (process) => process.exit(7));
    await expect(settled(restart())).rejects.toMatchObject({
      code: "KINTSUGI_RESTART_FAILED",
      message: 'Component "web" was not restarted: it exited with code 7',
    });
    expect((await supervisor.evidence("web"))["exits"]).toHaveLength(2); // Not one later.
    world.program("worker", connected());
    await pass(5_000);
    expect(view()?.phase).toBe("running");
  });

  it("fails when the new life gives no sign of itself", async () => {
    const { start, world, restart, settled } = setup();
    await start();
    world.program("worker", () => {});
    await expect(settled(restart())).rejects.toThrow("it gave no sign of life within 30000 ms");
  });

  it("can be given up by who asked; the component runs again all the same", async () => {
    const { start, pass, view, restart } = setup();
    await start();
    const giveUp = new AbortController();
    const restarted = restart(giveUp.signal);
    giveUp.abort(new Error("no patience"));
    await expect(restarted).rejects.toThrow("no patience");
    await pass(1_000);
    expect(view()).toMatchObject({ phase: "running", incarnation: 2 });
  });

  it("cuts short the wait of a crash loop", async () => {
    const { start, world, pass, view, restart, settled } = setup();
    world.program("worker", (process) => process.exit(1));
    await start();
    await pass(10_000);
    expect(view()?.phase).toBe("crash-looping");
    world.program("worker", connected());
    await settled(restart());
    expect(view()).toMatchObject({ phase: "running", nextStartAtMs: null });
  });

  it("names a component that is not there", async () => {
    const { supervisor } = setup();
    await expect(supervisor.restart("ghost", "why not")).rejects.toMatchObject({
      code: "KINTSUGI_UNKNOWN_COMPONENT",
    });
  });

  it("is refused while all is being stopped", async () => {
    const { start, supervisor, restart, settled } = setup();
    await start();
    const stopped = supervisor.stop(5_000);
    await expect(settled(restart())).rejects.toThrow("it is being stopped");
    await settled(stopped);
  });

  it("is evidence for whoever looks for the cause", async () => {
    const { start, world, supervisor, restart, settled } = setup();
    await start();
    await settled(restart());
    expect(await supervisor.evidence("web")).toMatchObject({
      component: { name: "web" },
      exits: [{ reason: { kind: "exited", code: 0 } }],
      restartsAsked: [{ why: "somebody asked" }],
      rss: [{ rssBytes: expect.any(Number) }],
      hangs: [],
    });
    expect(world.processes).toHaveLength(3);
  });
});

describe("stopping all", () => {
  it("kills at the deadline who has not left, and forgets what was held against anybody", async () => {
    const { start, world, pass, supervisor, settled, living, store, facts } = setup();
    world.program("worker", connected({ onStop: () => new Promise(() => {}) }));
    await start();
    world.program("worker", (process) => process.exit(1));
    world.processes.find(({ env }) => env["KINTSUGI_COMPONENT"] === "web")?.kill();
    await pass(10_000);
    const startMs = world.clock.monotonicMs();
    await settled(supervisor.stop(1_000));
    expect(world.clock.monotonicMs() - startMs).toBeLessThan(2_000);
    expect(living()).toEqual([]);
    expect(await facts("component.stopped")).toHaveLength(2);
    expect(await store.get(componentTable, "web")).toMatchObject({
      phase: "stopped",
      identity: null,
      restart: { kind: "running", restartsAtMs: [] },
    });
    expect(supervisor.list().map(({ phase }) => phase)).toEqual(["stopped", "stopped"]);
    await settled(store.close());
  });

  it("can be asked for twice, and leaves no timer of its own behind", async () => {
    const { start, pass, supervisor, settled, facts } = setup();
    await start();
    await settled(Promise.all([supervisor.stop(1_000), supervisor[Symbol.asyncDispose]()]));
    const told = (await facts()).length;
    await pass(100_000);
    expect(await facts()).toHaveLength(told);
    expect(await facts("health.changed")).toHaveLength(2); // To stop on purpose is no illness.
  });
});

describe("a fault on purpose", () => {
  it("hangs, leaks, crashes and fails calls, as it was asked for", async () => {
    const onFault = vi.fn();
    const { start, world, pass, supervisor, view, processOf } = setup({}, true);
    world.program("worker", connected({ onFault }));
    await start();
    supervisor.sendFault("web", { fault: "fail-calls", rate: 0.2 });
    await pass(100);
    expect(onFault.mock.calls).toEqual([[{ kind: "fault", fault: "fail-calls", rate: 0.2 }]]);

    const before = processOf("web").rssBytes;
    supervisor.sendFault("web", { fault: "leak", bytesPerSecond: 1_000_000 });
    await pass(2_000);
    expect(processOf("web").rssBytes - before).toBeGreaterThanOrEqual(2_000_000);

    supervisor.sendFault("web", { fault: "hang", ms: 4_000 });
    await pass(4_000);
    expect(view()?.health.kind).toBe("degraded");
    await pass(2_000);

    supervisor.sendFault("web", { fault: "crash" });
    await pass(1_000);
    expect(view()).toMatchObject({ incarnation: 2 });
    expect(view()?.lastExit?.stderrTail).toContain("A crash on purpose");
  });

  it("is refused where chaos is off, or nobody is on the line", async () => {
    const { supervisor } = setup();
    expect(() => supervisor.sendFault("web", { fault: "crash" })).toThrow("chaos is switched off");
    const wild = setup({}, true);
    expect(() => wild.supervisor.sendFault("web", { fault: "crash" })).toThrow("not connected");
  });
});
