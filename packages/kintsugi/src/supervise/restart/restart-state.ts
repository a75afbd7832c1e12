/**
 * When something that died is started again: soon, later, or not without a person.
 *
 *        ┌──────────── the wait is over ───────────┐
 *        ▼                                         │
 *     running ── dies, at most intensity times ▶ waiting
 *      │  │ ▲       in one period
 *      │  │ └── lives for one period ── trial ◀── its wait is over ──┐
 *      │  │                               │                          │
 *      │  └── dies more often ────────────┴── dies ─────────▶ crash-looping
 *      │      (whenExhausted "retry")
 *      └───── dies more often ▶ gave-up           (whenExhausted "give-up")
 *
 * The window of restarts is that of Erlang/OTP's supervisors (`intensity` and `period`, there MaxR and
 * MaxT); the waits between them, and the trial in place of an end for good, are ours. `pardon` leads
 * from everywhere to running: a person, or a playbook, has mended something.
 *
 * Times in a state are monotonic; it outlives its process in the form that {@link toStoredRestart}
 * gives it.
 */

import type { Clock } from "@kintsugi/policy/base";

/** `restarts` are the times of those in the last period, oldest first: never more than intensity. */
export type RestartState = Readonly<
  | { kind: "running"; restarts: readonly number[] }
  | { kind: "waiting"; restarts: readonly number[]; untilMs: number }
  | { kind: "crash-looping"; failedTrials: number; untilMs: number }
  | { kind: "trial"; failedTrials: number; startedAtMs: number }
  | { kind: "gave-up" }
>;

/** A state that another process can take up; its times are epoch times. */
export type StoredRestart = Readonly<
  | { kind: "running"; restartsAtMs: readonly number[] }
  | { kind: "waiting"; restartsAtMs: readonly number[]; startAtMs: number }
  | { kind: "crash-looping"; failedTrials: number; startAtMs: number }
  | { kind: "trial"; failedTrials: number; startedAtMs: number }
  | { kind: "gave-up" }
>;

export interface RestartLimits {
  /** Wait before the second restart in a period; the first is made at once, each later one waits twice as long. */
  readonly initialDelayMs: number;
  /** Longest of those waits, and the first wait of a crash loop. */
  readonly maxDelayMs: number;
  /** Restarts that one period may hold. */
  readonly intensity: number;
  readonly periodMs: number;
  /** What follows one death too many: a trial later, or nothing until a person acts. */
  readonly whenExhausted: "retry" | "give-up";
}

/** Trials of a crash loop come ever more seldom, up to this many times `maxDelayMs`: 5 minutes, as in Kubernetes. */
const MAX_TRIAL_FACTOR = 10;

/** Started, or about to be, with nothing held against it. */
export const freshRestart: RestartState = { kind: "running", restarts: [] };

/**
 * It died, or could not be started, and is wanted.
 *
 * @param chance - at least 0 and less than 1: the jitter. Half of a wait is kept and half is left to
 * chance ("equal jitter": Marc Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015),
 * so that things that died together do not all come back together.
 */
export function afterExit(
  state: RestartState,
  limits: RestartLimits,
  nowMs: number,
  chance: number,
): RestartState {
  const settled = afterCalm(state, limits, nowMs);
  switch (settled.kind) {
    case "running": {
      const { restarts } = settled;
      if (restarts.length < limits.intensity) {
        const untilMs = nowMs + jitter(backOffMs(limits, restarts.length), chance);
        return { kind: "waiting", restarts: [...restarts, nowMs], untilMs };
      }
      return limits.whenExhausted === "give-up"
        ? { kind: "gave-up" }
        : crashLooping(0, limits, nowMs, chance);
    }
    case "trial":
      return crashLooping(settled.failedTrials + 1, limits, nowMs, chance);
    case "waiting":
    case "crash-looping":
    case "gave-up":
      return settled; // It is down already: a second report of the same death changes nothing.
  }
}

/** It is being started again, because its wait is over or because somebody did not want to wait. */
export function afterStart(state: RestartState, nowMs: number): RestartState {
  switch (state.kind) {
    case "waiting":
      return { kind: "running", restarts: state.restarts };
    case "crash-looping":
      return { kind: "trial", failedTrials: state.failedTrials, startedAtMs: nowMs };
    case "running":
    case "trial":
    case "gave-up":
      return state;
  }
}

