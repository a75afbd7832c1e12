/**
 * The life of an incident, as data, and the pure function that leads from one state to the next.
 *
 *     opened ── heal: a playbook starts ──▶ healing ── verify: its action is done ──▶ verifying
 *      │ ▲ └─────────── act: the supervisor or the watchdog acted by its own rule ──────▶ │ ▲ │
 *      │ │                                    │                                         │ └─┘
 *      │ └─── fail: it did not help ──────────┴─────────────────────────────────────────┘ act
 *      │
 *      ├─ suppress ─▶ suppressed   (from verifying as well, while no playbook is at work)
 *      ├─ escalate ─▶ escalated    (from healing and verifying as well)
 *      └─ resolve ──▶ resolved     (from healing and verifying as well; health may come late)
 *
 * An open incident takes in whatever has the same key (`absorb`), and so does an escalated one: a
 * person knows of it already. Times are epoch milliseconds, for an incident outlives its process.
 */

import type { IncidentAction, IncidentStatus, Severity } from "./types.ts";
import { shortText } from "./words.ts";

export interface Incident {
  readonly id: string;
  readonly key: string;
  readonly component: string;
  readonly class: string;
  readonly severity: Severity;
  readonly status: IncidentStatus;
  /** When it came into its status, or last gave a new reason to wait for health. */
  readonly statusAtMs: number;
  readonly summary: string;
  /** Name of the trigger that fired. */
  readonly trigger: string | null;
  /** The playbook to heal it with. */
  readonly playbook: string | null;
  readonly occurrences: number;
  readonly lastAtMs: number;
  readonly openedAtMs: number;
  readonly endedAtMs: number | null;
  /** Why it waits, or why it ended as it did. */
  readonly why: string | null;
  /** Playbooks started: names the run of each, so that none is ever started twice. */
  readonly attempts: number;
  readonly actions: readonly IncidentAction[];
}

export type NewIncident = Pick<
  Incident,
  "id" | "component" | "class" | "severity" | "summary" | "trigger" | "playbook"
>;

export type IncidentInput = Readonly<
  /** The same trouble again. */
  | { kind: "absorb" }
  /** Another than the healer acted by its own rule; `atMs` where that was earlier. */
  | { kind: "act"; by: "supervisor" | "watchdog"; name: string; detail: string; atMs?: number }
  /** No playbook at the moment. */
  | { kind: "hold"; why: string }
  | { kind: "heal"; playbook: string; run: string }
  /** `done` where the playbook has ended, and health is awaited without it. */
  | { kind: "verify"; done?: string }
  | { kind: "fail"; why: string }
  | { kind: "resolve"; why: string }
  | { kind: "escalate"; why: string }
  | { kind: "suppress"; why: string }
>;

/** Actions kept; the oldest go. */
export const MAX_ACTIONS = 50;

export const incidentKey = (component: string, incidentClass: string): string =>
  `${component}:${incidentClass}`;

export const isOpen = ({ status }: Incident): boolean =>
  status === "opened" || status === "healing" || status === "verifying";

/** Whether a playbook is at work on it: its run decides what comes next. */
export const isUnderPlaybook = (incident: Incident): boolean => {
  const last = incident.actions.at(-1);
  return isOpen(incident) && last?.by === "playbook" && last.outcome === "running";
};

export function openIncident(given: NewIncident, nowMs: number): Incident {
  return {
    ...given,
    key: incidentKey(given.component, given.class),
    summary: shortText(given.summary),
    status: "opened",
    statusAtMs: nowMs,
    occurrences: 1,
    lastAtMs: nowMs,
    openedAtMs: nowMs,
    endedAtMs: null,
    why: null,
    attempts: 0,
    actions: [],
  };
}

