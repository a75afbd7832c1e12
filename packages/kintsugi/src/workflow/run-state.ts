/**
 * The states of a run, and the pure function that leads from one to the next.
 *
 *     queued ── let run ──▶ busy ◀──── wakes ─────┐
 *      ▲ ▲                  │ │                   │
 *      │ │                  │ └── only waits ──▶ waiting
 *      │ └── life is over ──┘                     │
 *      └─────────────── due, life is over ────────┘
 *
 *     busy, waiting ── returns, throws ──▶ completed, dead; any of these ── cancelled ──▶ cancelled
 *     any of these ── its deadline comes ──▶ dead; busy ── undoing failed ──▶ dead
 *     busy, the tenth life in a row that crashed ──▶ dead (quarantined)
 *     dead ── replayed ──▶ queued; completed, dead, cancelled ── rewound ──▶ queued
 *     dead ── discarded ──▶ cancelled
 *
 * A crash counts against a run only when its own code was let run in that life and recorded nothing:
 * waiting never counts, and whatever it records sets the count back to zero. A crash says nothing
 * about which of the busy runs caused it, and most are nobody's fault: after the first, all go on at
 * once. Those that were busy at two in a row are suspects, to be let run one after another: then the
 * next crash finds one of them busy, and the count of the innocent ends there.
 */

import type { DeadReason } from "./run-types.ts";
import type { RunPhase, RunRow } from "./tables.ts";

export type RunState = Readonly<
  | { kind: "queued"; crashes: number; boot: number }
  | { kind: "busy"; crashes: number; boot: number }
  | { kind: "waiting"; crashes: number; boot: number; wakeAtMs: number; onChild: boolean }
  | { kind: "completed" }
  | { kind: "cancelled" }
  | { kind: "dead"; reason: DeadReason; crashes: number }
>;

export type RunInput = Readonly<
  /** Its code may run, in this life of the engine. */
  | { kind: "let run"; life: number }
  /** An outcome was recorded. */
  | { kind: "recorded" }
  /** Nothing of its own runs: it waits for time, signals or children. */
  | { kind: "only waits"; wakeAtMs: number; onChild: boolean }
  /** What it waited for has come, and its code goes on. */
  | { kind: "wakes"; life: number }
  /** What it waited for has come, and its code is not in memory. */
  | { kind: "due" }
  /** The life in which it was let run has ended; `clean` when that was in order. */
  | { kind: "life is over"; clean: boolean }
  | { kind: "returned" }
  | { kind: "threw" }
  | { kind: "cancelled" }
  /** Its deadline has come. */
  | { kind: "expired" }
  /** It came to a bad end, and undoing its steps did so as well. */
  | { kind: "undo failed" }
  | { kind: "replayed" }
  /** A person has given it up. */
  | { kind: "discarded" }
  /** It goes on from an earlier step. */
  | { kind: "rewound" }
>;

/** Crashes in a row that make a run a dead letter. */
export const QUARANTINE_CRASHES = 10;

/** A wait without an end. The store orders by it, so it is a number. */
export const NEVER_MS: number = Number.MAX_SAFE_INTEGER;

export const accepted: RunState = { kind: "queued", crashes: 0, boot: 0 };

/** The state after `input`; the same one where the input is old news. */
export function next(state: RunState, input: RunInput): RunState {
  switch (state.kind) {
    case "queued":
      if (input.kind === "let run") return letRun(state, input.life);
      return input.kind === "cancelled" || input.kind === "expired" ? ended(state, input) : state;
    case "busy":
      return nextOfBusy(state, input);
    case "waiting":
      return nextOfWaiting(state, input);
    case "dead":
      if (input.kind === "discarded") return { kind: "cancelled" };
      return input.kind === "replayed" || input.kind === "rewound" ? accepted : state;
    case "completed":
    case "cancelled":
      return input.kind === "rewound" ? accepted : state;
  }
}

