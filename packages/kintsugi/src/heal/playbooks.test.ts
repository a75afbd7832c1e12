import { describe, expect, it, onTestFinished } from "vitest";

import { builtInPlaybooks } from "./built-in.ts";
import { healingWorld } from "./fixtures/healing-world.ts";
import { definePlaybook, type Playbook } from "./playbooks.ts";

/** A memory trigger that asks for this playbook, fired. */
async function heal(playbook: Playbook, isBroken = false) {
  const world = await healingWorld(
    {
      playbooks: [playbook],
      triggers: [
        {
          name: "memory",
          type: "resource-spike",
          metric: "rssBytes",
          aboveBytes: 100,
          playbook: playbook.name,
        },
      ],
      options: { attempts: 1 },
    },
    onTestFinished,
  );
  world.components.update("web", { rssBytes: 200 });
  world.components.patient("web").isBroken = isBroken;
  await world.clock.advance(60_000);
  return { ...world, found: await world.incident() };
}

describe("a playbook", () => {
  const look = { action: "collect-evidence", timeoutMs: 1_000 } as const;
  const restart = { action: "restart", verify: "health", timeoutMs: 5_000 } as const;

  it("tries its steps in order, and ends with the first that helped", async () => {
    const { found, components } = await heal(
      definePlaybook({ name: "careful", steps: [look, restart, restart], disruption: 2 }),
    );
    expect(found).toMatchObject({ status: "resolved", playbook: "careful" });
    expect(components.restarts).toEqual(["web"]);
  });

  it("says what each step came to when none helped", async () => {
    const { found, components } = await heal(
      definePlaybook({ name: "careful", steps: [restart, look, restart], disruption: 2 }),
      true,
    );
    expect(components.restarts).toEqual(["web", "web"]);
    expect(found?.why).toBe(
      "1 playbook did not help: restart did not help within 5 s; restart did not help within 5 s",
    );
  });

  it("waits for the trigger when it verifies nothing itself", async () => {
    const { found, clock, components, incident } = await heal(
      definePlaybook({ name: "look", steps: [look], disruption: 0 }),
    );
    expect(found).toMatchObject({ status: "verifying" });
    components.update("web", { rssBytes: 10 });
    await clock.advance(2_000);
    expect(await incident()).toMatchObject({ status: "resolved" });
  });

  it("takes the place of the built-in one of its name", async () => {
    const { healer, found } = await heal(
      definePlaybook({ name: "restart_service", steps: [look], disruption: 0 }),
    );
    expect(healer.playbooks()).toEqual(["restart_kernel", "restart_service", "run_diagnostics"]);
    expect(found?.actions[0]?.detail).toContain("collected");
  });

  it.each([
    { given: { name: "" }, message: "A playbook needs a name, got an empty text" },
    {
      given: { steps: [] },
      message: "number of steps of the playbook odd must be a number from 1 to 20, got 0",
    },
    {
      given: { disruption: 11 },
      message: "disruption of the playbook odd must be a number from 0 to 10, got 11",
    },
    {
      given: { steps: [{ ...look, timeoutMs: 0 }] },
      message: "timeoutMs of the playbook odd must be a whole number of at least 1, got 0",
    },
  ])("is refused: $message", ({ given, message }) => {
    const odd = { name: "odd", steps: [look], disruption: 0, ...given };
    expect(() => definePlaybook(odd)).toThrow(new RangeError(message));
  });
});

it("brings along the playbooks that seed 004 names for what can be seen so far", () => {
  expect(builtInPlaybooks.map(({ name }) => name)).toEqual([
    "restart_kernel",
    "restart_service",
    "run_diagnostics",
  ]);
});
