/** Is it well, what is being mended, and what waits for a person. */

import type { LiveSnapshot } from "kintsugi/live";

import { doingOf, isOpen } from "./incident-story.ts";
import type { Component, Incident, Run } from "./page-state.ts";
import { plain } from "./plain-text.ts";
import { shellWord } from "./shell-word.ts";
import { counted } from "./words.ts";

export interface Verdict {
  readonly tone: "well" | "mending" | "unwell" | "needs-you" | "unknown" | "stopped";
  /** The sentence without its end. */
  readonly sentence: string;
  /** Since when it is being mended, is stopped or was not heard of; null where none is so. */
  readonly sinceMs: number | null;
  readonly reason: string;
}

/** Something that waits for a person, with the command that shows or does more. */
export interface Need {
  readonly key: string;
  readonly kind: "component" | "incident" | "run" | "store";
  readonly title: string;
  readonly reason: string;
  readonly atMs: number | null;
  readonly command: string;
  /** Whether the program is held up by it now. */
  readonly isPressing: boolean;
}

/**
 * @param staleSinceMs When what is known was last true; null while the page is live.
 * @param wasStopped Whether the program ended on purpose then.
 */
export function verdictOf(
  board: LiveSnapshot,
  staleSinceMs: number | null = null,
  wasStopped = false,
): Verdict {
  if (staleSinceMs !== null) {
    return wasStopped ? stopped(staleSinceMs) : unknown(verdictOf(board), staleSinceMs);
  }
  const needs = needsOf(board);
  const pressing = needs.find(({ isPressing }) => isPressing);
  if (pressing) return needing(pressing, needs.length);
  const [newest, ...others] = board.incidents.filter(isOpen);
  if (newest) return mending(newest, others.length);
  return unwell(board) ?? (needs[0] ? needing(needs[0], needs.length) : wellOf(board));
}

export function needsOf(board: LiveSnapshot): readonly Need[] {
  return [
    ...storeNeeds(board),
    ...board.components.flatMap(componentNeed),
    ...board.incidents.flatMap((incident) => incidentNeed(incident, board)),
    ...board.runs.flatMap(runNeed),
  ];
}

function stopped(sinceMs: number): Verdict {
  const reason = "The page goes on by itself when the program is started again.";
  return { tone: "stopped", sentence: "The program was stopped", sinceMs, reason };
}

/** Nobody knows how it is now: the page says how it was, and for how long it has not heard. */
function unknown({ sentence }: Verdict, sinceMs: number): Verdict {
  const reason = `The last word was: ${sentence}. The page asks again by itself until it is answered.`;
  return { tone: "unknown", sentence: "The runtime does not answer", sinceMs, reason };
}

function needing(need: Need, all: number): Verdict {
  const more = all > 1 ? ` ${counted(all - 1, "other thing")} ${all > 2 ? "wait" : "waits"}.` : "";
  const end = /[.!?…]$/.test(need.reason) || need.reason === "" ? "" : ".";
  const reason = `${need.reason}${end}${more}`;
  return { tone: "needs-you", sentence: `Needs you: ${need.title}`, sinceMs: null, reason };
}

function mending(incident: Incident, others: number): Verdict {
  const { component, openedAtMs, summary, why } = incident;
  const doing = doingOf(incident) ?? `${plain(component)}, ${plain(incident.class)}`;
  const more = others > 0 ? `, and ${others} more` : "";
  return {
    tone: "mending",
    sentence: `Mending: ${doing}${more}`,
    sinceMs: openedAtMs,
    reason: plain(why ?? summary),
  };
}

function unwell({ program, components }: LiveSnapshot): Verdict | undefined {
  const { readiness, health } = program;
  const worst = components.find((component) => component.health.kind === health.kind);
  const [missing] = readiness.reasons;
  if (!readiness.ready) {
    const sentence = "Not ready for work";
    return { tone: "unwell", sentence, sinceMs: null, reason: plain(missing ?? "") };
  }
  if (health.kind === "healthy") return undefined;
  const who = worst ? `: ${plain(worst.name)}` : "";
  const sentence = `${health.kind[0]?.toUpperCase()}${health.kind.slice(1)}${who}`;
  return { tone: "unwell", sentence, sinceMs: null, reason: plain(health.reason) };
}

