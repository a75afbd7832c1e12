/**
 * The states of a circuit, and the two pure functions that lead from one to the next.
 *
 *     closed ─── the window holds too much ──────────▶ open ◀────────┐
 *       ▲                                                │           │
 *       │                                         after its time     │ a trial fails, or is slow
 *       │                                                ▼           │
 *       └────── successThreshold trials succeed ──── half-open ──────┘
 *
 * A circuit that has just closed may have a ramp: it admits as many calls at once as have succeeded since
 * the trials began, until there have been `rampCalls` of them. A reset closes it from everywhere, without
 * a ramp. Isolation and the mode are no states: they lie above all three and leave them be.
 *
 * The three states are those of M. Nygard, "Release It!" (2007), chapter 5; the windows, the slow calls and
 * the number of trials those of Resilience4j (https://resilience4j.readme.io/docs/circuitbreaker).
 *
 * A state is plain data: it can be tested without waiting and drawn on a dashboard. Its times are
 * monotonic, so it outlives its process only in the form that {@link toStored} gives it.
 */

import type { Clock, Need, Outcome } from "../base/index.ts";
import { isTooMuch, type Tally, type TallyLimits } from "./window-state.ts";

/**
 * `epoch` grows by one with every transition, so that a late result is known for what it is. `openings`
 * counts how often it has opened without being whole between: that lengthens the time.
 */
export type CircuitState = Readonly<
  | { kind: "closed"; epoch: number; failures: number; ramp?: Ramp }
  | { kind: "open"; epoch: number; openedMs: number; untilMs: number; openings: number }
  | {
      kind: "half-open";
      epoch: number;
      leases: readonly number[];
      successes: number;
      openings: number;
    }
>;

/** Where a circuit stands that lets in its calls by and by; `leases` are the ends of those that run. */
export type Ramp = Readonly<{ successes: number; leases: readonly number[]; openings: number }>;

/**
 * A state that another process can take up: `openedAtMs` and `trialAtMs` are epoch times, and calls that
 * run are left out. Older versions have told neither `openedAtMs` nor `openings`.
 */
export type StoredCircuit = Readonly<
  | { kind: "closed"; epoch: number; failures: number; ramp?: StoredRamp }
  | { kind: "open"; epoch: number; trialAtMs: number; openedAtMs?: number; openings?: number }
  | { kind: "half-open"; epoch: number; successes: number; openings?: number }
>;

type StoredRamp = Readonly<{ successes: number; openings: number }>;

export interface CircuitLimits extends TallyLimits {
  readonly successThreshold: number;
  readonly timeoutMs: number;
  readonly openMultiplier: number;
  readonly maxOpenMs: number;
  readonly leaseMs: number;
  readonly rampCalls: number;
  /** Monotonic; before it no failure opens the circuit. */
  readonly warmUntilMs: number;
}

/** What an admitted call holds until it settles; at `leaseEndMs` it loses its place. */
export type Permit = Readonly<{ epoch: number; leaseEndMs: number }>;

/** How a call ended. */
export interface End {
  readonly outcome: Outcome;
  readonly isSlow: boolean;
  /** Milliseconds that the other side asks to be left alone. */
  readonly retryAfterMs?: number | undefined;
}

type Admission = Readonly<
  | { admitted: true; state: CircuitState; permit: Permit }
  | { admitted: false; retryAfterMs: number }
>;

const NOT_YET: Admission = { admitted: false, retryAfterMs: 0 };

/** Decides whether a call may start now. */
export function admit(state: CircuitState, limits: CircuitLimits, nowMs: number): Admission {
  switch (state.kind) {
    case "closed": {
      const { epoch, ramp } = state;
      if (!ramp) return { admitted: true, state, permit: { epoch, leaseEndMs: Infinity } };
      const leases = held(ramp.leases, nowMs);
      return leases.length < ramp.successes
        ? lease(
            state,
            (more) => ({ ...state, ramp: { ...ramp, leases: more } }),
            leases,
            limits,
            nowMs,
          )
        : NOT_YET;
    }
    case "open":
      return nowMs < state.untilMs
        ? { admitted: false, retryAfterMs: Math.ceil(state.untilMs - nowMs) }
        : admitTrial(halfOpen(state.epoch + 1, 0, state.openings), [], limits, nowMs);
    case "half-open": {
      const leases = held(state.leases, nowMs);
      return leases.length + state.successes < limits.successThreshold
        ? admitTrial(state, leases, limits, nowMs)
        : NOT_YET;
    }
  }
}

