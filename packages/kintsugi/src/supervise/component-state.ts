/**
 * The life of a component as its supervisor sees it, and the one pure function that leads on.
 *
 *                          ┌──────────── exit, wanted again ────────────┐
 *                          │                                            ▼
 *     stopped ─ launch ▶ starting ─ ready ▶ running ─────▶ backing-off | crash-looping | gave-up
 *      ▲ ▲ │               │ ▲                │ │ ▲                 │             │
 *      │ │ └──── adopt ────┼─┼────────────────┼─┼─┘                 │             │
 *      │ │                 │ └────────────────┼─┼───── launch ──────┘             │
 *      │ └─ exit ─ stopping ◀───── halt ──────┘ │                                 │
 *      │                                        │                                 │
 *      └──────── exit, not wanted again ────────┴────────────── halt ─────────────┘
 *
 * Which of the three an exit leads to is the restart machine's word (`restart/restart-state.ts`).
 */

import type { ExitReason } from "../host/index.ts";
import {
  afterCalm,
  afterExit,
  afterStart,
  freshRestart,
  type RestartLimits,
  type RestartState,
} from "./restart/restart-state.ts";
import type { ComponentPhase, RestartOptions } from "./types.ts";

export interface ComponentState {
  readonly phase: ComponentPhase;
  /** Counts the lives, over all runtimes. */
  readonly incarnation: number;
  /** Counts the lives that followed an exit or were asked for. */
  readonly restarts: number;
  readonly restart: RestartState;
  /** How it went down, in words, until it runs again. */
  readonly failure: string | null;
}

export interface ComponentRules {
  readonly mode: NonNullable<RestartOptions["restart"]>;
  readonly limits: RestartLimits;
}

export type ComponentInput =
  /** `again` when the new life follows another one. */
  | { readonly kind: "launch"; readonly again: boolean }
  | { readonly kind: "adopt"; readonly incarnation: number }
  | { readonly kind: "ready" }
  | { readonly kind: "halt" }
  | { readonly kind: "exit"; readonly reason: ExitReason; readonly chance: number }
  /** Time has passed in which nothing happened. */
  | { readonly kind: "calm" }
  /** What lies behind is not held against it any more. */
  | { readonly kind: "pardon" };

export const unborn: ComponentState = {
  phase: "stopped",
  incarnation: 0,
  restarts: 0,
  restart: freshRestart,
  failure: null,
};

/** What does not fit a phase changes nothing: it is old news, or meant for another life. */
export function nextComponent(
  state: ComponentState,
  input: ComponentInput,
  rules: ComponentRules,
  nowMs: number,
): ComponentState {
  switch (input.kind) {
    case "launch":
      return launched(state, input.again, nowMs);
    case "adopt":
      return state.phase === "stopped" && input.incarnation >= state.incarnation
        ? { ...state, phase: "running", incarnation: input.incarnation, failure: null }
        : state;
    case "ready":
      return state.phase === "starting" ? { ...state, phase: "running", failure: null } : state;
    case "halt":
      return halted(state);
    case "exit":
      return exited(state, input.reason, input.chance, rules, nowMs);
    case "calm": {
      const restart = afterCalm(state.restart, rules.limits, nowMs);
      return restart === state.restart ? state : { ...state, restart };
    }
    case "pardon":
      return { ...state, restart: freshRestart, failure: null };
  }
}

/** Alive, or about to be. */
export const isUp = (phase: ComponentPhase): boolean => phase === "starting" || phase === "running";

/** Down, but the supervisor has a plan or waits for a person. */
export const isWaiting = (phase: ComponentPhase): boolean =>
  phase === "backing-off" || phase === "crash-looping" || phase === "gave-up";

/** The reason of an exit as the end of a sentence that begins with the component. */
export function describeExit(reason: ExitReason): string {
  switch (reason.kind) {
    case "exited":
      return `exited with code ${reason.code}`;
    case "signalled":
      return `was ended by ${reason.signal}`;
    case "spawn-failed":
      return `could not be started: ${reason.message}`;
    case "unknown":
      return "ended for an unknown reason";
  }
}

function launched(state: ComponentState, again: boolean, nowMs: number): ComponentState {
  if (state.phase !== "stopped" && !isWaiting(state.phase)) return state;
  const gaveUp = state.restart.kind === "gave-up";
  return {
    ...state,
    phase: "starting",
    incarnation: state.incarnation + 1,
    restarts: state.restarts + (again ? 1 : 0),
    restart: gaveUp ? freshRestart : afterStart(state.restart, nowMs),
  };
}

function halted(state: ComponentState): ComponentState {
  if (isUp(state.phase)) return { ...state, phase: "stopping" };
  return isWaiting(state.phase) ? { ...state, phase: "stopped" } : state;
}

function exited(
  state: ComponentState,
  reason: ExitReason,
  chance: number,
  { mode, limits }: ComponentRules,
  nowMs: number,
): ComponentState {
  if (state.phase === "stopping") return { ...state, phase: "stopped" };
  if (!isUp(state.phase)) return state;
  const isGood = reason.kind === "exited" && reason.code === 0;
  const failure = isGood && mode !== "permanent" ? null : describeExit(reason);
  if (mode === "temporary" || (mode === "transient" && isGood)) {
    return { ...state, phase: "stopped", failure };
  }
  const restart = afterExit(state.restart, limits, nowMs, chance);
  return { ...state, phase: phaseOf(restart), restart, failure };
}

function phaseOf(restart: RestartState): ComponentPhase {
  switch (restart.kind) {
    case "waiting":
      return "backing-off";
    case "crash-looping":
    case "gave-up":
      return restart.kind;
    case "running":
    case "trial":
      return "starting";
  }
}
