import { describe, expect, it } from "vitest";

import { type GuardLimits, type GuardSituation, judge } from "./guard.ts";

const nowMs = 10_000_000;

const limits: GuardLimits = {
  enabled: true,
  dryRun: false,
  cooldownMs: 10_000,
  actionsPerHour: 3,
  actionsPerTargetPerHour: 2,
};

const needed: GuardSituation = {
  component: "web",
  playbook: "restart_service",
  phase: "running",
  isStuck: false,
  standing: "firing",
  unhealthy: ["web"],
  components: 4,
  stormAtMs: null,
  actions: [],
  leasedBy: null,
};

const ago = (component: string, minutes: number) => ({ component, atMs: nowMs - minutes * 60_000 });

describe("the guard rails", () => {
  it("let a playbook start that is needed", () => {
    expect(judge(needed, limits, nowMs)).toEqual({ kind: "go" });
  });

  it.each<{
    rail: string;
    situation?: Partial<GuardSituation>;
    limits?: Partial<GuardLimits>;
    kind: "hold" | "refuse";
    why: string;
  }>([
    {
      rail: "the switch",
      limits: { enabled: false },
      kind: "refuse",
      why: "Healing is switched off in the configuration",
    },
    {
      rail: "a dry run",
      limits: { dryRun: true },
      kind: "refuse",
      why: "Dry run: restart_service would have been started on web",
    },
    {
      rail: "a storm",
      situation: { unhealthy: ["web", "db"] },
      kind: "hold",
      why:
        "Storm: 2 of 4 components are not well (web, db), so the cause is likely one for all, " +
        "and no playbook is started",
    },
    {
      rail: "a storm that has just passed",
      situation: { stormAtMs: nowMs - 9_000 },
      kind: "hold",
      why: "A storm is just over; healing waits until it was calm for 10 s",
    },
    {
      rail: "the cooldown",
      situation: { actions: [{ component: "web", atMs: nowMs - 9_999 }] },
      kind: "hold",
      why: "web was acted on less than 10 s ago, and has its cooldown",
    },
    {
      rail: "the rate of all",
      situation: { actions: [ago("a", 10), ago("b", 20), ago("c", 59)] },
      kind: "refuse",
      why: "3 playbooks in the last hour: actionsPerHour is 3",
    },
    {
      rail: "the rate of one target",
      situation: { actions: [ago("web", 10), ago("web", 20)] },
      kind: "refuse",
      why: "2 playbooks on web in the last hour: actionsPerTargetPerHour is 2",
    },
    {
      rail: "the lease of another incident",
      situation: { leasedBy: "memory" },
      kind: "hold",
      why: "Another incident of web (memory) is being healed: one at a time",
    },
    {
      rail: "the supervisor at work",
      situation: { phase: "backing-off" },
      kind: "hold",
      why: "The supervisor is restarting web: one at a time",
    },
    {
      rail: "trouble that has passed",
      situation: { standing: "clear" },
      kind: "refuse",
      why: "It was over before anything was done: web is well again",
    },
    {
      rail: "a component that tells nothing",
      situation: { standing: "unknown" },
      kind: "hold",
      why: "Nothing is known of web at the moment",
    },
  ])("stop it at $rail, and say why", ({ situation, limits: given, kind, why }) => {
    const verdict = judge({ ...needed, ...situation }, { ...limits, ...given }, nowMs);
    expect(verdict).toMatchObject({ kind, why });
  });

  it("are looked at in their order", () => {
    const worst: GuardSituation = {
      ...needed,
      unhealthy: ["web", "db"],
      actions: [ago("web", 0), ago("web", 1), ago("web", 2)],
      leasedBy: "crash",
      standing: "clear",
    };
    const reasons: string[] = [];
    const ease: (readonly [Partial<GuardSituation>, Partial<GuardLimits>])[] = [
      [{}, { enabled: false, dryRun: true }],
      [{}, { dryRun: true }],
      [{}, {}],
      [{ unhealthy: [] }, {}],
      [{ unhealthy: [], actions: worst.actions.slice(1) }, { cooldownMs: 1 }],
      [{ unhealthy: [], actions: [] }, {}],
      [{ unhealthy: [], actions: [], leasedBy: null }, {}],
    ];
    for (const [situation, given] of ease) {
      const verdict = judge({ ...worst, ...situation }, { ...limits, ...given }, nowMs);
      if (verdict.kind !== "go") reasons.push(verdict.why.split(/[ :]/)[0] ?? "");
    }
    expect(reasons).toEqual(["Healing", "Dry", "Storm", "web", "2", "Another", "It"]);
  });

  it("let a playbook restart what is stuck in its start", () => {
    const stuck: GuardSituation = { ...needed, phase: "starting", isStuck: true };
    expect(judge(stuck, limits, nowMs)).toEqual({ kind: "go" });
  });

  it("see no storm in fewer than three components", () => {
    const two: GuardSituation = { ...needed, components: 2, unhealthy: ["web", "db"] };
    expect(judge(two, limits, nowMs)).toEqual({ kind: "go" });
  });

  it("call a person only where a budget is used up", () => {
    const rate = judge({ ...needed, actions: [ago("web", 1), ago("web", 2)] }, limits, nowMs);
    expect(rate).toMatchObject({ alert: true });
    expect(judge(needed, { ...limits, dryRun: true }, nowMs)).toMatchObject({ alert: false });
  });

  it("forget actions that are more than an hour old", () => {
    const old = [ago("web", 61), ago("web", 62), ago("a", 63)];
    expect(judge({ ...needed, actions: old }, limits, nowMs)).toEqual({ kind: "go" });
  });
});
