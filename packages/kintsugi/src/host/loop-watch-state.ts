/**
 * What the watching thread knows of the loop beside it.
 *
 *     turning ── no beat for reportMs ──▶ stalled
 *        ▲                                   │
 *        └──────────── a beat ───────────────┘
 *
 * Silence is counted in looks, not read off a clock: a look that comes late was held up itself, so all
 * were (a starved machine, a stopped process), and it counts for little more than one that is in time.
 */

interface LoopState {
  readonly kind: "turning" | "stalled";
  /** The counter as it stood at the last look. */
  readonly beats: number;
  readonly lookedAtMs: number;
  readonly silentMs: number;
}

export interface LoopLimits {
  /** Time between two beats, and between two looks. */
  readonly beatMs: number;
  /** Silence that counts as a stall. */
  readonly reportMs: number;
}

export const turning = (beats: number, nowMs: number): LoopState => ({
  kind: "turning",
  beats,
  lookedAtMs: nowMs,
  silentMs: 0,
});

/** Takes in what the counter says now. */
export function look(
  state: LoopState,
  limits: LoopLimits,
  nowMs: number,
  beats: number,
): LoopState {
  if (beats !== state.beats) return turning(beats, nowMs);
  const passedMs = Math.min(nowMs - state.lookedAtMs, 2 * limits.beatMs);
  const silentMs = state.silentMs + passedMs;
  const kind = silentMs < limits.reportMs ? "turning" : "stalled";
  return { kind, beats, lookedAtMs: nowMs, silentMs };
}
