/** The supervisor's facts, read where they come out of the log. */

import { causeOf, type ExitReason } from "../host/index.ts";
import type { Fact } from "../store/index.ts";
import { shortText } from "./words.ts";

/** An exit that nobody had asked for. */
export interface Crash {
  readonly factId: number;
  readonly atMs: number;
  readonly component: string;
  /** How it ended, as the end of a sentence: "with exit code 1". */
  readonly manner: string;
  /** The line of its last words on stderr that says why; "" when there is none. */
  readonly lastWords: string;
}

/** Undefined when the fact is no crash. */
export function readCrash({ id, type, atMs, payload }: Fact): Crash | undefined {
  if (type !== "component.exited") return undefined;
  const { component, expected, reason, stderrTail } = payload as Partial<{
    component: unknown;
    expected: unknown;
    reason: ExitReason;
    stderrTail: unknown;
  }>;
  if (typeof component !== "string" || expected !== false || !reason) return undefined;
  const lastWords = shortText(causeOf(typeof stderrTail === "string" ? stderrTail : ""), 200);
  return { factId: id, atMs, component, manner: mannerOf(reason), lastWords };
}

/** Name of the component that somebody has stopped; undefined when the fact says something else. */
export function readStopped({ type, payload }: Fact): string | undefined {
  if (type !== "component.stopped") return undefined;
  const { component } = payload as { readonly component?: unknown };
  return typeof component === "string" ? component : undefined;
}

function mannerOf(reason: ExitReason): string {
  switch (reason.kind) {
    case "exited":
      return `with exit code ${reason.code}`;
    case "signalled":
      return `by signal ${reason.signal}`;
    case "spawn-failed":
      return `before it began: ${reason.message}`;
    case "unknown":
      return "for a reason that nobody saw";
  }
}
