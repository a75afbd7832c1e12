import { describe, expect, it, onTestFinished, vi } from "vitest";

import { healingWorld, type WorldOptions } from "./fixtures/healing-world.ts";
import type { IncidentView } from "./types.ts";

const setup = (options: WorldOptions = {}) => healingWorld(options, onTestFinished);

describe("a process that hangs", () => {
  it("is seen, restarted, verified, and moves trust", async () => {
    const { clock, components, healer, facts, incident, errors } = await setup();
    await clock.advance(10_000);
    components.patient("web").isHung = true;
    await clock.advance(20_000);

    expect(components.restarts).toEqual(["web"]);
    expect(await incident()).toMatchObject({
      key: "web:heartbeat-failure",
      status: "resolved",
      trigger: "service-heartbeat",
      playbook: "restart_service",
      summary: "No heartbeat from web for 6 s",
      occurrences: 1,
      actions: [{ name: "restart_service", by: "playbook", outcome: "succeeded" }],
    });
    expect(await facts("trigger.", "incident.", "trust.")).toEqual([
      "trigger.fired",
      "incident.opened",
      "incident.healing",
      "incident.verifying",
      "trigger.cleared",
      "incident.resolved",
      "trust.moved",
      "trust.moved",
      "trust.moved",
    ]);
    expect(healer.trustAll().map(({ component }) => component)).toEqual([
      "playbook:restart_service",
      "self_healing",
      "web",
    ]);
    expect(healer.trust().mean).toBeGreaterThan(0.9);
    expect(errors).toEqual([]);
  });

  it("is healed within ten seconds of its last beat", async () => {
    const { clock, components } = await setup();
    await clock.advance(10_000);
    components.patient("web").isHung = true;
    await clock.advance(10_000);
    expect(components.restarts).toEqual(["web"]);
  });

  it("goes to a person when restarts do not help", async () => {
    const notifier = { notify: vi.fn() };
    const { clock, components, healer, incident, written } = await setup({ notifier });
    components.patient("web").isHung = true;
    components.patient("web").isBroken = true;
    await clock.advance(300_000);

    expect(components.restarts).toEqual(["web", "web", "web"]);
    const found = await incident();
    expect(found).toMatchObject({ status: "escalated" });
    expect(found?.why).toBe("3 playbooks did not help: restart did not help within 30 s");
    expect(found?.actions.map(({ outcome }) => outcome)).toEqual(["failed", "failed", "failed"]);
    expect(notifier.notify.mock.calls).toEqual([[found, found?.why]]);
    const [file = ""] = written.values();
    expect(JSON.parse(file)).toMatchObject({
      incident: found?.id,
      component: "web",
      why: found?.why,
    });
    expect(healer.trust("web").mean).toBeLessThan(0.9);
  });
});

describe("a process that recovers late", () => {
  it("is resolved, though its playbook had failed", async () => {
    const { clock, components, incident } = await setup({ options: { cooldownMs: 60_000 } });
    components.patient("web").isHung = true;
    components.patient("web").isBroken = true;
    await clock.advance(38_000);
    expect(await incident()).toMatchObject({ status: "opened", occurrences: 2 });
    components.patient("web").isHung = false;
    components.update("web", { health: { kind: "healthy" } });
    await clock.advance(3_000);
    expect(await incident()).toMatchObject({
      status: "resolved",
      why: "well again, later than expected",
      actions: [{ outcome: "failed" }],
    });
    expect(components.restarts).toEqual(["web"]);
  });
});

describe("a kernel that falls silent", () => {
  it("is restarted as a kernel", async () => {
    const { clock, components, incident } = await setup();
    components.patient("memory").isHung = true;
    await clock.advance(20_000);
    expect(await incident()).toMatchObject({ component: "memory", playbook: "restart_kernel" });
    expect(components.restarts).toEqual(["memory"]);
  });
});

describe("a process that grows", () => {
  it("is restarted when it was above its limit for two seconds", async () => {
    const { clock, components, incident } = await setup();
    components.update("web", { rssBytes: 101 });
    await clock.advance(10_000);
    expect(components.restarts).toEqual(["web"]);
    expect(await incident()).toMatchObject({ class: "memory", status: "resolved" });
  });
});

describe("calls that fail in a burst", () => {
  it("are looked into, and resolved when they succeed again", async () => {
    const { clock, healer, components, incident } = await setup();
    const call = (isFailed: boolean): void =>
      healer.recordCall("openai", isFailed, clock.epochMs());
    for (let count = 0; count < 60; count += 1) call(true);
    await clock.advance(5_000);
    const burst = await incident();
    expect(burst).toMatchObject({ class: "error-burst", component: "openai", status: "verifying" });
    expect(burst?.actions[0]).toMatchObject({ name: "run_diagnostics", outcome: "succeeded" });
    expect(burst?.actions[0]?.detail).toContain("collected");

    call(false);
    await clock.advance(4_000);
    expect(await incident()).toMatchObject({ status: "verifying" });
    await clock.advance(3_000);
    expect(await incident()).toMatchObject({ status: "resolved" });
    expect(components.restarts).toEqual([]);
  });

  it("go to a person when nobody can tell that they are over", async () => {
    const { clock, healer, incident } = await setup();
    for (let count = 0; count < 60; count += 1) {
      healer.recordCall("openai", true, clock.epochMs());
    }
    await clock.advance(299_000);
    expect(await incident()).toMatchObject({ status: "verifying" });
    await clock.advance(10_000);
    expect(await incident()).toMatchObject({
      status: "escalated",
      why: "openai is no better 300 s after its playbook",
    });
  });
});

describe("a listener", () => {
  it("hears of each change of an incident, after it was stored", async () => {
    const { clock, healer, components, store } = await setup();
    const seen: string[] = [];
    const leave = healer.onIncident(({ status }: IncidentView) => {
      seen.push(`${status} after ${store.facts.lastId > 0}`);
    });
    components.patient("web").isHung = true;
    await clock.advance(20_000);
    leave();
    expect(seen).toEqual([
      "opened after true",
      "healing after true",
      "verifying after true",
      "resolved after true",
    ]);
  });

  it("changes nothing when it throws", async () => {
    const { clock, healer, components, incident, errors } = await setup({
      notifier: {
        notify: () => {
          throw new Error("bad notifier");
        },
      },
    });
    healer.onIncident(() => {
      throw new Error("bad listener");
    });
    components.patient("web").isHung = true;
    components.patient("web").isBroken = true;
    await clock.advance(300_000);
    expect(await incident()).toMatchObject({ status: "escalated" });
    expect(errors).toContainEqual(new Error("bad listener"));
    expect(errors).toContainEqual(new Error("bad notifier"));
  });
});

describe("a healer that is set up wrongly", () => {
  it("is refused when a trigger asks for a playbook that does not exist", async () => {
    const triggers = [{ name: "odd", type: "heartbeat-failure", playbook: "pray" }] as const;
    await expect(setup({ triggers })).rejects.toThrow(
      "The trigger odd asks for the playbook pray, which is none of: " +
        "restart_kernel, restart_service, run_diagnostics",
    );
  });

  it("is refused when a setting makes no sense", async () => {
    await expect(setup({ options: { actionsPerHour: -1 } })).rejects.toThrow(
      "actionsPerHour must be a whole number of at least 0, got -1",
    );
  });
});
