/**
 * Whether errors come in a burst:
 *
 *     calm ── as many errors as the rule says, within its window ──▶ burst
 *      ▲                                                              │
 *      └────────── no more than half as many are left in it ──────────┘
 *
 * Half, so that a service at the brink does not begin and end a burst with every request.
 */

export interface BurstRules {
  /** Errors that make a burst, a whole number from 1. */
  readonly errors: number;
  readonly windowMs: number;
}

export type BurstState =
  | { readonly kind: "calm"; readonly errorsMs: readonly number[] }
  | { readonly kind: "burst"; readonly sinceMs: number; readonly errorsMs: readonly number[] };

export const calm: BurstState = { kind: "calm", errorsMs: [] };

/** An error has happened. */
export function afterError(state: BurstState, rules: BurstRules, nowMs: number): BurstState {
  const errorsMs = [...recent(state, rules, nowMs), nowMs].slice(-rules.errors);
  if (state.kind === "burst") return { ...state, errorsMs };
  return errorsMs.length < rules.errors
    ? { kind: "calm", errorsMs }
    : { kind: "burst", sinceMs: nowMs, errorsMs };
}

/** Time has passed. */
export function asOf(state: BurstState, rules: BurstRules, nowMs: number): BurstState {
  const errorsMs = recent(state, rules, nowMs);
  if (errorsMs.length === state.errorsMs.length) return state;
  return state.kind === "burst" && errorsMs.length > half(rules)
    ? { ...state, errorsMs }
    : { kind: "calm", errorsMs };
}

/** When a burst will be over, if no error follows; Infinity where there is none. */
export function calmAtMs(state: BurstState, rules: BurstRules): number {
  if (state.kind === "calm") return Infinity;
  const last = state.errorsMs[state.errorsMs.length - half(rules) - 1];
  return (last ?? state.sinceMs) + rules.windowMs;
}

const half = ({ errors }: BurstRules): number => Math.floor(errors / 2);

const recent = (state: BurstState, rules: BurstRules, nowMs: number): readonly number[] =>
  state.errorsMs.filter((errorMs) => errorMs > nowMs - rules.windowMs);
