/** Health from what is known of a component: where it stands, how long it was silent, what it says. */

import type { ComponentPhase, Health } from "./types.ts";

export interface Condition {
  readonly phase: ComponentPhase;
  /** Time since its last sign of life; null where none is expected. */
  readonly silentMs: number | null;
  readonly heartbeatMs: number;
  /** What it says of itself. */
  readonly ownWord: Health;
  /** How it went down; null while it has not. */
  readonly failure: string | null;
  /** A component that has to run before this one can start. */
  readonly waitsFor: string | undefined;
}

/** Beats that may be missing before silence is worth a word: one is jitter, two are a busy moment. */
export const DEGRADED_BEATS = 3;

/** Five seconds at one beat a second: when the heartbeat trigger takes a component for lost as well. */
export const CRITICAL_BEATS = 5;

export const healthy: Health = { kind: "healthy" };

/** Reasons name thresholds, not the time so far: the same trouble keeps the same words. */
export function healthOf(condition: Condition): Health {
  const { phase, failure, waitsFor, ownWord } = condition;
  switch (phase) {
    case "running":
      return worse(ownWord, silence(condition));
    case "starting":
      return worse(
        { kind: "degraded", reason: waitsFor ? `It waits for "${waitsFor}"` : "It is starting" },
        silence(condition),
      );
    case "stopping":
      return { kind: "degraded", reason: "It is stopping" };
    case "stopped":
      return failure ? { kind: "failed", reason: `It ${failure}, and is not restarted` } : healthy;
    case "backing-off":
      return { kind: "critical", reason: `It ${failure}, and is restarted soon` };
    case "crash-looping":
      return { kind: "failed", reason: `It keeps dying: it ${failure}` };
    case "gave-up":
      return { kind: "failed", reason: `It needs a person: it ${failure}` };
  }
}

const RANK: Readonly<Record<Health["kind"], number>> = {
  healthy: 0,
  degraded: 1,
  critical: 2,
  failed: 3,
};

/** The worse of two, the first where they are alike. */
const worse = (one: Health, other: Health): Health =>
  RANK[other.kind] > RANK[one.kind] ? other : one;

function silence({ silentMs, heartbeatMs }: Condition): Health {
  if (silentMs === null || silentMs <= DEGRADED_BEATS * heartbeatMs) return healthy;
  const isCritical = silentMs > CRITICAL_BEATS * heartbeatMs;
  const limitMs = (isCritical ? CRITICAL_BEATS : DEGRADED_BEATS) * heartbeatMs;
  const reason = `No sign of life for more than ${limitMs} ms`;
  return { kind: isCritical ? "critical" : "degraded", reason };
}
