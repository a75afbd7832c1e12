import { describe, expect, it, vi } from "vitest";

import { connected, openLab, processSpec } from "./fixtures/lab.ts";

const setup = async () => {
  const lab = openLab();
  lab.world.program("worker", connected());
  const run = lab.supervisor([processSpec("web")]);
  await run.start();
  const refuse = (code: string) => (): never => {
    throw Object.assign(new Error(`The machine says ${code}`), { code });
  };
  return { ...lab, ...run, refuse, view: () => run.supervisor.get("web") };
};

describe("a process that the machine keeps from us", () => {
  it("is started again when it has died, though its group may not be ended", async () => {
    const { host, refuse, processOf, pass, view } = await setup();
    vi.spyOn(host.processes, "signal").mockImplementation(refuse("EPERM"));
    processOf("web").kill();
    await pass(2_000);
    expect(view()).toMatchObject({ phase: "running", incarnation: 2 });
  });

  it("is told of as still alive when it may not be ended, and throws into no timer", async () => {
    const { world, host, refuse, supervisor, processOf } = await setup();
    processOf("web").hang(60_000);
    vi.spyOn(host.processes, "signal").mockImplementation(refuse("EPERM"));
    await expect(world.clock.until(supervisor.restart("web", "test"))).rejects.toMatchObject({
      name: "StillAliveError",
    });
  });
});

describe("a machine that cannot be read for a moment", () => {
  it("costs a reading of memory, and its health is judged all the same", async () => {
    const { host, refuse, supervisor, processOf, pass, view } = await setup();
    vi.spyOn(host.processes, "sample").mockImplementation(refuse("EMFILE"));
    const heard = vi.fn();
    supervisor.onSample(heard);
    processOf("web").hang(60_000);
    await pass(8_000);
    expect(heard.mock.calls.length).toBeGreaterThan(5);
    expect(view()?.health.kind).not.toBe("healthy");
  });
});

describe("listeners of samples", () => {
  it("are a thousand at most", async () => {
    const { supervisor } = await setup();
    for (let count = 0; count < 1_000; count += 1) supervisor.onSample(() => {});
    expect(() => supervisor.onSample(() => {})).toThrow("at most 1000 listeners");
  });
});
