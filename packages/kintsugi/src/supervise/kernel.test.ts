import { describe, expect, it, vi } from "vitest";

import { openLab } from "./fixtures/lab.ts";
import type { Health, Kernel, KernelContext, KernelSpec } from "./types.ts";

const setup = (kernel: Kernel, rest: Partial<KernelSpec> = {}) => {
  const lab = openLab();
  const spec: KernelSpec = { kind: "kernel", name: "memory", load: () => kernel, ...rest };
  const run = lab.supervisor([spec]);
  const { supervisor } = run;
  const settled = <T>(work: Promise<T>): Promise<T> => lab.world.clock.until(work);
  return {
    ...lab,
    ...run,
    settled,
    view: () => supervisor.get("memory"),
    restart: () => settled(supervisor.restart("memory", "somebody asked")),
    silentMs: async () => {
      const seen = new Promise<number | null>((resolve) => {
        const leave = supervisor.onSample(({ silentMs }) => {
          leave();
          resolve(silentMs);
        });
      });
      return settled(seen);
    },
  };
};

describe("a kernel", () => {
  it("runs when it is initialised, and is told so in a fact without a pid", async () => {
    const { start, view, facts } = setup({ initialize: async () => {} });
    await start();
    expect(view()).toMatchObject({ phase: "running", identity: null, incarnation: 1 });
    expect((await facts("component.started")).map(({ payload }) => payload)).toEqual([
      { component: "memory", incarnation: 1, pid: null, adopted: false },
    ]);
  });

  it("gets a new signal in each life, and the old one is aborted before it stops", async () => {
    const signals: AbortSignal[] = [];
    const stop = vi.fn(() => expect(signals[0]?.aborted).toBe(true));
    const { start, restart, view, facts } = setup({
      initialize: ({ signal }) => void signals.push(signal),
      stop,
    });
    await start();
    await restart();
    expect(stop).toHaveBeenCalledOnce();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(view()).toMatchObject({ phase: "running", incarnation: 2, restarts: 1 });
    const [exited] = await facts("component.exited");
    expect(exited?.payload).toMatchObject({ expected: true, reason: { kind: "exited", code: 0 } });
  });

  it("is given up after three tries, until a person restarts it", async () => {
    let isBroken = true;
    const initialize = vi.fn(() => {
      if (isBroken) throw new Error("no table of that name");
    });
    const { start, pass, view, facts, restart } = setup({ initialize });
    await start();
    await pass(60_000);
    expect(initialize).toHaveBeenCalledTimes(4);
    expect(view()).toMatchObject({
      phase: "gave-up",
      health: {
        kind: "failed",
        reason: "It needs a person: it could not be started: no table of that name",
      },
    });
    expect((await facts("component.gave-up"))[0]?.payload).toMatchObject({ restarts: 3 });
    isBroken = false;
    await restart();
    expect(view()).toMatchObject({ phase: "running", health: { kind: "healthy" } });
  });

  it("is a failed start when its module cannot be loaded", async () => {
    const load = () => Promise.reject(new Error("no such module"));
    const { start, view } = setup({ initialize() {} }, { load });
    await start();
    expect(view()?.lastExit?.reason).toEqual({ kind: "spawn-failed", message: "no such module" });
  });

  it("is left behind when it does not stop in its time", async () => {
    const kernel = { initialize() {}, stop: () => new Promise<void>(() => {}) };
    const { start, restart, view, world } = setup(kernel, { shutdownMs: 2_000 });
    await start();
    const startMs = world.clock.monotonicMs();
    await restart();
    expect(world.clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(2_000);
    expect(view()).toMatchObject({ phase: "running", incarnation: 2 });
    expect(view()?.lastExit?.reason).toEqual({ kind: "unknown" });
  });

  it("is out when it throws on its way out", async () => {
    const kernel = {
      initialize() {},
      stop() {
        throw new Error("stuck drawer");
      },
    };
    const { start, restart, view } = setup(kernel);
    await start();
    await restart();
    expect(view()?.lastExit?.reason).toEqual({ kind: "exited", code: 1 });
  });

  it("is missed from its first beat on, and not before", async () => {
    let context: KernelContext | undefined;
    const { start, pass, view, silentMs, restart } = setup({
      initialize: (ctx) => {
        context = ctx;
      },
    });
    await start();
    expect(await silentMs()).toBeNull();
    const first = context;
    first?.heartbeat();
    await pass(6_000);
    expect(view()?.health.kind).toBe("critical");
    await restart();
    first?.heartbeat(); // Of the life before: it says nothing about this one.
    expect(await silentMs()).toBeNull();
    expect(view()?.health.kind).toBe("healthy");
  });

  it("is as healthy as it says, asked once at a time", async () => {
    let answer: (health: Health) => void = () => {};
    const health = vi.fn(() => new Promise<Health>((resolve) => (answer = resolve)));
    const { start, pass, view, restart } = setup({ initialize() {}, health });
    await start();
    await pass(5_000);
    expect(health).toHaveBeenCalledOnce();
    answer({ kind: "degraded", reason: "Half of the index is missing" });
    await pass(1_000);
    expect(view()?.health).toEqual({ kind: "degraded", reason: "Half of the index is missing" });
    await restart();
    expect(view()?.health).toEqual({ kind: "healthy" });
  });

  it("is not judged by an answer of the life before", async () => {
    let answer: (health: Health) => void = () => {};
    const health = vi.fn(() => new Promise<Health>((resolve) => (answer = resolve)));
    const { start, pass, restart, view } = setup({ initialize() {}, health });
    await start();
    await pass(1_000);
    await restart();
    answer({ kind: "failed", reason: "That was then" });
    await pass(100);
    expect(view()?.health).toEqual({ kind: "healthy" });
    await pass(1_000);
    expect(health).toHaveBeenCalledTimes(2);
    await restart(); // The check of this life never answers: the next one is asked all the same.
    await pass(1_000);
    expect(health).toHaveBeenCalledTimes(3);
  });

  it("is told to end what it began when it could not begin all", async () => {
    const signals: AbortSignal[] = [];
    const initialize = ({ signal }: KernelContext) => {
      signals.push(signal);
      throw new Error("half way");
    };
    const { start } = setup({ initialize });
    await start();
    expect(signals[0]?.aborted).toBe(true);
  });

  it("is critical when its health check throws", async () => {
    const health = () => {
      throw new Error("no pulse");
    };
    const { start, pass, view } = setup({ initialize() {}, health });
    await start();
    await pass(1_000);
    expect(view()?.health).toEqual({
      kind: "critical",
      reason: "Its health check failed: no pulse",
    });
  });
});
