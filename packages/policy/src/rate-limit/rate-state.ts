/**
 * What a limiter may admit, as plain data and pure functions: the rules that the fast one is held to by
 * its tests.
 *
 *            a budget is spent               told to wait
 *     open ─────────────────────▶ spent ─────────────────────▶ paused ◀──── told to wait ──── open
 *      ▲                            │                            │
 *      └── what was spent is old ───┘                            └──── the pause is over ───▶ open, spent
 *
 * Two rules hold for each budget. The window: within any span of `perMs` no more than `amount` is spent.
 * The pace, where not all of it may be spent at once: the generic cell rate algorithm (ITU-T I.371,
 * annex A; the virtual scheduling form), which is a leaky bucket kept as one time.
 */

export interface Budget {
  /** What is counted: each call as one, or what a call says it costs. */
  readonly unit: "requests" | "tokens";
  readonly amount: number;
  /** Milliseconds of the window. */
  readonly perMs: number;
}

/** Something that was spent: reserved at `atMs`, and settled for what it came to. */
export type Spending = Readonly<{ atMs: number; tokens: number; requests: number }>;

export type RateState = Readonly<{ spendings: readonly Spending[]; pausedUntilMs: number }>;

export const unspent: RateState = { spendings: [], pausedUntilMs: 0 };

/** What the window of a budget holds at `nowMs`. */
export function spentWithin(state: RateState, budget: Budget, nowMs: number): number {
  return state.spendings
    .filter(({ atMs }) => atMs > nowMs - budget.perMs)
    .reduce((sum, spending) => sum + spending[budget.unit], 0);
}

/** Whether a call of this cost may start; `spent` also when only this one is too dear. */
export function phaseOf(
  state: RateState,
  budgets: readonly Budget[],
  tokens: number,
  nowMs: number,
): "open" | "spent" | "paused" {
  if (nowMs < state.pausedUntilMs) return "paused";
  const asked = { requests: 1, tokens };
  const fits = (budget: Budget): boolean =>
    spentWithin(state, budget, nowMs) + asked[budget.unit] <= budget.amount;
  return budgets.every(fits) ? "open" : "spent";
}

/** How fast a budget may be spent. */
export interface Pace {
  /** Milliseconds that one unit takes. */
  readonly unitMs: number;
  /** Milliseconds by which spending may run ahead: all that may be spent at once. */
  readonly aheadMs: number;
}

/**
 * Milliseconds until `cost` keeps the pace; 0 where it does already. What is dearer than all that may be spent at once
 * goes when nothing else has run ahead: it is paid for afterwards.
 */
export function paceWaitMs(dueMs: number, pace: Pace, cost: number, nowMs: number): number {
  const neededMs = Math.min(cost * pace.unitMs, pace.aheadMs);
  return Math.max(0, Math.max(dueMs, nowMs) + neededMs - pace.aheadMs - nowMs);
}

/** When everything spent so far is paid for, with `cost` on top; a negative cost gives back. */
export function paced(dueMs: number, pace: Pace, cost: number, nowMs: number): number {
  return Math.max(dueMs, nowMs) + cost * pace.unitMs;
}
