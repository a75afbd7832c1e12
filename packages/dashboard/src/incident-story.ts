/** The life of an incident as a story: what it went through, when, and where it is now. */

import type { Fact, Incident } from "./page-state.ts";
import { plain } from "./plain-text.ts";

export interface Stage {
  readonly word: string;
  /** Epoch milliseconds; null where nobody has seen it. */
  readonly atMs: number | null;
  readonly state: "done" | "now" | "ahead";
}

/** When each incident began to be healed and to be verified, by its id. */
export type StageTimes = ReadonlyMap<string, Readonly<Record<string, number>>>;

/** Reads the times of stages out of the log; the last of each kind counts, as healing may begin again. */
export function stageTimes(facts: readonly Fact[]): StageTimes {
  const times = new Map<string, Readonly<Record<string, number>>>();
  for (const { type, atMs, payload } of facts) {
    if (type !== "incident.healing" && type !== "incident.verifying") continue;
    const { id } = payload as { id?: unknown };
    if (typeof id !== "string") continue;
    times.set(id, { ...times.get(id), [type.slice("incident.".length)]: atMs });
  }
  return times;
}

export const isOpen = ({ endedAtMs }: Pick<Incident, "endedAtMs">): boolean => endedAtMs === null;

export interface ChosenIncident {
  readonly incident: Incident;
  /** Whether its story is told before anybody asks. */
  readonly isUnfolded: boolean;
}

/** Open ones that have a place. */
const MOST_OPEN = 30;
/** Those that have ended, beside them. */
const MOST_ENDED = 8;
/** Stories of open ones that are told at once. */
const MOST_UNFOLDED = 5;

/** The open ones first, then the newest of the others; `left` have no place. */
export function chosenIncidents(incidents: readonly Incident[]): {
  readonly shown: readonly ChosenIncident[];
  readonly left: number;
} {
  const open = incidents.filter(isOpen).slice(0, MOST_OPEN);
  const ended = incidents.filter((incident) => !isOpen(incident)).slice(0, MOST_ENDED);
  const shown = [...open, ...ended].map((incident, place) => ({
    incident,
    isUnfolded: place === 0 || (isOpen(incident) && place < MOST_UNFOLDED),
  }));
  return { shown, left: incidents.length - shown.length };
}

/** Who does what about it: what runs now, else what was done last; undefined before anybody acted. */
export function doingOf({ actions, component }: Incident): string | undefined {
  const action = actions.findLast(({ outcome }) => outcome === "running") ?? actions.at(-1);
  if (!action) return undefined;
  const { by, name } = action;
  const what = `${plain(name)} of ${plain(component)}`;
  return by === "playbook" ? `playbook ${what}` : `${what} by the ${by}`;
}

/** Opened, healing, verifying, and its end; before an end without a repair, what is known to have been. */
export function stagesOf(incident: Incident, times: StageTimes): readonly Stage[] {
  const seen = times.get(incident.id) ?? {};
  const { status, openedAtMs, endedAtMs, actions } = incident;
  const healingAtMs = seen["healing"] ?? actions[0]?.atMs ?? null;
  const order = ["opened", "healing", "verifying"];
  const here = endedAtMs === null ? order.indexOf(status) : order.length;
  const at = [openedAtMs, healingAtMs, seen["verifying"] ?? null];
  const end = endedAtMs === null ? "resolved" : status;
  const stages = [...order, end].map(
    (word, place): Stage => ({
      word,
      atMs: (place === order.length ? endedAtMs : at[place]) ?? null,
      state:
        place === here ? (endedAtMs === null ? "now" : "done") : place < here ? "done" : "ahead",
    }),
  );
  const isUnmended = end === "escalated" || end === "suppressed";
  return isUnmended ? stages.filter(({ atMs }) => atMs !== null) : stages;
}
