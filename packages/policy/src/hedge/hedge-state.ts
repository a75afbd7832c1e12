/**
 * A race of attempts at one call, and the pure functions that lead it to its end.
 *
 *       ┌── slow: one more ──┐
 *       ▼                    │
 *     racing ────────────────┘
 *       │
 *       ├── one succeeds ───────────────────────────────▶ won
 *       ├── the last one out fails, or one for good ────▶ failed
 *       └── the caller leaves ──────────────────────────▶ left
 *
 * A hedge starts beside an attempt that is slow, never after one that failed: that is a retry's work.
 */

export type RaceState = Readonly<
  | { kind: "racing"; started: number; out: number }
  | { kind: "won"; winner: number }
  /** `by` is the attempt whose error is the call's. */
  | { kind: "failed"; by: number }
  | { kind: "left" }
>;

/** Attempts count from 1, which is the call itself. */
export const atStart: RaceState = { kind: "racing", started: 1, out: 1 };

const left: RaceState = { kind: "left" };
const wonByFirst: RaceState = { kind: "won", winner: 1 };

/** Whether another attempt may start beside those that are out. */
export function mayHedge(state: RaceState, maxHedges: number): boolean {
  return state.kind === "racing" && state.started <= maxHedges;
}

/** One more attempt is on its way; the same state where none may be. */
export function hedge(state: RaceState, maxHedges: number): RaceState {
  if (state.kind !== "racing" || !mayHedge(state, maxHedges)) return state;
  return { kind: "racing", started: state.started + 1, out: state.out + 1 };
}

/** The first success ends the race; what comes later is old news. */
export function succeed(state: RaceState, attempt: number): RaceState {
  if (state.kind !== "racing") return state;
  return attempt === 1 ? wonByFirst : { kind: "won", winner: attempt };
}

/**
 * An attempt has failed; `isFinal` when the others cannot end better. Where all have failed, the error of
 * the first is the call's: what a caller catches does not depend on whether the call was hedged.
 */
export function fail(state: RaceState, attempt: number, isFinal: boolean): RaceState {
  if (state.kind !== "racing") return state;
  if (isFinal) return { kind: "failed", by: attempt };
  if (state.out === 1) return { kind: "failed", by: 1 };
  return { kind: "racing", started: state.started, out: state.out - 1 };
}

export function leave(state: RaceState): RaceState {
  return state.kind === "racing" ? left : state;
}