function nextOfBusy(state: RunState & { kind: "busy" }, input: RunInput): RunState {
  switch (input.kind) {
    case "recorded":
      return state.crashes === 0 ? state : { ...state, crashes: 0 };
    case "only waits":
      return { ...state, kind: "waiting", wakeAtMs: input.wakeAtMs, onChild: input.onChild };
    case "life is over": {
      const crashes = input.clean ? state.crashes : state.crashes + 1;
      return crashes < QUARANTINE_CRASHES
        ? { kind: "queued", crashes, boot: state.boot }
        : { kind: "dead", reason: "quarantined", crashes };
    }
    default:
      return ended(state, input);
  }
}

function nextOfWaiting(state: RunState & { kind: "waiting" }, input: RunInput): RunState {
  switch (input.kind) {
    case "wakes":
      return letRun(state, input.life);
    case "only waits": {
      const { wakeAtMs, onChild } = input;
      const same = state.wakeAtMs === wakeAtMs && state.onChild === onChild;
      return same ? state : { ...state, wakeAtMs, onChild };
    }
    case "due":
    case "life is over":
      return { kind: "queued", crashes: state.crashes, boot: state.boot };
    default:
      return ended(state, input);
  }
}

function ended(state: RunState & { crashes: number }, input: RunInput): RunState {
  switch (input.kind) {
    case "returned":
      return { kind: "completed" };
    case "threw":
      return { kind: "dead", reason: "failed", crashes: state.crashes };
    case "cancelled":
      return { kind: "cancelled" };
    case "expired":
      return { kind: "dead", reason: "deadline", crashes: state.crashes };
    case "undo failed":
      return { kind: "dead", reason: "undo", crashes: state.crashes };
    default:
      return state;
  }
}

const letRun = ({ crashes }: { crashes: number }, life: number): RunState => ({
  kind: "busy",
  crashes,
  boot: life,
});

/** Crashes in a row from which on a run is let run alone among its like. */
const SUSPECT_CRASHES = 2;

/** It was busy at crash after crash, and has not shown that it is innocent. */
export const isSuspect = (state: RunState): boolean =>
  "crashes" in state && state.crashes >= SUSPECT_CRASHES;

export const isOnTrial = (state: RunState): boolean => state.kind === "busy" && isSuspect(state);

// --- states as columns -------------------------------------------------------------------------

export type StateColumns = Pick<
  RunRow,
  "status" | "phase" | "position" | "crashes" | "boot" | "deadReason"
>;

/** Wide enough for the epoch milliseconds of the next three centuries. */
const ONE_CRASH = 1e13;

export function toColumns(state: RunState, createdAtMs: number): StateColumns {
  switch (state.kind) {
    case "queued": {
      const { crashes, boot } = state;
      const phase = isSuspect(state) ? "suspect" : "queued";
      return open(phase, crashes * ONE_CRASH + createdAtMs, crashes, boot);
    }
    case "busy":
      return open("busy", 0, state.crashes, state.boot);
    case "waiting": {
      const { crashes, boot, wakeAtMs, onChild } = state;
      return open(onChild ? "joining" : "waiting", wakeAtMs, crashes, boot);
    }
    case "dead":
      return { ...over("dead", state.crashes), deadReason: state.reason };
    case "completed":
    case "cancelled":
      return over(state.kind, 0);
  }
}

export function fromColumns(row: StateColumns): RunState {
  const { crashes, boot } = row;
  switch (row.phase) {
    case "queued":
    case "suspect":
      return { kind: "queued", crashes, boot };
    case "busy":
      return { kind: "busy", crashes, boot };
    case "waiting":
    case "joining":
      return {
        kind: "waiting",
        crashes,
        boot,
        wakeAtMs: row.position,
        onChild: row.phase === "joining",
      };
    case "swept":
    case "ended":
      if (row.status !== "dead") {
        return { kind: row.status === "completed" ? "completed" : "cancelled" };
      }
      return { kind: "dead", reason: row.deadReason ?? "failed", crashes };
  }
}

const open = (phase: RunPhase, position: number, crashes: number, boot: number): StateColumns => ({
  status: "running",
  phase,
  position,
  crashes,
  boot,
  deadReason: null,
});

const over = (status: RunRow["status"], crashes: number): StateColumns => ({
  status,
  phase: "ended",
  position: 0,
  crashes,
  boot: 0,
  deadReason: null,
});
