/** What happens, a line each, while `up` looks on. */

import type { StreamEvent } from "../server/client/index.ts";
import type { WatchdogEvent } from "../watchdog/index.ts";
import { clockTime, shortened, span } from "./text.ts";

/** Undefined for what is not worth a line. */
export function watchdogLine({ type, atMs, payload }: WatchdogEvent): string | undefined {
  const { pid, detail, stderrTail, retryInMs } = payload;
  switch (type) {
    case "runtime.crashed":
    case "runtime.hung":
      // What ended it is told once, also where the detail names it already.
      return line(atMs, type, `pid ${pid}`, [
        detail,
        String(detail).includes(String(stderrTail)) ? "" : stderrTail,
      ]);
    case "watchdog.adopted":
      return line(atMs, type, `pid ${pid}`, []);
    case "runtime.crash-looping":
      return line(atMs, type, "", [`it is tried again in ${span(Number(retryInMs))}`]);
    // A start is worth a line when it is ready; an end is told by the goodbye, in its own words.
    case "runtime.refused":
    case "watchdog.stopped":
    case "runtime.started":
    case "watchdog.started":
    case "runtime.stopped":
      return undefined;
  }
}

/** Letters of an error that are worth a line; the rest is a command away. */
const MOST_OF_ERROR = 200;

/** Undefined for what is not worth a line. */
export function factLine(event: StreamEvent): string | undefined {
  if (event.kind === "truncated") return undefined;
  const { type, atMs, payload } = event.fact;
  const fields = payload as Readonly<Record<string, unknown>>;
  if (type === "run.dead") return deadRunLine(atMs, fields);
  return type.startsWith("incident.") ? incidentLine(type, atMs, fields) : undefined;
}

function incidentLine(
  type: string,
  atMs: number,
  fields: Readonly<Record<string, unknown>>,
): string {
  const { component, summary, why, openedAtMs, endedAtMs } = fields;
  const tookMs = Number(endedAtMs) - Number(openedAtMs);
  const took = typeof endedAtMs === "number" ? `after ${span(tookMs)}` : "";
  return line(atMs, type, String(component), [summary, why, took]);
}

function deadRunLine(atMs: number, fields: Readonly<Record<string, unknown>>): string {
  const { runId, workflow, error } = fields;
  const { name, message } = (error ?? {}) as {
    readonly name?: unknown;
    readonly message?: unknown;
  };
  const said = name === undefined ? "" : shortened(`${name}: ${message}`, MOST_OF_ERROR);
  return line(atMs, "run.dead", String(runId), [`workflow ${workflow}`, said]);
}

function line(atMs: number, type: string, about: string, details: readonly unknown[]): string {
  const said = details.filter((each) => typeof each === "string" && each !== "").join("; ");
  return [clockTime(atMs), type.padEnd(22), about, said].filter((part) => part !== "").join("  ");
}
