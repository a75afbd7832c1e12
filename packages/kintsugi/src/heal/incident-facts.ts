/** An incident as others see it: the view, the facts of its life, and the seeds' events made of them. */

import type { Fact } from "../store/index.ts";
import type { Incident, IncidentInput } from "./incident-state.ts";
import type { HealingFact, IncidentView } from "./types.ts";

/** The fact that tells of each input. */
export const factOfInput: Readonly<Record<IncidentInput["kind"], HealingFact["type"]>> = {
  absorb: "incident.absorbed",
  act: "incident.verifying",
  hold: "incident.held",
  heal: "incident.healing",
  verify: "incident.verifying",
  fail: "incident.held",
  resolve: "incident.resolved",
  escalate: "incident.escalated",
  suppress: "incident.suppressed",
};

export function incidentView(incident: Incident): IncidentView {
  const { id, key, component, severity, status, summary, trigger, playbook } = incident;
  const { occurrences, openedAtMs, endedAtMs, why, actions } = incident;
  return {
    id,
    key,
    component,
    class: incident.class,
    severity,
    status,
    summary,
    trigger,
    playbook,
    occurrences,
    openedAtMs,
    endedAtMs,
    ...(why !== null && { why }),
    actions,
  };
}

/** The payload of a fact: the view, with its newest action alone. */
export function incidentPayload(incident: Incident): object {
  const { actions, ...view } = incidentView(incident);
  return { ...view, attempts: incident.attempts, action: actions.at(-1) ?? null };
}

/** An event in the spelling of seed 004, published beside our facts. */
export interface SeedEvent {
  readonly type: "event.incident" | "trust.score.update";
  readonly payload: Readonly<Record<string, unknown>>;
}

/**
 * What the seeds' listeners hear beside `fact`. Their `incident.resolved` is our fact of that name, and
 * is not told twice.
 */
export function seedEvents(fact: Fact): readonly SeedEvent[] {
  const payload = fact.payload as Readonly<Record<string, unknown>>;
  switch (fact.type) {
    case "incident.opened":
      return [{ type: "event.incident", payload: seedIncident(payload) }];
    case "trust.moved": {
      const { component, delta, reason } = payload;
      return [{ type: "trust.score.update", payload: { component, delta, reason } }];
    }
    default:
      return [];
  }
}

const seedIncident = (payload: Readonly<Record<string, unknown>>): SeedEvent["payload"] => ({
  trigger_type: seedTriggerType(String(payload["class"])),
  kernel_name: payload["component"],
  playbook: payload["playbook"],
  severity: payload["severity"],
});

/** The seed names the type of the trigger, and writes it with underscores: `heartbeat_failure`. */
const seedTriggerType = (incidentClass: string): string =>
  incidentClass === "memory" ? "resource_spike" : incidentClass.replaceAll("-", "_");