/**
 * Takes in how a call ended, whose mark is in the window by now. A call that outlived its lease has lost
 * its place, not its vote.
 */
export function settle(
  state: CircuitState,
  limits: CircuitLimits,
  nowMs: number,
  permit: Permit,
  end: End,
  window: Tally,
): CircuitState {
  if (permit.epoch !== state.epoch) return state; // A straggler from an earlier state is old news.
  switch (state.kind) {
    case "open":
      return state;
    case "closed": {
      const isLearnt = end.outcome !== "ignore";
      if (isLearnt && nowMs >= limits.warmUntilMs && isTooMuch(window, limits)) {
        return opened(state.epoch, (state.ramp?.openings ?? 0) + 1, limits, nowMs, end);
      }
      const { ramp, ...rest } = state;
      const failures = window.failures;
      const climbed = ramp && climb(ramp, limits, permit, end);
      return climbed ? { ...rest, failures, ramp: climbed } : { ...rest, failures };
    }
    case "half-open": {
      const { epoch, openings } = state;
      if (isBad(end)) return opened(epoch, openings + 1, limits, nowMs, end);
      const successes = end.outcome === "success" ? state.successes + 1 : state.successes;
      return successes < limits.successThreshold
        ? { ...state, leases: without(state.leases, permit.leaseEndMs), successes }
        : whole(epoch + 1, limits, { successes, leases: [], openings });
    }
  }
}

/** The form to store. Epoch times are whole, and rounded up so that no trial starts too early. */
export function toStored(state: CircuitState, clock: Clock): StoredCircuit {
  switch (state.kind) {
    case "closed": {
      const { ramp, ...rest } = state;
      if (!ramp) return rest;
      return { ...rest, ramp: { successes: ramp.successes, openings: ramp.openings } };
    }
    case "open": {
      const { kind, epoch, openedMs, untilMs, openings } = state;
      const shiftMs = clock.epochMs() - clock.monotonicMs();
      const trialAtMs = Math.ceil(shiftMs + untilMs);
      return { kind, epoch, openedAtMs: Math.ceil(shiftMs + openedMs), trialAtMs, openings };
    }
    case "half-open": {
      const { kind, epoch, successes, openings } = state;
      return { kind, epoch, successes, openings };
    }
  }
}

export const aStoredCircuit: Need = {
  words: "what toJSON() of a circuit breaker gave",
  fits: (value) => {
    const { kind, epoch, failures, successes, trialAtMs } = Object(value) as Record<
      string,
      unknown
    >;
    const figure = { closed: failures, open: trialAtMs, "half-open": successes }[String(kind)];
    return Number.isSafeInteger(epoch) && Number.isFinite(figure);
  },
};

/**
 * A stored state as a new process finds it. Wall clocks jump: an open circuit waits no longer than it
 * would have without the restart.
 */
export function revive(stored: StoredCircuit, limits: CircuitLimits, clock: Clock): CircuitState {
  switch (stored.kind) {
    case "closed": {
      const { kind, epoch, failures, ramp } = stored;
      if (!ramp) return { kind, epoch, failures };
      return fit({ kind, epoch, failures, ramp: { ...ramp, leases: [] } }, limits);
    }
    case "open": {
      const { kind, epoch, trialAtMs, openings = 1 } = stored;
      const { openedAtMs = trialAtMs - limits.timeoutMs } = stored;
      const openMs = Math.min(trialAtMs - openedAtMs, limits.maxOpenMs);
      const leftMs = Math.min(trialAtMs - clock.epochMs(), openMs);
      const untilMs = clock.monotonicMs() + leftMs;
      return { kind, epoch, openedMs: untilMs - openMs, untilMs, openings };
    }
    case "half-open":
      return fit(halfOpen(stored.epoch, stored.successes, stored.openings ?? 1), limits);
  }
}

/** A state under new limits: what they make whole is whole, as it would never be else. */
export function fit(state: CircuitState, limits: CircuitLimits): CircuitState {
  if (state.kind === "half-open") {
    const { epoch, successes, openings } = state;
    const isProven = successes >= limits.successThreshold;
    return isProven ? whole(epoch + 1, limits, { successes, leases: [], openings }) : state;
  }
  if (state.kind === "open" || !state.ramp || state.ramp.successes < limits.rampCalls) return state;
  const { ramp: _, ...rest } = state;
  return rest;
}

