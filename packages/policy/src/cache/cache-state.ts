/**
 * How an answer ages, and the life of the call that brings a new one.
 *
 *     fresh ── ttlMs ──▶ stale ── staleWhileRevalidateMs ──▶ old ── maxStaleMs ──▶ gone
 *
 * Fresh is answered; stale too, and renewed behind; old stands in for a call that failed. The two later
 * spans both count from the end of `ttlMs`.
 *
 * A flight is one call for all who ask for the same key meanwhile:
 *
 *     flying ─────────── it ends ───────────▶ landed
 *       │ │                                     ▲
 *       │ └── its key is deleted ──▶ outdated ──┘ it ends; its answer is not kept
 *       │                               │
 *       └─────── all have left ─────────┴─────▶ abandoned
 *
 * A flight that renews a stale answer needs nobody to wait for it.
 */

export interface CacheSpans {
  readonly ttlMs: number;
  readonly staleWhileRevalidateMs: number;
  readonly maxStaleMs: number;
}

export type Age = "fresh" | "stale" | "old" | "gone";

export function ageOf(storedMs: number, spans: CacheSpans, nowMs: number): Age {
  const staleForMs = nowMs - storedMs - spans.ttlMs;
  if (staleForMs < 0) return "fresh";
  if (staleForMs < spans.staleWhileRevalidateMs) return "stale";
  return staleForMs < spans.maxStaleMs ? "old" : "gone";
}

export type FlightState = Readonly<
  | { kind: "flying"; waiting: number; isRenewal: boolean }
  | { kind: "outdated"; waiting: number }
  | { kind: "landed" }
  | { kind: "abandoned" }
>;

/** With the one who asked; nobody waits for a renewal. */
export function takeOff(isRenewal: boolean): FlightState {
  return { kind: "flying", waiting: isRenewal ? 0 : 1, isRenewal };
}

/** One more waits. Only what is flying can be boarded: an outdated call may have read what was deleted. */
export function board(state: FlightState): FlightState {
  return state.kind === "flying" ? { ...state, waiting: state.waiting + 1 } : state;
}

/** One of those who wait has left. */
export function leave(state: FlightState): FlightState {
  switch (state.kind) {
    case "flying":
      return state.waiting === 1 && !state.isRenewal
        ? { kind: "abandoned" }
        : { ...state, waiting: state.waiting - 1 };
    case "outdated":
      return state.waiting === 1
        ? { kind: "abandoned" }
        : { kind: "outdated", waiting: state.waiting - 1 };
    case "landed":
    case "abandoned":
      return state;
  }
}

/** The key was deleted: those who wait still get the answer, and it is not kept. */
export function outdate(state: FlightState): FlightState {
  if (state.kind !== "flying") return state;
  return state.waiting === 0 ? { kind: "abandoned" } : { kind: "outdated", waiting: state.waiting };
}

/** The call has ended. */
export function land(state: FlightState): FlightState {
  return state.kind === "flying" || state.kind === "outdated" ? { kind: "landed" } : state;
}

/** Whether what the call comes to now may be kept. */
export const isKept = (state: FlightState): boolean => state.kind === "flying";
