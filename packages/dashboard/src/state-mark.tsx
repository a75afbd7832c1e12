/** State = shape + word + colour, as in the terminal: never by colour alone. */

import type { ReactElement } from "react";

import type { CallFigures, Component, Incident, Run } from "./page-state.ts";

export type Shape = "circle" | "diamond" | "triangle" | "square" | "ring" | "half";
/** `repair` is gold, and nothing else is. */
export type Tone = "ok" | "bad" | "note" | "quiet" | "repair";

export interface Mark {
  readonly shape: Shape;
  readonly tone: Tone;
  readonly word: string;
}

export function StateMark({ shape, tone, word }: Mark): ReactElement {
  return (
    <span className={`mark tone-${tone}`}>
      <Glyph shape={shape} />
      <span>{word}</span>
    </span>
  );
}

export function Glyph({ shape }: { readonly shape: Shape }): ReactElement {
  return (
    <svg className="glyph" viewBox="0 0 12 12" aria-hidden="true">
      {drawing(shape)}
    </svg>
  );
}

function drawing(shape: Shape): ReactElement {
  switch (shape) {
    case "circle":
      return <circle cx="6" cy="6" r="4.5" fill="currentColor" />;
    case "diamond":
      return <path d="M6 .8 11.2 6 6 11.2 .8 6z" fill="currentColor" />;
    case "triangle":
      return <path d="M6 1 11.4 10.7H.6z" fill="currentColor" />;
    case "square":
      return <rect x="1.5" y="1.5" width="9" height="9" fill="currentColor" />;
    case "ring":
      return <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" strokeWidth="1.5" />;
    case "half":
      return (
        <>
          <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" strokeWidth="1.5" />
          <path d="M6 2a4 4 0 0 0 0 8z" fill="currentColor" />
        </>
      );
  }
}

const healthMarks: Readonly<Record<Component["health"]["kind"], Mark>> = {
  healthy: { shape: "circle", tone: "ok", word: "healthy" },
  degraded: { shape: "diamond", tone: "note", word: "degraded" },
  critical: { shape: "triangle", tone: "bad", word: "critical" },
  failed: { shape: "square", tone: "bad", word: "failed" },
};

export const markOfHealth = ({ kind }: Component["health"]): Mark => healthMarks[kind];

/** @param isMended Whether an incident about it is open. */
export function markOfComponent({ phase, health, restarts }: Component, isMended: boolean): Mark {
  switch (phase) {
    case "gave-up":
      return { shape: "square", tone: "bad", word: "gave up" };
    case "crash-looping":
      return { shape: "triangle", tone: "bad", word: "crash-looping" };
    case "stopped":
      return { shape: "ring", tone: "quiet", word: "stopped" };
    case "stopping":
      return { shape: "ring", tone: isMended ? "repair" : "quiet", word: "stopping" };
    case "backing-off":
      return { shape: "half", tone: "repair", word: "restarting" };
    case "starting":
      return {
        shape: "half",
        tone: isMended || restarts > 0 ? "repair" : "quiet",
        word: "starting",
      };
    case "running":
      return isMended && health.kind !== "healthy"
        ? { shape: "half", tone: "repair", word: "healing" }
        : healthMarks[health.kind];
  }
}

const incidentMarks: Readonly<Record<Incident["status"], Mark>> = {
  opened: { shape: "triangle", tone: "bad", word: "opened" },
  healing: { shape: "half", tone: "repair", word: "healing" },
  verifying: { shape: "half", tone: "repair", word: "verifying" },
  resolved: { shape: "circle", tone: "ok", word: "resolved" },
  escalated: { shape: "square", tone: "bad", word: "escalated" },
  suppressed: { shape: "ring", tone: "quiet", word: "suppressed" },
};

export const markOfIncident = ({ status }: Pick<Incident, "status">): Mark => incidentMarks[status];

export function markOfRun({ status, waiting, deadReason }: Run): Mark {
  switch (status) {
    case "running":
      return {
        shape: waiting ? "ring" : "circle",
        tone: "note",
        word: waiting ? "waiting" : "running",
      };
    case "completed":
      return { shape: "circle", tone: "ok", word: "completed" };
    case "cancelled":
      return { shape: "ring", tone: "quiet", word: "cancelled" };
    case "dead":
      return {
        shape: "square",
        tone: "bad",
        word: deadReason === "quarantined" ? "quarantined" : "dead",
      };
  }
}

const circuitMarks: Readonly<Record<CallFigures["circuit"], Mark>> = {
  closed: { shape: "circle", tone: "ok", word: "closed" },
  open: { shape: "triangle", tone: "bad", word: "open" },
  "half-open": { shape: "diamond", tone: "note", word: "half-open" },
};

export const markOfCircuit = ({ circuit }: CallFigures): Mark => circuitMarks[circuit];

const actionMarks: Readonly<Record<Incident["actions"][number]["outcome"], Mark>> = {
  running: { shape: "half", tone: "repair", word: "running" },
  succeeded: { shape: "circle", tone: "ok", word: "succeeded" },
  failed: { shape: "square", tone: "bad", word: "failed" },
};

export const markOfAction = (outcome: Incident["actions"][number]["outcome"]): Mark =>
  actionMarks[outcome];
