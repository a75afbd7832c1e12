/** Triggers, incidents, playbooks and trust: the loop from trouble to its cure. */

export { builtInTriggers } from "./built-in.ts";
export { createHealer, type Healer, type HealerOptions, type HealingSettings } from "./healer.ts";
export type { RuntimeDeath } from "./healing.ts";
export type { IncidentFilter } from "./incident-book.ts";
export { type SeedEvent, seedEvents } from "./incident-facts.ts";
export {
  definePlaybook,
  PLAYBOOK_PREFIX,
  type Playbook,
  type PlaybookAction,
  type PlaybookStep,
} from "./playbooks.ts";
export { tables } from "./tables.ts";
export type {
  HealingFact,
  IncidentAction,
  IncidentStatus,
  IncidentView,
  Notifier,
  Severity,
  TriggerSpec,
  TrustView,
} from "./types.ts";
