import { describe, expect, it, vi } from "vitest";

import { connected, openLab, processSpec, programOf } from "../fixtures/lab.ts";
import { type ComponentOptions, connectComponent, type SupervisedComponent } from "./component.ts";

/** A component under a supervisor, and what its program got from `connectComponent`. */
const setup = async (options: ComponentOptions = {}) => {
  const lab = openLab();
  const lives: SupervisedComponent[] = [];
  lab.world.program("worker", (process) => {
    lives.push(connectComponent({ host: process.host, program: programOf(process), ...options }));
  });
  const successor = () => lab.supervisor([processSpec("web", { shutdownMs: 3_000 })], true);
  const run = successor();
  await run.start();
  const newest = (): SupervisedComponent => {
    const component = lives.at(-1);
    if (!component) throw new Error("It never started");
    return component;
  };
  return { ...lab, ...run, lives, newest, successor, view: () => run.supervisor.get("web") };
};

describe("a program outside a supervisor", () => {
  it("gets a component that does nothing, and says so", async () => {
    const { world } = openLab();
    const host = world.host();
    const component = connectComponent({ host, program: programOf(host.process) });
    expect(component.supervised).toBe(false);
    component.health({ kind: "degraded", reason: "nobody hears it" });
    component.close();
    await component[Symbol.asyncDispose]();
    host.process.kill("SIGTERM");
    expect(component.signal.aborted).toBe(false);
    expect(host.process.reason).toEqual({ kind: "signalled", signal: "SIGTERM" });
  });
});

describe("a supervised program", () => {
  it("says how it is, and says it again to the next supervisor", async () => {
    const { newest, view, pass, host, successor } = await setup();
    expect(newest().supervised).toBe(true);
    newest().health({ kind: "degraded", reason: "x".repeat(2_000) });
    await pass(100);
    expect(view()?.health).toEqual({ kind: "degraded", reason: "x".repeat(1_000) });
    host.kill();
    const { start, supervisor } = successor();
    newest().health({ kind: "critical", reason: "nobody hears it yet" });
    await start();
    await pass(2_000);
    expect(supervisor.get("web")?.health).toEqual({
      kind: "critical",
      reason: "nobody hears it yet",
    });
  });

  it("ends at once when it is asked to and has nothing to close", async () => {
    const { pass, processOf, lives } = await setup();
    const process = processOf("web");
    process.kill("SIGTERM");
    expect(process.reason).toEqual({ kind: "exited", code: 0 });
    await pass(1_000);
    expect(lives).toHaveLength(2);
  });

  it("ends when its own closing is done", async () => {
    const { newest, processOf, pass } = await setup();
    const process = processOf("web");
    const { signal } = newest();
    process.kill("SIGTERM");
    expect([signal.aborted, process.alive]).toEqual([true, true]);
    await pass(2_000);
    newest().close();
    expect(process.reason).toEqual({ kind: "exited", code: 0 });
  });

  it("ends at the deadline when its closing takes too long", async () => {
    const onStop = vi.fn(() => new Promise<void>(() => {}));
    const { processOf, pass } = await setup({ onStop });
    const process = processOf("web");
    process.kill("SIGTERM");
    process.kill("SIGTERM");
    await pass(4_000);
    expect(process.alive).toBe(true);
    await pass(1_000);
    expect(process.reason).toEqual({ kind: "exited", code: 0 });
    expect(onStop).toHaveBeenCalledOnce();
  });

  it("takes the supervisor's deadline for its own", async () => {
    const onStop = () => new Promise<void>(() => {});
    const { supervisor, world, view } = await setup({ onStop });
    await world.clock.until(supervisor.restart("web", "somebody asked"));
    expect(view()?.lastExit?.reason).toEqual({ kind: "exited", code: 0 });
  });

  it("dies visibly of an error in its closing", async () => {
    const onStop = () => Promise.reject(new Error("the drawer is stuck"));
    const { processOf, pass, view } = await setup({ onStop });
    processOf("web").kill("SIGTERM");
    await pass(100);
    expect(view()?.lastExit).toMatchObject({
      reason: { kind: "exited", code: 1 },
      stderrTail: "Uncaught Error: the drawer is stuck",
    });
  });

  it("lets go of the process when its work is done", async () => {
    const { newest, processOf, pass, supervisor } = await setup();
    newest().close();
    await pass(10_000);
    expect(processOf("web").alive).toBe(true);
    expect(supervisor.get("web")?.health.kind).toBe("critical");
  });

  it("suffers no fault unless its environment allows that", async () => {
    const { world, processOf, pass, view, supervisor } = await setup();
    world.program("worker", (process) => {
      const host = { ...process.host, env: { ...process.env, KINTSUGI_CHAOS: "no" } };
      connectComponent({ host, program: programOf(process) });
    });
    processOf("web").kill();
    await pass(1_000);
    supervisor.sendFault("web", { fault: "crash" });
    await pass(5_000);
    expect(view()).toMatchObject({ phase: "running", incarnation: 2 });
  });
});

describe("a supervisor that is gone for ten minutes", () => {
  it("is not missed by beats that nobody hears", async () => {
    const lab = openLab();
    const rssBytes = vi.fn(() => 1);
    lab.world.program("worker", (process) => {
      connected({ program: { ...programOf(process), rssBytes } })(process);
    });
    const { start, host } = lab.supervisor([processSpec("web")]);
    await start();
    host.kill();
    await lab.pass(100);
    const beats = rssBytes.mock.calls.length;
    await lab.pass(600_000);
    expect(rssBytes).toHaveBeenCalledTimes(beats);
  });

  it("finds its components on the line within two seconds of its return", async () => {
    const lab = openLab();
    lab.world.program("worker", connected());
    const specs = [processSpec("web")];
    const first = lab.supervisor(specs);
    await first.start();
    first.host.kill();
    await lab.pass(600_000);
    const second = lab.supervisor(specs);
    await lab.world.clock.until(second.supervisor.start());
    await lab.pass(2_000);
    const { lastBeatAtMs } = second.supervisor.get("web") ?? {};
    expect(lab.world.clock.epochMs() - (lastBeatAtMs ?? 0)).toBeLessThan(1_100);
  });
});
