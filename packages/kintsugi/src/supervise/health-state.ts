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

/**
 * Silence that is worth a word: three beats, as one is jitter and two are a busy moment. However fast it
 * beats: on a busy machine a program may not get its turn for a second.
 */
export const degradedAfterMs = (heartbeatMs: number): number => Math.max(3 * heartbeatMs, 1_500);

/** Five beats: five seconds at one a second, when the heartbeat trigger takes it for lost as well. */
export const criticalAfterMs = (heartbeatMs: number): number => Math.max(5 * heartbeatMs, 2_500);

export const healthy: Health = { kind: "healthy" };

/** Reasons name thresholds, not the time so far: the same trouble keeps the same words. */
export function healthOf(condition: Condition): Health {
  const { phase, failure, ownWord } = condition;
  switch (phase) {
    case "running":
      return worse(ownWord, silence(condition));
    case "starting":
      return worse(beginning(condition), silence(condition));
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

function beginning({ failure, waitsFor }: Condition): Health {
  if (failure) return { kind: "critical", reason: `It ${failure}, and is starting again` };
  const reason = waitsFor ? `It waits for "${waitsFor}"` : "It is starting";
  return { kind: "degraded", reason };
}

function silence({ silentMs, heartbeatMs }: Condition): Health {
  const reason = (limitMs: number): string => `No sign of life for more than ${limitMs} ms`;
  const criticalMs = criticalAfterMs(heartbeatMs);
  const degradedMs = degradedAfterMs(heartbeatMs);
  if (silentMs === null || silentMs <= degradedMs) return healthy;
  return silentMs > criticalMs
    ? { kind: "critical", reason: reason(criticalMs) }
    : { kind: "degraded", reason: reason(degradedMs) };
}
