import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  afterInput,
  type Incident,
  type IncidentInput,
  isOpen,
  isUnderPlaybook,
  MAX_ACTIONS,
  openIncident,
} from "./incident-state.ts";

const opened = openIncident(
  {
    id: "i1",
    component: "web",
    class: "crash",
    severity: "high",
    summary: "web ended with exit code 1",
    trigger: null,
    playbook: "restart_service",
  },
  1_000,
);

const act: IncidentInput = { kind: "act", by: "supervisor", name: "restart", detail: "in 100 ms" };
const heal: IncidentInput = { kind: "heal", playbook: "restart_service", run: "heal/i1/1" };

const after = (inputs: readonly IncidentInput[], from: Incident = opened): Incident =>
  inputs.reduce((incident, input, index) => afterInput(incident, input, 2_000 + index), from);

describe("an incident", () => {
  it("records the supervisor's own restart as its first action, and waits for health", () => {
    const incident = after([act]);
    expect(incident).toMatchObject({ status: "verifying", statusAtMs: 2_000, attempts: 0 });
    expect(incident.actions).toEqual([
      { atMs: 2_000, name: "restart", by: "supervisor", outcome: "running", detail: "in 100 ms" },
    ]);
  });

  it("knows that a restart which is followed by another one did not last", () => {
    const { actions, occurrences } = after([act, { kind: "absorb" }, act]);
    expect(occurrences).toBe(2);
    expect(actions.map(({ outcome }) => outcome)).toEqual(["failed", "running"]);
  });

  it("goes back to opened when a playbook did not help, and counts its attempts", () => {
    const incident = after([heal, { kind: "verify" }, { kind: "fail", why: "still down" }, heal]);
    expect(incident).toMatchObject({ status: "healing", attempts: 2 });
    expect(incident.actions[0]).toMatchObject({ outcome: "failed", run: "heal/i1/1" });
    expect(isUnderPlaybook(incident)).toBe(true);
  });

  it("leaves a run alone that is at work, when the supervisor acts as well", () => {
    const incident = after([heal]);
    expect(after([act], incident)).toBe(incident);
    const verified = after([{ kind: "verify" }], incident);
    expect(after([act], verified)).toBe(verified);
  });

  it("ends with the reason, and nothing runs on", () => {
    const incident = after([heal, { kind: "resolve", why: "healthy after 2 s" }]);
    expect(incident).toMatchObject({
      status: "resolved",
      endedAtMs: 2_001,
      why: "healthy after 2 s",
    });
    expect(incident.actions[0]).toMatchObject({
      outcome: "succeeded",
      detail: "attempt 1: healthy after 2 s",
    });
  });

  it("takes in what comes after a person was called, and stays escalated", () => {
    const escalated = after([{ kind: "escalate", why: "it comes back" }]);
    expect(after([{ kind: "absorb" }], escalated)).toMatchObject({
      status: "escalated",
      occurrences: 2,
      endedAtMs: 2_000,
    });
    const resolved = after([act, { kind: "resolve", why: "healthy" }]);
    expect(after([{ kind: "absorb" }], resolved)).toBe(resolved);
  });

  it("keeps its texts short", () => {
    const { why } = after([{ kind: "hold", why: "x".repeat(5_000) }]);
    expect(why).toHaveLength(500);
  });
});

describe("an incident, in any history", () => {
  const text = fc.constantFrom("a", "b");
  const input: fc.Arbitrary<IncidentInput> = fc.oneof(
    fc.constant<IncidentInput>({ kind: "absorb" }),
    fc.constant(act),
    text.map((why): IncidentInput => ({ kind: "hold", why })),
    fc.constant(heal),
    fc.constantFrom<IncidentInput>({ kind: "verify" }, { kind: "verify", done: "collected" }),
    text.map((why): IncidentInput => ({ kind: "fail", why })),
    fc.oneof(
      { weight: 1, arbitrary: fc.constant<IncidentInput>({ kind: "resolve", why: "healthy" }) },
      { weight: 1, arbitrary: fc.constant<IncidentInput>({ kind: "escalate", why: "no" }) },
      { weight: 1, arbitrary: fc.constant<IncidentInput>({ kind: "suppress", why: "dry run" }) },
    ),
  );

  it("never comes back from its end, and never has two actions at work", () => {
    const transitions = new Set<string>();

    fc.assert(
      fc.property(fc.array(input, { maxLength: 200, size: "max" }), (inputs) => {
        let incident = opened;
        for (const [index, given] of inputs.entries()) {
          const before = incident;
          incident = afterInput(before, given, 2_000 + index);
          if (incident.status !== before.status) {
            transitions.add(`${before.status} > ${incident.status}`);
          }
          if (!isOpen(before)) expect(incident.status).toBe(before.status);
          expect(incident.endedAtMs === null).toBe(isOpen(incident));
          expect(incident.actions.length).toBeLessThanOrEqual(MAX_ACTIONS);
          expect(incident.attempts - before.attempts).toBeLessThanOrEqual(1);

          const running = incident.actions.filter(({ outcome }) => outcome === "running");
          expect(running.length).toBeLessThanOrEqual(1);
          if (!isOpen(incident) || incident.status === "opened") expect(running).toEqual([]);
          if (incident.status === "healing") expect(isUnderPlaybook(incident)).toBe(true);
        }
      }),
    );

    expect([...transitions].sort()).toEqual([
      "healing > escalated",
      "healing > opened",
      "healing > resolved",
      "healing > verifying",
      "opened > escalated",
      "opened > healing",
      "opened > resolved",
      "opened > suppressed",
      "opened > verifying",
      "verifying > escalated",
      "verifying > opened",
      "verifying > resolved",
      "verifying > suppressed",
    ]);
  });
});
