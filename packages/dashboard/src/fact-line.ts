/** One fact as a line: about whom it is, and what it says. */

import type { Fact } from "./page-state.ts";
import { plain } from "./plain-text.ts";
import { count, span } from "./words.ts";

export interface FactLine {
  readonly about: string;
  readonly detail: string;
}

type Payload = Readonly<Record<string, unknown>>;

export function factLine({ type, payload }: Fact): FactLine {
  const said = payload as Payload;
  return { about: plain(aboutOf(type, said)), detail: plain(detailOf(said)) };
}

/** Whether what is shown of a fact holds `sought`, in any case of letters. */
export function matches(fact: Fact, sought: string): boolean {
  const { about, detail } = factLine(fact);
  const text = `#${fact.id} ${fact.type} ${about} ${detail}`.toLowerCase();
  return sought
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function aboutOf(type: string, payload: Payload): string {
  for (const field of ["component", "runId", "call", "circuit", "name"]) {
    const value = payload[field];
    if (typeof value === "string" && value !== "") return value;
  }
  const pid = payload["pid"];
  if (typeof pid === "number") return `pid ${pid}`;
  return type.split(".")[0] ?? "";
}

function detailOf(payload: Payload): string {
  const parts = [
    sentence(payload["summary"]),
    sentence(payload["why"]),
    sentence(payload["detail"]),
    reasonOf(payload["reason"]),
    change(payload["from"], payload["to"]),
    errorOf(payload["error"]),
    lasting("after", payload["durationMs"]),
    lasting("in", payload["delayMs"]),
    lasting("tried again in", payload["retryInMs"]),
    typeof payload["steps"] === "number" ? `${payload["steps"]} steps` : "",
    payload["adopted"] === true ? "adopted" : "",
    sentence(payload["stderrTail"]),
  ];
  return [...new Set(parts.filter((part) => part !== ""))].join("; ");
}

export interface EventsShown {
  /** Those on the page that the filter lets through; all of them without a filter. */
  readonly found: number;
  readonly kept: number;
  readonly isFiltered: boolean;
  /** Whether the log has some before those that the page has. */
  readonly hasOlder: boolean;
  readonly most: number;
}

/** What of the log stands in the list; empty where all of it does. */
export function eventsFoot({ found, kept, isFiltered, hasOlder, most }: EventsShown): string {
  if (isFiltered) {
    const shown = found > most ? `; the newest ${count(most)} are shown` : "";
    return `${count(found)} of the ${count(kept)} that this page has${shown}.`;
  }
  if (!hasOlder && kept <= most) return "";
  return `The newest ${count(Math.min(kept, most))}; older ones are in the log.`;
}

const sentence = (value: unknown): string => (typeof value === "string" ? value.trim() : "");

const lasting = (word: string, value: unknown): string =>
  typeof value === "number" ? `${word} ${span(value).replaceAll(" ", "\u00a0")}` : "";

function reasonOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (!isMap(value)) return "";
  const { kind, code, signal, message } = value;
  if (kind === "exited") return `exited with code ${code}`;
  if (kind === "signalled") return `ended by ${signal}`;
  return sentence(message) || sentence(kind);
}

function change(from: unknown, to: unknown): string {
  if (typeof from === "number" && typeof to === "number") return `${from} to ${to}`;
  const [before, after] = [kindOf(from), kindOf(to)];
  if (before === "" || after === "") return "";
  const reason = isMap(to) ? sentence(to["reason"]) : "";
  return `${before} to ${after}${reason && `: ${reason}`}`;
}

const kindOf = (value: unknown): string => sentence(isMap(value) ? value["kind"] : value);

function errorOf(value: unknown): string {
  if (!isMap(value)) return sentence(value);
  return [sentence(value["name"]), sentence(value["message"])].filter(Boolean).join(": ");
}

const isMap = (value: unknown): value is Payload =>
  typeof value === "object" && value !== null && !Array.isArray(value);
