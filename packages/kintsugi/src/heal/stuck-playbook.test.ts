import { describe, expect, it, onTestFinished, vi } from "vitest";

import { healingWorld } from "./fixtures/healing-world.ts";

const setup = async () => {
  const notifier = { notify: vi.fn() };
  const options = { notifier, options: { patienceMs: 60_000 } };
  const world = await healingWorld(options, onTestFinished);
  await world.clock.advance(10_000);
  return { ...world, notifier };
};

const never = <T>(): Promise<T> => new Promise<T>(() => {});

describe("a playbook whose run never begins", () => {
  it("goes to a person after its own time and our patience", async () => {
    const { clock, engine, components, incident, notifier } = await setup();
    vi.spyOn(engine, "run").mockImplementation(never);
    components.patient("web").isHung = true;
    await clock.advance(30_000);
    expect(await incident()).toMatchObject({ status: "healing" });
    await clock.advance(300_000);
    expect(await incident()).toMatchObject({
      status: "escalated",
      why: expect.stringContaining("Its playbook has not ended within"),
    });
    expect(notifier.notify).toHaveBeenCalledOnce();
  });
});

describe("a playbook whose run never ends", () => {
  it("goes to a person as well, and its run is cancelled", async () => {
    const { clock, engine, components, incident } = await setup();
    const cancel = vi.fn(async () => {});
    const stuck = { result: never, cancel } as never;
    vi.spyOn(engine, "run").mockResolvedValue(stuck);
    components.patient("web").isHung = true;
    await clock.advance(330_000);
    expect(await incident()).toMatchObject({ status: "escalated" });
    expect(cancel).toHaveBeenCalledOnce();
  });
});
