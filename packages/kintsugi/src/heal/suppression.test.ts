import { describe, expect, it, onTestFinished, vi } from "vitest";

import { healingWorld, type WorldOptions } from "./fixtures/healing-world.ts";

const setup = (options: WorldOptions = {}) => healingWorld(options, onTestFinished);

/** A web that hangs for 20 s, under these settings. */
async function hang(options: WorldOptions) {
  const world = await setup(options);
  world.components.patient("web").isHung = true;
  await world.clock.advance(20_000);
  return { ...world, found: await world.incident() };
}

/** Two of three components are not well; web is one of them. */
async function storm() {
  const world = await setup({ kinds: { web: "process", a: "process", b: "process" } });
  for (const name of ["web", "a"]) {
    world.components.update(name, { health: { kind: "failed", reason: "no network" } });
  }
  return world;
}

describe("an incident that is not healed", () => {
  it.each([
    { options: { enabled: false }, why: "Healing is switched off in the configuration" },
    { options: { dryRun: true }, why: "Dry run: restart_service would have been started on web" },
  ])("says why: $why", async ({ options, why }) => {
    const notifier = { notify: vi.fn() };
    const { found, components, healer, clock, incidents } = await hang({ options, notifier });
    expect(found).toMatchObject({ status: "suppressed", why, actions: [] });
    expect(components.restarts).toEqual([]);
    expect(healer.trustAll()).toEqual([]);
    expect(notifier.notify).not.toHaveBeenCalled();
    await clock.advance(600_000);
    expect(await incidents()).toHaveLength(1);
  });

  it("calls a person when the budget of the hour is used up", async () => {
    const notifier = { notify: vi.fn() };
    const { found, written } = await hang({ options: { actionsPerHour: 0 }, notifier });
    expect(found).toMatchObject({
      status: "suppressed",
      why: "0 playbooks in the last hour: actionsPerHour is 0",
    });
    expect(notifier.notify).toHaveBeenCalledOnce();
    expect(written.size).toBe(1);
  });

  it("waits while a storm blows, and is healed when it is over", async () => {
    const world = await storm();
    const { components, clock } = world;
    components.patient("web").isHung = true;
    await clock.advance(30_000);
    expect(await world.incident()).toMatchObject({
      status: "opened",
      actions: [],
      why: expect.stringMatching(/^Storm: 2 of 3 components are not well \(web, a\)/),
    });
    components.update("a", { health: { kind: "healthy" } });
    await clock.advance(8_000);
    expect(components.restarts).toEqual([]);
    await clock.advance(10_000);
    expect(components.restarts).toEqual(["web"]);
    expect(await world.incident()).toMatchObject({ status: "resolved" });
  });

  it("waits for those under repair as well: they are not well either", async () => {
    const kinds = { web: "process", a: "process", b: "process", c: "process" } as const;
    const { components, clock, incident } = await setup({ kinds });
    components.gate = new Promise(() => {});
    components.patient("web").isHung = true;
    await clock.advance(10_000);
    components.update("a", { health: { kind: "failed", reason: "no network" } });
    components.patient("b").isHung = true;
    await clock.advance(10_000);
    expect(await incident()).toMatchObject({
      component: "b",
      status: "opened",
      why: expect.stringMatching(/^Storm: 2 of 4 components are not well \(web, a\)/),
    });
  });

  it("goes to a person when it had to wait for five minutes", async () => {
    const world = await storm();
    world.components.patient("web").isHung = true;
    await world.clock.advance(310_000);
    const found = await world.incident();
    expect(found).toMatchObject({ status: "escalated", actions: [] });
    expect(found?.why).toMatch(/^Nothing was done for 300 s: Storm: 2 of 3/);
  });

  it("is suppressed when it was over before anything was done", async () => {
    const world = await storm();
    const { components, clock } = world;
    components.update("web", { rssBytes: 200 });
    await clock.advance(5_000);
    expect(await world.incident()).toMatchObject({ class: "memory", status: "opened" });
    components.update("web", { rssBytes: 10, health: { kind: "healthy" } });
    await clock.advance(12_000);
    expect(await world.incident()).toMatchObject({
      status: "suppressed",
      why: "It was over before anything was done: web is well again",
    });
    expect(components.restarts).toEqual([]);
  });
});

describe("two incidents of one component", () => {
  it("are healed one after the other, and the second only if it is still needed", async () => {
    const world = await setup();
    const { components, clock } = world;
    const gate = Promise.withResolvers<void>();
    components.gate = gate.promise;
    components.patient("web").isHung = true;
    components.update("web", { rssBytes: 200 });
    await clock.advance(16_000);
    const held = (await world.incidents()).map(({ class: name, status }) => `${name} ${status}`);
    expect(held).toEqual(["heartbeat-failure opened", "memory healing"]);
    expect((await world.incident())?.why).toBe(
      "Another incident of web (memory) is being healed: one at a time",
    );
    gate.resolve();
    await clock.advance(30_000);
    expect(components.restarts).toEqual(["web"]);
    const ended = (await world.incidents()).map(({ class: name, status }) => `${name} ${status}`);
    expect(ended).toEqual(["heartbeat-failure suppressed", "memory resolved"]);
  });
});

describe("alert files", () => {
  it("are never more than 200", async () => {
    const kinds = Object.fromEntries(
      Array.from({ length: 205 }, (_, index) => [`c${index}`, "process" as const]),
    );
    const { components, clock, written, incidents } = await setup({
      kinds,
      options: { actionsPerHour: 0 },
    });
    for (const patient of components.patients.values()) patient.isHung = true;
    await clock.advance(30_000);
    expect(written.size).toBe(200);
    expect((await incidents()).length).toBe(100);
  });
});
