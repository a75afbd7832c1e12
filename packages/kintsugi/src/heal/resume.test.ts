import { describe, expect, it, onTestFinished } from "vitest";

import { update } from "../store/index.ts";
import { FakeComponents } from "./fixtures/fake-components.ts";
import { type HealingWorld, healingWorld, type WorldOptions } from "./fixtures/healing-world.ts";
import { incidentTable } from "./tables.ts";

const setup = (options: WorldOptions = {}) => healingWorld(options, onTestFinished);

/** A world whose web hangs, stopped in the middle of its healing. */
async function diedWhile(status: "healing" | "verifying"): Promise<HealingWorld> {
  const world = await setup();
  const { components, clock } = world;
  const gate = Promise.withResolvers<void>();
  if (status === "healing") components.gate = gate.promise;
  components.patient("web").isHung = true;
  components.patient("web").isBroken = status === "verifying";
  await clock.advance(12_000);
  expect(await world.incident()).toMatchObject({ status });
  await world.stop();
  components.gate = Promise.resolve();
  return world;
}

/** A world whose web is beyond healing, stopped when that was stored and nobody had been told. */
async function diedBeforeAlert() {
  const world = await setup();
  const { components, clock, store, settle } = world;
  components.patient("web").isHung = true;
  components.patient("web").isBroken = true;
  await clock.advance(300_000);
  const id = (await world.incident())?.id ?? "";
  expect([...world.written.keys()]).toEqual([`/alerts/${id}.json`]);
  await settle(store.commit([update(incidentTable, [id], { alert: "due" })]));
  await world.stop();
  return { world, id };
}

describe("a runtime that dies in the middle of healing", () => {
  it("goes on with the same run, and restarts the component once", async () => {
    const before = await diedWhile("healing");
    expect(before.components.restarts).toEqual([]);
    const after = await setup({ from: before });
    await after.clock.advance(20_000);
    expect(after.components.restarts).toEqual(["web"]);
    const found = await after.incident();
    expect(found).toMatchObject({ status: "resolved", occurrences: 1 });
    expect(found?.actions).toHaveLength(1);
    expect(await after.facts("run.started")).toHaveLength(1);
    expect(await after.facts("incident.healing")).toHaveLength(1);
  });

  it("does not restart again what had been restarted when it died", async () => {
    const before = await diedWhile("healing");
    before.components.comesUp("web"); // The restart came to its end without its runtime.
    const after = await setup({ from: before });
    await after.clock.advance(20_000);
    expect(after.components.restarts).toEqual([]);
    expect(await after.incident()).toMatchObject({
      status: "resolved",
      actions: [
        { detail: expect.stringMatching(/^attempt 1: it had been restarted already, well again/) },
      ],
    });
  });

  it("goes on verifying, without a second restart", async () => {
    const before = await diedWhile("verifying");
    expect(before.components.restarts).toEqual(["web"]);
    const { components, clock } = before;
    components.patient("web").isBroken = false;
    components.patient("web").isHung = false;
    components.update("web", { health: { kind: "healthy" } });
    const after = await setup({ from: before });
    await clock.advance(20_000);
    expect(components.restarts).toEqual(["web"]);
    expect(await after.incident()).toMatchObject({ status: "resolved" });
  });

  it("remembers its trust, its actions and its incidents", async () => {
    const before = await setup();
    before.components.patient("web").isHung = true;
    await before.clock.advance(20_000);
    const trust = before.healer.trustAll();
    await before.stop();
    const options = { actionsPerTargetPerHour: 1 };
    const after = await setup({ from: before, options });
    after.components.patient("web").isHung = true;
    await after.clock.advance(20_000);
    expect(after.healer.trustAll()).toEqual(trust);
    const [newest, oldest] = await after.incidents();
    expect(oldest).toMatchObject({ status: "resolved" });
    expect(newest).toMatchObject({
      status: "suppressed",
      why: "1 playbook on web in the last hour: actionsPerTargetPerHour is 1",
    });
  });
});

describe("an incident of a component that is configured no more", () => {
  it("is over", async () => {
    const before = await setup();
    await before.settle(before.components.crash(before.store, "web"));
    await before.stop();
    const components = new FakeComponents(before.clock, { other: "process" });
    const after = await setup({ from: { ...before, components } });
    expect(await after.incident()).toMatchObject({
      status: "suppressed",
      why: "web is no component of this program any more",
    });
  });
});

describe("a crash that was stored when the runtime died before its incident was", () => {
  it("gets its incident at the next start, and only one", async () => {
    const before = await setup();
    await before.settle(before.healer.stop());
    await before.settle(before.components.crash(before.store, "web"));
    before.components.comesUp("web");
    await before.stop();

    const after = await setup({ from: before });
    await after.clock.advance(5_000);
    expect(await after.incidents()).toMatchObject([{ key: "web:crash", status: "resolved" }]);
    await after.stop();

    const later = await setup({ from: before });
    await later.clock.advance(5_000);
    expect(await later.incidents()).toHaveLength(1);
  });

  it("is taken in once when it happens while the healer starts", async () => {
    const { world } = await diedBeforeAlert(); // A start that has to commit something takes longer.
    const after = await setup({
      from: world,
      beforeStart: (store, components) => void components.crash(store, "memory"),
    });
    await after.clock.advance(5_000);
    expect(await after.incident()).toMatchObject({ key: "memory:crash", occurrences: 1 });
  });

  it("does not make one of a crash that others have taken in", async () => {
    const before = await setup();
    await before.settle(before.components.crash(before.store, "web"));
    before.components.comesUp("web");
    await before.clock.advance(5_000);
    await before.stop();
    const after = await setup({ from: before });
    await after.clock.advance(5_000);
    expect(await after.incidents()).toHaveLength(1);
  });
});

describe("an alert that a crash came before", () => {
  it("is given at the next start", async () => {
    const { world, id } = await diedBeforeAlert();
    const after = await setup({ from: world });
    expect([...after.written.keys()]).toEqual([`/alerts/${id}.json`]);
    await after.stop();
    const later = await setup({ from: world });
    expect(later.written.size).toBe(0);
  });
});