/** The incident after `input`; the very same one when the input does not fit its status. */
export function afterInput(incident: Incident, input: IncidentInput, nowMs: number): Incident {
  const { status } = incident;
  const waits = status === "opened" || status === "verifying";
  const heals = status === "healing" || status === "verifying";
  switch (input.kind) {
    case "absorb":
      return isOpen(incident) || status === "escalated" ? absorbed(incident, nowMs) : incident;
    case "act":
      return waits && !isUnderPlaybook(incident) ? acted(incident, input, nowMs) : incident;
    case "hold":
      return status === "opened" && input.why !== incident.why
        ? { ...incident, why: shortText(input.why) }
        : incident;
    case "heal":
      return status === "opened" ? healing(incident, input, nowMs) : incident;
    case "verify":
      return status === "healing" || (status === "verifying" && isUnderPlaybook(incident))
        ? verifying(incident, input.done, nowMs)
        : incident;
    case "fail":
      return heals ? failed(incident, input.why, nowMs) : incident;
    case "resolve":
      return isOpen(incident)
        ? ended(incident, "resolved", "succeeded", input.why, nowMs)
        : incident;
    case "escalate":
      return isOpen(incident) ? ended(incident, "escalated", "failed", input.why, nowMs) : incident;
    case "suppress":
      return waits && !isUnderPlaybook(incident)
        ? ended(incident, "suppressed", "failed", input.why, nowMs)
        : incident;
  }
}

const absorbed = (incident: Incident, nowMs: number): Incident => ({
  ...incident,
  occurrences: incident.occurrences + 1,
  lastAtMs: nowMs,
});

function acted(
  incident: Incident,
  input: Extract<IncidentInput, { kind: "act" }>,
  nowMs: number,
): Incident {
  const { by, name, detail, atMs = nowMs } = input;
  // It acts again, so what it did before did not last.
  const before = settled(incident.actions, "failed", "it did not last");
  const action: IncidentAction = { atMs, name, by, outcome: "running", detail: shortText(detail) };
  return {
    ...incident,
    status: "verifying",
    statusAtMs: nowMs,
    why: null,
    actions: bounded([...before, action]),
  };
}

function healing(
  incident: Incident,
  { playbook, run }: Extract<IncidentInput, { kind: "heal" }>,
  nowMs: number,
): Incident {
  const attempts = incident.attempts + 1;
  const action: IncidentAction = {
    atMs: nowMs,
    name: playbook,
    by: "playbook",
    outcome: "running",
    detail: `attempt ${attempts}`,
    run,
  };
  return {
    ...incident,
    status: "healing",
    statusAtMs: nowMs,
    why: null,
    playbook,
    attempts,
    actions: bounded([...incident.actions, action]),
  };
}

const verifying = (incident: Incident, done: string | undefined, nowMs: number): Incident => ({
  ...incident,
  status: "verifying",
  statusAtMs: nowMs,
  actions: done === undefined ? incident.actions : settled(incident.actions, "succeeded", done),
});

const failed = (incident: Incident, why: string, nowMs: number): Incident => ({
  ...incident,
  status: "opened",
  statusAtMs: nowMs,
  why: shortText(why),
  actions: settled(incident.actions, "failed", why),
});

const ended = (
  incident: Incident,
  status: "resolved" | "escalated" | "suppressed",
  outcome: "succeeded" | "failed",
  why: string,
  nowMs: number,
): Incident => ({
  ...incident,
  status,
  statusAtMs: nowMs,
  endedAtMs: nowMs,
  why: shortText(why),
  actions: settled(incident.actions, outcome, why),
});

/** Nothing runs on when its incident has moved on. */
const settled = (
  actions: readonly IncidentAction[],
  outcome: "succeeded" | "failed",
  detail: string,
): readonly IncidentAction[] =>
  actions.map((action) =>
    action.outcome === "running"
      ? { ...action, outcome, detail: shortText(`${action.detail}: ${detail}`) }
      : action,
  );

const bounded = (actions: readonly IncidentAction[]): readonly IncidentAction[] =>
  actions.slice(-MAX_ACTIONS);
