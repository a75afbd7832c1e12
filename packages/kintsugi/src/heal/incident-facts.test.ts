import { describe, expect, it } from "vitest";

import type { Fact } from "../store/index.ts";
import { incidentPayload, seedEvents } from "./incident-facts.ts";
import { afterInput, openIncident } from "./incident-state.ts";

const opened = openIncident(
  {
    id: "i1",
    component: "memory",
    class: "heartbeat-failure",
    severity: "high",
    summary: "No heartbeat from memory for 6 s",
    trigger: "kernel-heartbeat",
    playbook: "restart_kernel",
  },
  1_000,
);

const factOf = (type: string, payload: object): Fact => ({ id: 1, type, atMs: 1_000, payload });

describe("the events of seed 004", () => {
  const seed = {
    trigger_type: "heartbeat_failure",
    kernel_name: "memory",
    playbook: "restart_kernel",
    severity: "high",
  };

  it("tell of an incident in the seed's words", () => {
    expect(seedEvents(factOf("incident.opened", incidentPayload(opened)))).toEqual([
      { type: "event.incident", payload: seed },
    ]);
  });

  it("call the memory trigger a resource spike", () => {
    const fact = factOf("incident.opened", incidentPayload({ ...opened, class: "memory" }));
    expect(seedEvents(fact)[0]?.payload["trigger_type"]).toBe("resource_spike");
  });

  it("are not told twice where our fact has the seed's own name", () => {
    const resolved = afterInput(opened, { kind: "resolve", why: "healthy" }, 2_000);
    expect(seedEvents(factOf("incident.resolved", incidentPayload(resolved)))).toEqual([]);
  });

  it("tell of trust with its change and the reason", () => {
    const reason = "playbook_restart_kernel_success";
    const payload = { component: "self_healing", delta: 0.02, reason, mean: 0.92 };
    expect(seedEvents(factOf("trust.moved", payload))).toEqual([
      { type: "trust.score.update", payload: { component: "self_healing", delta: 0.02, reason } },
    ]);
  });

  it("know nothing of the other facts", () => {
    expect(seedEvents(factOf("incident.verifying", incidentPayload(opened)))).toEqual([]);
  });
});
