import { describe, expect, it, onTestFinished } from "vitest";

import { fact } from "../store/index.ts";
import { type HealingWorld, healingWorld, type WorldOptions } from "./fixtures/healing-world.ts";

const setup = (options: WorldOptions = {}) => healingWorld(options, onTestFinished);

/** It dies, and the supervisor has it up again so much later. */
async function crash(world: HealingWorld, upAfterMs: number): Promise<void> {
  const { clock, components, store, settle } = world;
  await settle(components.crash(store, "web"));
  await clock.advance(upAfterMs);
  components.comesUp("web");
  await clock.advance(3_000);
}

describe("a crash", () => {
  it("records the supervisor's restart as its first action, and ends when health is back", async () => {
    const world = await setup();
    await crash(world, 100);
    expect(await world.incident()).toMatchObject({
      key: "web:crash",
      status: "resolved",
      summary: "web ended with exit code 1: boom",
      actions: [{ name: "restart", by: "supervisor", outcome: "succeeded" }],
    });
    expect(await world.facts("incident.", "trust.")).toEqual([
      "incident.opened",
      "incident.verifying",
      "incident.resolved",
      "trust.moved",
    ]);
    expect(world.components.restarts).toEqual([]);
    expect(world.healer.trustAll().map(({ component }) => component)).toEqual(["web"]);
  });

  it("takes the next one in while it waits for health", async () => {
    const world = await setup();
    const { components, store, settle } = world;
    await settle(components.crash(store, "web"));
    await settle(components.crash(store, "web", { kind: "signalled", signal: "SIGKILL" }));
    const found = await world.incident();
    expect(found).toMatchObject({ status: "verifying", occurrences: 2 });
    expect(found?.actions.map(({ outcome, detail }) => `${outcome}: ${detail}`)).toEqual([
      "failed: it ended with exit code 1: it did not last",
      "running: it ended by signal SIGKILL",
    ]);
    expect(await world.incidents()).toHaveLength(1);
  });

  it("is left to the supervisor for as long as its back-off takes", async () => {
    const world = await setup();
    await crash(world, 100_000);
    expect(await world.incident()).toMatchObject({ status: "resolved" });
    expect(await world.facts("incident.held")).toEqual([]);
  });

  it("is not over in the moment of the new start: the next crash may follow", async () => {
    const world = await setup();
    const { components, store, settle, clock } = world;
    await settle(components.crash(store, "web"));
    components.comesUp("web");
    const started = fact("component.started", clock.epochMs(), { component: "web" });
    await settle(store.commit([started]));
    expect(await world.incident()).toMatchObject({ status: "verifying" });
    await clock.advance(3_000);
    expect(await world.incident()).toMatchObject({ status: "resolved" });
  });

  it.each(["gave-up", "crash-looping"] as const)(
    "gets one playbook when the supervisor is %s, and then a person",
    async (phase) => {
      const world = await setup();
      const { components, clock, store, settle } = world;
      components.patient("web").isBroken = true;
      await settle(components.crash(store, "web"));
      components.update("web", { phase });
      await clock.advance(120_000);
      expect(components.restarts).toEqual(["web"]);
      expect(await world.facts("incident.escalated")).toHaveLength(1);
      const crashes = (await world.incidents()).filter((row) => row.class === "crash");
      expect(crashes).toMatchObject([{ status: "escalated", playbook: "restart_service" }]);
    },
  );

  it("gets a playbook when health does not return in time", async () => {
    const world = await setup();
    const { components, clock, store, settle } = world;
    await settle(components.crash(store, "web"));
    components.update("web", {
      phase: "running",
      health: { kind: "critical", reason: "no database" },
      startedAtMs: clock.epochMs(),
    });
    await clock.advance(29_000);
    expect(components.restarts).toEqual([]);
    await clock.advance(10_000);
    expect(components.restarts).toEqual(["web"]);
    expect(await world.incident()).toMatchObject({ status: "resolved" });
  });

  it("is left alone when the component is not to be started again", async () => {
    const world = await setup();
    const { components, store, settle } = world;
    const crashed = components.crash(store, "web");
    components.update("web", { phase: "stopped" });
    await settle(crashed);
    expect(await world.incident()).toMatchObject({
      status: "suppressed",
      why: "By its own rule it is not started again",
    });
  });

  it("is over when somebody stops the component", async () => {
    const world = await setup();
    const { components, store, settle, clock } = world;
    await settle(components.crash(store, "web"));
    components.update("web", { phase: "stopped" });
    await settle(store.commit([fact("component.stopped", clock.epochMs(), { component: "web" })]));
    await clock.advance(1_000);
    expect(await world.incident()).toMatchObject({
      status: "suppressed",
      why: "web was stopped on purpose",
    });
  });
});