/** Forgets what lies more than a period back; a trial that has lived that long is over and won. */
export function afterCalm(state: RestartState, limits: RestartLimits, nowMs: number): RestartState {
  switch (state.kind) {
    case "running": {
      const restarts = state.restarts.filter((atMs) => nowMs - atMs < limits.periodMs);
      return restarts.length === state.restarts.length ? state : { kind: "running", restarts };
    }
    case "trial":
      return nowMs - state.startedAtMs < limits.periodMs ? state : freshRestart;
    case "waiting":
    case "crash-looping":
    case "gave-up":
      return state;
  }
}

/** Milliseconds until it should be started; undefined when no start is due. */
export function startDueInMs(state: RestartState, nowMs: number): number | undefined {
  return state.kind === "waiting" || state.kind === "crash-looping"
    ? Math.max(0, state.untilMs - nowMs)
    : undefined;
}

/** The form to store. A start that is due is rounded up, so that none comes too early. */
export function toStoredRestart(state: RestartState, clock: Clock): StoredRestart {
  const offsetMs = clock.epochMs() - clock.monotonicMs();
  const stored = (atMs: number): number => Math.ceil(atMs + offsetMs);
  switch (state.kind) {
    case "running":
      return { kind: "running", restartsAtMs: state.restarts.map(stored) };
    case "waiting": {
      const startAtMs = stored(state.untilMs);
      return { kind: "waiting", restartsAtMs: state.restarts.map(stored), startAtMs };
    }
    case "crash-looping": {
      const { kind, failedTrials } = state;
      return { kind, failedTrials, startAtMs: stored(state.untilMs) };
    }
    case "trial": {
      const { kind, failedTrials } = state;
      return { kind, failedTrials, startedAtMs: stored(state.startedAtMs) };
    }
    case "gave-up":
      return state;
  }
}

/**
 * A stored state as a new process finds it. Wall clocks jump: nothing lies in the future, and no wait
 * is longer than the longest that the limits allow.
 */
export function reviveRestart(
  stored: StoredRestart,
  limits: RestartLimits,
  clock: Clock,
): RestartState {
  const nowMs = clock.monotonicMs();
  const offsetMs = clock.epochMs() - nowMs;
  const past = (atMs: number): number => Math.min(atMs - offsetMs, nowMs);
  const due = (atMs: number, longestMs: number): number =>
    Math.min(atMs - offsetMs, nowMs + longestMs);
  switch (stored.kind) {
    case "running":
      return { kind: "running", restarts: lastOf(stored.restartsAtMs, limits).map(past) };
    case "waiting": {
      const restarts = lastOf(stored.restartsAtMs, limits).map(past);
      return { kind: "waiting", restarts, untilMs: due(stored.startAtMs, limits.maxDelayMs) };
    }
    case "crash-looping": {
      const { kind, failedTrials } = stored;
      return { kind, failedTrials, untilMs: due(stored.startAtMs, longestTrialWaitMs(limits)) };
    }
    case "trial": {
      const { kind, failedTrials } = stored;
      return { kind, failedTrials, startedAtMs: past(stored.startedAtMs) };
    }
    case "gave-up":
      return stored;
  }
}

function crashLooping(
  failedTrials: number,
  limits: RestartLimits,
  nowMs: number,
  chance: number,
): RestartState {
  const waitMs = Math.min(limits.maxDelayMs * 2 ** failedTrials, longestTrialWaitMs(limits));
  return { kind: "crash-looping", failedTrials, untilMs: nowMs + jitter(waitMs, chance) };
}

/** At once, then the initial delay, then twice as long each time, up to the longest. */
const backOffMs = ({ initialDelayMs, maxDelayMs }: RestartLimits, earlier: number): number =>
  earlier === 0 ? 0 : Math.min(initialDelayMs * 2 ** (earlier - 1), maxDelayMs);

const jitter = (waitMs: number, chance: number): number => Math.ceil((waitMs / 2) * (1 + chance));

const longestTrialWaitMs = ({ maxDelayMs }: RestartLimits): number => maxDelayMs * MAX_TRIAL_FACTOR;

/** Limits may have become tighter since it was stored. */
const lastOf = (times: readonly number[], { intensity }: RestartLimits): readonly number[] =>
  intensity === 0 ? [] : times.slice(-intensity);