/**
 * Open for all who share it, for so many milliseconds more; 0 where its time is over. One that is open by
 * itself stays so for longer, where its own time is longer.
 */
export function openedForAll(
  state: CircuitState,
  { maxOpenMs }: CircuitLimits,
  nowMs: number,
  { leftMs, openings }: Readonly<{ leftMs: number; openings: number }>,
): CircuitState {
  const untilMs = nowMs + Math.min(Math.max(Math.ceil(leftMs), 0), maxOpenMs);
  if (state.kind === "open")
    return { ...state, untilMs: Math.max(state.untilMs, untilMs), openings };
  return { kind: "open", epoch: state.epoch + 1, openedMs: nowMs, untilMs, openings };
}

/** Closed for all who share it, by trials wherever they were made. */
export function closedForAll(state: CircuitState, limits: CircuitLimits): CircuitState {
  if (state.kind === "closed") return state;
  const { epoch, openings } = state;
  return whole(epoch + 1, limits, { successes: limits.successThreshold, leases: [], openings });
}

/** Closed and with nothing against it, whatever it was; calls that are still out are old news. */
export function reset(state: CircuitState): CircuitState {
  return closed(state.epoch + 1);
}

type Closed = Extract<CircuitState, { kind: "closed" }>;
type HalfOpen = Extract<CircuitState, { kind: "half-open" }>;

export const closed = (epoch: number): Closed => ({ kind: "closed", epoch, failures: 0 });

const halfOpen = (epoch: number, successes: number, openings: number): HalfOpen => ({
  kind: "half-open",
  epoch,
  leases: [],
  successes,
  openings,
});

/** Longer each time, up to the longest; an answer that asks for more is heeded as far as that. */
function opened(
  epoch: number,
  openings: number,
  limits: CircuitLimits,
  nowMs: number,
  { retryAfterMs = 0 }: End,
): CircuitState {
  const { timeoutMs, openMultiplier, maxOpenMs } = limits;
  const ownMs = timeoutMs * openMultiplier ** (openings - 1);
  const openMs = Math.min(Math.ceil(Math.max(ownMs, retryAfterMs)), maxOpenMs);
  return { kind: "open", epoch: epoch + 1, openedMs: nowMs, untilMs: nowMs + openMs, openings };
}

/** Closed by its trials. */
function whole(epoch: number, { rampCalls }: CircuitLimits, ramp: Ramp): CircuitState {
  return ramp.successes < rampCalls ? { ...closed(epoch), ramp } : closed(epoch);
}

/** A call on the ramp has ended; undefined at the top. */
function climb(
  ramp: Ramp,
  { rampCalls }: CircuitLimits,
  { leaseEndMs }: Permit,
  { outcome }: End,
): Ramp | undefined {
  const successes = outcome === "success" ? ramp.successes + 1 : ramp.successes;
  if (successes >= rampCalls) return undefined;
  return { ...ramp, successes, leases: without(ramp.leases, leaseEndMs) };
}

/** Whether a trial speaks against the dependency: half-open, one is enough. */
function isBad({ outcome, isSlow }: End): boolean {
  return outcome === "failure" || (outcome === "success" && isSlow);
}

function admitTrial(
  state: HalfOpen,
  leases: readonly number[],
  limits: CircuitLimits,
  nowMs: number,
): Admission {
  return lease(state, (more) => ({ ...state, leases: more }), leases, limits, nowMs);
}

function lease(
  { epoch }: CircuitState,
  withLeases: (leases: readonly number[]) => CircuitState,
  leases: readonly number[],
  { leaseMs }: CircuitLimits,
  nowMs: number,
): Admission {
  const leaseEndMs = nowMs + leaseMs;
  const state = withLeases([...leases, leaseEndMs]);
  return { admitted: true, state, permit: { epoch, leaseEndMs } };
}

const held = (leases: readonly number[], nowMs: number): readonly number[] =>
  leases.filter((endMs) => nowMs < endMs);

/** Gives back one place. Leases that end at the same moment are one as good as the other. */
function without(leases: readonly number[], leaseEndMs: number): readonly number[] {
  const index = leases.indexOf(leaseEndMs);
  return index < 0 ? leases : leases.toSpliced(index, 1);
}
