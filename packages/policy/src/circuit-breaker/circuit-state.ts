/**
 * The states of a circuit, and the two pure functions that lead from one to the next.
 *
 *     closed ─── failureThreshold failures in a row ───▶ open ◀────────┐
 *       ▲                                                 │            │
 *       │                                           after timeout      │ a trial fails
 *       │                                                 ▼            │
 *       └─────── successThreshold trials succeed ──── half-open ───────┘
 *
 * A reset closes it from everywhere. Isolation is no state: it lies above all three and leaves them be.
 *
 * A state is plain data: it can be tested without waiting and drawn on a dashboard. Its times are
 * monotonic, so it outlives its process only in the form that {@link toStored} gives it.
 */

import type { Clock, Outcome } from "../base/index.ts";

/** `epoch` grows by one with every transition, so that a late result is known for what it is. */
export type CircuitState = Readonly<
  | { kind: "closed"; epoch: number; failures: number }
  | { kind: "open"; epoch: number; untilMs: number }
  | { kind: "half-open"; epoch: number; leases: readonly number[]; successes: number }
>;

/** A state that another process can take up: `trialAtMs` is an epoch time, and trials are left out. */
export type StoredCircuit = Readonly<
  | { kind: "closed"; epoch: number; failures: number }
  | { kind: "open"; epoch: number; trialAtMs: number }
  | { kind: "half-open"; epoch: number; successes: number }
>;

export interface CircuitLimits {
  readonly failureThreshold: number;
  readonly successThreshold: number;
  readonly timeoutMs: number;
  readonly leaseMs: number;
}

/** What an admitted call holds until it settles; at `leaseEndMs` a trial loses its place. */
export type Permit = Readonly<{ epoch: number; leaseEndMs: number }>;

type Admission = Readonly<
  | { admitted: true; state: CircuitState; permit: Permit }
  | { admitted: false; retryAfterMs: number }
>;

/** Decides whether a call may start now. */
export function admit(state: CircuitState, limits: CircuitLimits, nowMs: number): Admission {
  switch (state.kind) {
    case "closed":
      return { admitted: true, state, permit: { epoch: state.epoch, leaseEndMs: Infinity } };
    case "open":
      return nowMs < state.untilMs
        ? { admitted: false, retryAfterMs: Math.ceil(state.untilMs - nowMs) }
        : admitTrial(halfOpen(state.epoch + 1), limits, nowMs);
    case "half-open": {
      const leases = state.leases.filter((endMs) => nowMs < endMs);
      return leases.length + state.successes < limits.successThreshold
        ? admitTrial({ ...state, leases }, limits, nowMs)
        : { admitted: false, retryAfterMs: 0 };
    }
  }
}

/** Takes in how a call ended. A trial that outlived its lease has lost its place, not its vote. */
export function settle(
  state: CircuitState,
  limits: CircuitLimits,
  nowMs: number,
  permit: Permit,
  outcome: Outcome,
): CircuitState {
  if (permit.epoch !== state.epoch) return state; // A straggler from an earlier state is old news.
  switch (state.kind) {
    case "open":
      return state;
    case "closed": {
      if (outcome === "ignore") return state;
      const failures = outcome === "failure" ? state.failures + 1 : 0;
      return failures < limits.failureThreshold
        ? { ...state, failures }
        : open(state.epoch + 1, nowMs + limits.timeoutMs);
    }
    case "half-open": {
      if (outcome === "failure") return open(state.epoch + 1, nowMs + limits.timeoutMs);
      const successes = outcome === "success" ? state.successes + 1 : state.successes;
      return successes < limits.successThreshold
        ? { ...state, leases: without(state.leases, permit.leaseEndMs), successes }
        : closed(state.epoch + 1);
    }
  }
}

/** The form to store. Epoch times are whole, and rounded up so that no trial starts too early. */
export function toStored(state: CircuitState, clock: Clock): StoredCircuit {
  const { kind, epoch } = state;
  switch (kind) {
    case "closed":
      return state;
    case "open": {
      const leftMs = state.untilMs - clock.monotonicMs();
      return { kind, epoch, trialAtMs: Math.ceil(clock.epochMs() + leftMs) };
    }
    case "half-open":
      return { kind, epoch, successes: state.successes };
  }
}

/** A stored state as a new process finds it. Wall clocks jump: it waits one timeout at most. */
export function revive(stored: StoredCircuit, limits: CircuitLimits, clock: Clock): CircuitState {
  const { kind, epoch } = stored;
  switch (kind) {
    case "closed":
      return stored;
    case "open": {
      const leftMs = Math.min(stored.trialAtMs - clock.epochMs(), limits.timeoutMs);
      return open(epoch, clock.monotonicMs() + leftMs);
    }
    case "half-open":
      return fit({ ...halfOpen(epoch), successes: stored.successes }, limits);
  }
}

/** A state under new limits: with trials enough for them it is closed, as it would never be else. */
export function fit(state: CircuitState, limits: CircuitLimits): CircuitState {
  const isProven = state.kind === "half-open" && state.successes >= limits.successThreshold;
  return isProven ? closed(state.epoch + 1) : state;
}

/** Closed and with nothing against it, whatever it was; calls that are still out are old news. */
export function reset(state: CircuitState): CircuitState {
  return closed(state.epoch + 1);
}

type HalfOpen = Extract<CircuitState, { kind: "half-open" }>;

export const closed = (epoch: number): CircuitState => ({ kind: "closed", epoch, failures: 0 });
export const open = (epoch: number, untilMs: number): CircuitState => ({
  kind: "open",
  epoch,
  untilMs,
});
const halfOpen = (epoch: number): HalfOpen => ({
  kind: "half-open",
  epoch,
  leases: [],
  successes: 0,
});

function admitTrial(state: HalfOpen, limits: CircuitLimits, nowMs: number): Admission {
  const leaseEndMs = nowMs + limits.leaseMs;
  return {
    admitted: true,
    state: { ...state, leases: [...state.leases, leaseEndMs] },
    permit: { epoch: state.epoch, leaseEndMs },
  };
}

/** Gives back one place. Leases that end at the same moment are one as good as the other. */
function without(leases: readonly number[], leaseEndMs: number): readonly number[] {
  const index = leases.indexOf(leaseEndMs);
  return index < 0 ? leases : leases.toSpliced(index, 1);
}
