/** Words of healing that other rooms use. */

import type { ComponentKind } from "../supervise/index.ts";

export type Severity = "low" | "medium" | "high" | "critical";

/** The life of an incident: opened -> healing -> verifying -> resolved | escalated | suppressed. */
export type IncidentStatus =
  | "opened"
  | "healing"
  | "verifying"
  | "resolved"
  | "escalated"
  | "suppressed";

export interface IncidentAction {
  readonly atMs: number;
  /** "restart", "restart_service", "run_diagnostics", ... */
  readonly name: string;
  /** Who did it: the supervisor's or the watchdog's own rule, or a playbook. */
  readonly by: "supervisor" | "watchdog" | "playbook";
  readonly outcome: "running" | "succeeded" | "failed";
  readonly detail: string;
  /** The run of the playbook: its journal holds the evidence. */
  readonly run?: string;
}

export interface IncidentView {
  readonly id: string;
  /** Component and class: an open incident takes in whatever has the same key. */
  readonly key: string;
  readonly component: string;
  /** "crash", "heartbeat-failure", "memory", "error-burst", "runtime-crash", "runtime-hang". */
  readonly class: string;
  readonly severity: Severity;
  readonly status: IncidentStatus;
  readonly summary: string;
  readonly trigger: string | null;
  readonly playbook: string | null;
  /** Triggers and crashes that this incident took in. */
  readonly occurrences: number;
  readonly openedAtMs: number;
  readonly endedAtMs: number | null;
  /** Why it waits, and in the end why it was escalated or suppressed, or what cured it. */
  readonly why?: string;
  readonly actions: readonly IncidentAction[];
}

export interface TrustView {
  readonly component: string;
  /** Mean of the Beta distribution, 0..1. */
  readonly mean: number;
  /** Lower end of its 80 % interval: what autonomy is judged by. */
  readonly lower: number;
  readonly observations: number;
}

interface CommonTriggerSpec {
  readonly name: string;
  /** Component that it watches. @defaultValue every one that it fits */
  readonly component?: string;
  /** Kind of components that it watches. @defaultValue every one */
  readonly componentKind?: ComponentKind;
  /** How long the condition must hold. @defaultValue 0 */
  readonly forMs?: number;
  /** How long the clear condition must hold before it counts as over. @defaultValue 0 */
  readonly keepForMs?: number;
  /** Time after firing in which it does not fire again for the same component. @defaultValue 10_000 */
  readonly cooldownMs?: number;
  /** @defaultValue "high" */
  readonly severity?: Severity;
  /** The playbook that an incident of this trigger asks for. */
  readonly playbook: string;
}

export type TriggerSpec =
  | (CommonTriggerSpec & {
      readonly type: "heartbeat-failure";
      /** Silence that counts as lost. @defaultValue 5_000 */
      readonly aboveMs?: number;
    })
  | (CommonTriggerSpec & {
      readonly type: "resource-spike";
      readonly metric: "rssBytes";
      /** Absolute bytes, or a share of the component's memory limit (0..1]. @defaultValue ratio 1 */
      readonly aboveBytes?: number;
      readonly aboveRatio?: number;
      /** Clear condition. @defaultValue 0.9 of above */
      readonly clearBytes?: number;
      readonly clearRatio?: number;
    })
  | (CommonTriggerSpec & {
      readonly type: "error-burst";
      /** Failed calls within `windowMs` that are too many. @defaultValue 50 */
      readonly above?: number;
      /** @defaultValue a fifth of `above` */
      readonly clear?: number;
      /** @defaultValue 10_000 */
      readonly windowMs?: number;
      /** Share of calls that must fail as well. @defaultValue 0.5 */
      readonly ratio?: number;
    });

export interface HealingFact {
  readonly type:
    | "trigger.fired"
    | "trigger.cleared"
    | "incident.opened"
    | "incident.absorbed"
    | "incident.held"
    | "incident.healing"
    | "incident.verifying"
    | "incident.resolved"
    | "incident.escalated"
    | "incident.suppressed"
    | "trust.moved";
}

/** A person or a channel that hears of what needs one. A later room fills it. */
export interface Notifier {
  notify(incident: IncidentView, why: string): void;
}