describe("an exit that was expected", () => {
  it("is no incident", async () => {
    const { store, settle, incidents, clock } = await setup();
    const exit = { component: "web", expected: true, reason: { kind: "exited", code: 0 } };
    await settle(store.commit([fact("component.exited", clock.epochMs(), exit)]));
    expect(await incidents()).toEqual([]);
  });
});

describe("what is cured again and again", () => {
  it("is escalated when it comes back after three cures within ten minutes", async () => {
    const world = await setup();
    for (let time = 0; time < 3; time += 1) await crash(world, 100);
    expect((await world.incidents()).map(({ status }) => status)).toEqual([
      "resolved",
      "resolved",
      "resolved",
    ]);
    await crash(world, 100);
    expect(await world.incident()).toMatchObject({
      status: "escalated",
      why:
        "It came back after it was cured 3 times within 600 s: " +
        "something else is wrong, and no playbook is started",
    });
    expect(world.written.size).toBe(1);
  });

  it("calls the person once: the next ones are taken in", async () => {
    const world = await setup();
    for (let time = 0; time < 7; time += 1) await crash(world, 100);
    const [newest, ...older] = await world.incidents();
    expect(newest).toMatchObject({ status: "escalated", occurrences: 4 });
    expect(older).toHaveLength(3);
    expect(world.written.size).toBe(1);
  });

  it("may come back once in a while", async () => {
    const world = await setup();
    for (let time = 0; time < 8; time += 1) {
      await crash(world, 100);
      await world.clock.advance(300_000);
    }
    expect(await world.facts("incident.escalated")).toEqual([]);
  });
});

describe("the runtime's own death", () => {
  const death = (world: HealingWorld, sourceId: string, kind: "crashed" | "hung" = "crashed") =>
    world.settle(
      world.healer.runtimeDied({
        kind,
        atMs: world.clock.epochMs() - 3_000,
        sourceId,
        detail: "The runtime was killed by SIGKILL",
        restartedAtMs: world.clock.epochMs() - 1_000,
      }),
    );

  it("is an incident that the watchdog heals, over when the runtime is ready", async () => {
    const world = await setup();
    await death(world, "w1");
    expect(await world.incident()).toMatchObject({
      key: "runtime:runtime-crash",
      status: "verifying",
      openedAtMs: world.clock.epochMs() - 3_002,
      actions: [
        { by: "watchdog", name: "restart", outcome: "running", detail: "restarted after 2 s" },
      ],
    });
    await world.settle(world.healer.runtimeReady());
    expect(await world.incident()).toMatchObject({ status: "resolved" });
    expect(world.healer.trust("runtime").observations).toBe(1);
  });

  it("is taken in once, however often it is told", async () => {
    const world = await setup();
    await death(world, "w1");
    await death(world, "w1");
    await death(world, "w2");
    expect(await world.incident()).toMatchObject({ occurrences: 2 });
    await world.settle(world.healer.runtimeReady());
    await death(world, "w2");
    expect(await world.incidents()).toHaveLength(1);
  });

  it("is told of beside the watchdog's own event", async () => {
    const world = await setup();
    const { store, clock, settle } = world;
    await settle(store.commit([fact("runtime.crashed", clock.epochMs(), {}, "w1")]));
    await death(world, "w1");
    expect(await world.facts("incident.opened")).toHaveLength(1);
  });

  it("is an incident of its own when it hung", async () => {
    const world = await setup();
    await death(world, "w1", "hung");
    expect(await world.incident()).toMatchObject({ class: "runtime-hang" });
  });

  it("goes to a person when the runtime does not get ready", async () => {
    const world = await setup();
    await death(world, "w1");
    await world.clock.advance(40_000);
    expect(await world.incident()).toMatchObject({
      status: "escalated",
      why: "runtime was not ready 30 s after its restart",
    });
  });
});
