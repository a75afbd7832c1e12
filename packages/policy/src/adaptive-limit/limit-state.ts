/**
 * A limit on calls at once that is learnt from how long they take.
 *
 *     measuring ── first window ──▶ steady ── probeIntervalMs under load ──▶ probing
 *                                     ▲                                        │
 *                                     └────── a window at half the limit ──────┘
 *
 * After each window of calls the limit becomes what the latency says that the other side can do:
 *
 *     gradient = baseline / latency, between 0.5 and 1
 *     limit    = limit * gradient + room for a short queue (its square root)
 *
 * This is the gradient limit of Netflix's concurrency-limits (GradientLimit.java: the bounds of the
 * gradient, the factor after drops, no growth below half the limit) with the room of Envoy's adaptive
 * concurrency filter. Under a steady overload a baseline that follows the latency, as in Netflix's
 * Gradient2, takes the queue for the normal case; so it is measured at half the limit, where no queue
 * stands, as BBR version 2 does in ProbeRTT.
 */

export type LimitState = Readonly<{
  kind: "measuring" | "steady" | "probing";
  /** A fraction is kept, so that small steps add up. */
  limit: number;
  /** Milliseconds that a call takes where nothing queues; Infinity until it is measured. */
  baselineMs: number;
  probeAtMs: number;
}>;

export interface LimitRules {
  readonly minLimit: number;
  readonly maxLimit: number;
  /** How much longer than the baseline a call may take before the limit shrinks. */
  readonly tolerance: number;
  /** Share of the way to a lower limit that one window goes. */
  readonly smoothing: number;
}

/** What the calls of one window came to. */
export interface LatencyWindow {
  /** Mean over the calls that succeeded, the slowest tenth left out; Infinity where none did. */
  readonly latencyMs: number;
  /** Share of the calls that failed as they do under overload. */
  readonly droppedShare: number;
  /** Most calls at once. */
  readonly mostInFlight: number;
}

/** More drops than this are no accident. */
const DROPPED_SHARE = 0.1;

const DROP_FACTOR = 0.9;

/** Shorter spans are one as good as the other: clocks tell no more, and nothing is no span to divide by. */
const SHORTEST_MS = 1 / 16;

export const unmeasured = (limit: number): LimitState => ({
  kind: "measuring",
  limit,
  baselineMs: Infinity,
  probeAtMs: 0,
});

/** How many calls may run at once. */
export function allowed(state: LimitState, { minLimit }: LimitRules): number {
  const share = state.kind === "probing" ? state.limit / 2 : state.limit;
  return Math.max(minLimit, Math.floor(share));
}

/** Takes in a window. `nextProbeAtMs` is when the baseline is measured again, if it has been now. */
export function learn(
  state: LimitState,
  rules: LimitRules,
  window: LatencyWindow,
  nowMs: number,
  nextProbeAtMs: number,
): LimitState {
  const { kind, limit, baselineMs } = state;
  const { latencyMs } = window;
  const isQuiet = window.mostInFlight <= limit / 2;
  const isMeasured = kind === "probing" || (isQuiet && nowMs >= state.probeAtMs);
  if (latencyMs !== Infinity && (isMeasured || kind === "measuring")) {
    return { kind: "steady", limit, baselineMs: latencyMs, probeAtMs: nextProbeAtMs };
  }
  const next: LimitState = {
    ...state,
    kind: kind === "probing" ? "steady" : kind,
    limit: adapted(limit, baselineMs, rules, window, isQuiet),
    baselineMs: Math.min(baselineMs, latencyMs),
  };
  return next.kind === "steady" && nowMs >= next.probeAtMs ? { ...next, kind: "probing" } : next;
}

function adapted(
  limit: number,
  baselineMs: number,
  { minLimit, maxLimit, tolerance, smoothing }: LimitRules,
  { latencyMs, droppedShare }: LatencyWindow,
  isQuiet: boolean,
): number {
  if (droppedShare >= DROPPED_SHARE) return Math.max(minLimit, limit * DROP_FACTOR);
  if (isQuiet || baselineMs === Infinity) return limit; // Nobody needs more, or nothing is known.
  const slowdown = Math.max(latencyMs, SHORTEST_MS) / Math.max(baselineMs, SHORTEST_MS);
  const gradient = Math.max(0.5, Math.min(1, tolerance / slowdown));
  const goal = limit * gradient + Math.sqrt(limit);
  const next = goal < limit ? limit + smoothing * (goal - limit) : goal;
  return Math.max(minLimit, Math.min(maxLimit, next));
}
