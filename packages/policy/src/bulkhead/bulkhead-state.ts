/**
 * The way of a call through a bulkhead, as plain data: the rule that the fast one is held to by its tests.
 *
 *     arrives ───────────────▶ running ──▶ ended
 *        │                      ▲   │
 *        ├──▶ waiting ──────────┘   └──▶ zombie ──▶ ended
 *        │       └──▶ left (its time is up, or its caller has gone)
 *        └──▶ refused
 *
 * A zombie is work that goes on after its call has returned. It holds its slot until it has ended: what
 * is protected feels the work, not the call.
 */

import {
  join,
  type LineState,
  left,
  next,
  type Standing,
  served,
  waiting,
} from "../waiting/index.ts";

export type CallPhase = "running" | "waiting" | "zombie" | "ended" | "left" | "refused";

export type BulkheadState = Readonly<{
  phases: Readonly<Record<number, CallPhase>>;
  line: LineState;
}>;

export interface BulkheadLimits {
  readonly maxConcurrent: number;
  readonly maxQueue: number;
}

export const empty: BulkheadState = { phases: {}, line: {} };

/** A call has come. It overtakes nobody: while somebody waits there is no free slot. */
export function arrive(
  state: BulkheadState,
  limits: BulkheadLimits,
  standing: Standing,
): BulkheadState {
  const { id } = standing;
  if (taken(state) < limits.maxConcurrent) return moved(state, id, "running");
  return waiting(state.line).length < limits.maxQueue
    ? moved({ ...state, line: join(state.line, standing) }, id, "waiting")
    : moved(state, id, "refused");
}

/** One who waits gives up. */
export function leave(state: BulkheadState, id: number): BulkheadState {
  return moved({ ...state, line: left(state.line, id) }, id, "left");
}

/** A call has returned, or the work that went on after it has ended; who is next takes its slot. */
export function end(
  state: BulkheadState,
  limits: BulkheadLimits,
  id: number,
  goesOn: boolean,
): BulkheadState {
  return goesOn ? moved(state, id, "zombie") : admitted(moved(state, id, "ended"), limits);
}

/** Those who may run under these limits, also under new ones. */
export function admitted(state: BulkheadState, limits: BulkheadLimits): BulkheadState {
  const id = next(state.line);
  if (id === undefined || taken(state) >= limits.maxConcurrent) return state;
  return admitted(moved({ ...state, line: served(state.line) }, id, "running"), limits);
}

export function count(state: BulkheadState, phase: CallPhase): number {
  return Object.values(state.phases).filter((other) => other === phase).length;
}

const taken = (state: BulkheadState): number => count(state, "running") + count(state, "zombie");

const moved = (state: BulkheadState, id: number, phase: CallPhase): BulkheadState => ({
  ...state,
  phases: { ...state.phases, [id]: phase },
});