function wellOf({ program, components }: LiveSnapshot): Verdict {
  const { opened, healed } = program.healing;
  const parts =
    components.length === 0 ? "" : `${counted(components.length, "component")} healthy. `;
  const past =
    opened === 0
      ? "Nothing broke in the last 24 hours."
      : `${counted(opened, "fault")} in the last 24 hours, ${healed} mended without a person.`;
  return { tone: "well", sentence: "Well", sinceMs: null, reason: parts + past };
}

function storeNeeds({ program: { store } }: LiveSnapshot): readonly Need[] {
  const need = { key: "store", kind: "store", atMs: null, isPressing: true } as const;
  switch (store.kind) {
    case "open":
    case "closed":
      return [];
    case "full": {
      const reason = "Nothing new is accepted until there is room; it goes on by itself then.";
      return [{ ...need, title: "the disk is full", reason, command: "df -h" }];
    }
    case "failed": {
      const command = "npx kintsugi logs";
      return [{ ...need, title: "the store failed", reason: plain(store.message), command }];
    }
  }
}

function componentNeed({ name, phase, health, lastExit, restarts }: Component): readonly Need[] {
  if (phase !== "gave-up" && phase !== "crash-looping") return [];
  const isOver = phase === "gave-up";
  const title = `${plain(name)} ${isOver ? "gave up" : "crashes again and again"}`;
  const reason =
    (health.kind === "healthy" ? undefined : health.reason) ??
    (lastExit?.stderrTail || `It was restarted ${restarts} times.`);
  return [
    {
      key: `component ${name}`,
      kind: "component",
      title,
      reason: plain(reason),
      atMs: lastExit?.atMs ?? null,
      command: commandOn(isOver ? "restart" : "logs", name),
      isPressing: true,
    },
  ];
}

/** An escalated incident waits until the same trouble is mended after it, or asks for a person anew. */
function incidentNeed(
  incident: Incident,
  { incidents, components }: LiveSnapshot,
): readonly Need[] {
  const { id, key, status, component, summary, why, endedAtMs, openedAtMs } = incident;
  if (status !== "escalated") return [];
  const later = incidents
    .filter((each) => each.key === key && each.openedAtMs > openedAtMs)
    .filter((each) => each.status !== "suppressed"); // Nothing was done about such a one.
  const subject = components.find(({ name }) => name === component);
  // A component that is left alone waits already, and is the same trouble.
  if (later.length > 0 || (subject && componentNeed(subject).length > 0)) return [];
  return [
    {
      key: `incident ${id}`,
      kind: "incident",
      title: `nobody could mend ${plain(component)}`,
      reason: plain([summary, why].filter(Boolean).join("; ")),
      atMs: endedAtMs,
      command: commandOn("incidents", id),
      isPressing: subject !== undefined && subject.health.kind !== "healthy",
    },
  ];
}

function runNeed({ id, workflow, status, error, deadReason, endedAtMs }: Run): readonly Need[] {
  if (status !== "dead") return [];
  const what = deadReason === "quarantined" ? "was taken out after crashes" : "failed for good";
  const where = error?.step ? ` in step ${error.step}` : "";
  return [
    {
      key: `run ${id}`,
      kind: "run",
      title: `run ${plain(id)} ${what}`,
      reason: plain(error ? `${error.name}: ${error.message}${where}` : `workflow ${workflow}`),
      atMs: endedAtMs,
      command: commandOn("runs", id),
      isPressing: false,
    },
  ];
}

/** About one of them; a name that cannot be typed is left to the list. */
function commandOn(verb: string, name: string): string {
  const word = shellWord(name);
  return word === undefined ? "npx kintsugi status" : `npx kintsugi ${verb} ${word}`;
}
