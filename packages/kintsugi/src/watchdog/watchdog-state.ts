/**
 * What the watchdog makes of the one process that it watches.
 *
 *         ┌─────────────── the wait is over ───────────────┐
 *         ▼                                                │
 *      starting ─────────── dies ──────────────────────▶ waiting
 *       │  │ ▲                                             ▲ ▲
 *       │  │ └──── its end, where a restart was asked ──┐  │ │
 *       │  └────── not ready in startMs ──────────────▶ ending ── its end, after a hang
 *     ready                                             ▲    │
 *       ▼                                               │    │
 *      running ── silent for hangMs, or a restart ──────┘    │
 *         └──────────── dies ────────────────────────────────┘
 *
 *      from everywhere:  stop ──▶ stopping ── its end ──▶ left
 *      from starting and running:  exits on purpose, or refuses before it was ever ready ──▶ left
 *
 * The machine gives orders and hears what came of them. At most one runtime lives by its orders, and
 * none is started once a stop was asked for. Times are monotonic.
 */

import {
  afterExit,
  afterStart,
  freshRestart,
  type RestartLimits,
  type RestartState,
  startDueInMs,
} from "../supervise/restart/index.ts";

type Phase = Readonly<
  | { kind: "waiting"; untilMs: number }
  | { kind: "starting"; spentMs: number }
  | { kind: "running"; silentMs: number }
  | { kind: "ending"; why: "hang" | "restart"; leftMs: number }
  | { kind: "stopping"; form: StopForm; leftMs: number; kills: number }
  | { kind: "left"; code: number }
>;

export interface WatchdogState {
  readonly phase: Phase;
  readonly restart: RestartState;
  /** Whether a runtime of this program was ready since a person started it. */
  readonly everReady: boolean;
  /** Deaths that nobody asked for, hangs included. */
  readonly crashes: number;
  readonly hangs: number;
  /** Starts in a row that found the data folder in other hands. */
  readonly lockHeld: number;
  readonly tickedAtMs: number;
}

type StopForm = "down" | "kill";

export interface WatchdogLimits {
  readonly restart: RestartLimits;
  /** Silence of a runtime that was ready, which means that it hangs. */
  readonly hangMs: number;
  /** Time to boot: user modules may take theirs, but a beat alone is no sign that they ever end. */
  readonly startMs: number;
  /** Time for an orderly stop of the runtime, before it is killed. */
  readonly stopMs: number;
}

/** How the runtime ended, as far as that matters here. */
export type End = Readonly<
  | { kind: "on-purpose" }
  | { kind: "lock-held" }
  | { kind: "refused"; code: number }
  | { kind: "crash" }
>;

export type Input = Readonly<
  | { kind: "tick" }
  | { kind: "adopted"; ready: boolean }
  | { kind: "heard"; ready: boolean }
  | { kind: "ended"; end: End }
  | { kind: "stop"; form: StopForm }
  | { kind: "restart" }
  /** Leave, and let the runtime live; a stop that has begun is brought to its end. */
  | { kind: "detach" }
>;

export type Order = Readonly<
  | { kind: "start" }
  | { kind: "terminate"; why: StopForm | "restart" }
  | { kind: "kill" }
  /** With `sweep`, whatever else of the instance still lives is stopped first. */
  | { kind: "leave"; code: number; sweep: boolean }
  | { kind: "tell"; type: ToldFact; payload: Readonly<Record<string, unknown>> }
>;

type ToldFact =
  | "runtime.crashed"
  | "runtime.hung"
  | "runtime.stopped"
  | "runtime.refused"
  | "runtime.crash-looping";

interface Move {
  readonly state: WatchdogState;
  readonly orders: readonly Order[];
}

/** How often the watchdog looks, and how often the runtime beats. */
export const TICK_MS = 250;

/** Silence is counted in looks: a watchdog that was late counts two of them and not its own delay. */
const LONGEST_TICK_MS = 2 * TICK_MS;

/** A process that SIGKILL does not end at once sits in the kernel: it is told again, a few times. */
const KILL_AGAIN_MS = 5_000;
const MOST_KILLS = 4;

/** A lock is dropped when its owner has died, which takes a moment; then it is somebody else's. */
const LOCK_RETRY_MS = 1_000;
const MOST_LOCK_RETRIES = 10;

/** Codes of sysexits.h: EX_TEMPFAIL for a lock that another holds. */
export const LOCK_HELD_CODE = 75;

/** As a person starts it: nothing is held against the runtime, and it is due at once. */
export const freshWatchdog = (nowMs: number): WatchdogState => ({
  phase: { kind: "waiting", untilMs: nowMs },
  restart: freshRestart,
  everReady: false,
  crashes: 0,
  hangs: 0,
  lockHeld: 0,
  tickedAtMs: nowMs,
});

/** @param chance - at least 0 and less than 1, for the jitter of a back-off. */
export function step(
  state: WatchdogState,
  input: Input,
  limits: WatchdogLimits,
  nowMs: number,
  chance: number,
): Move {
  if (state.phase.kind === "left") return stay(state);
  switch (input.kind) {
    case "tick":
      return tick({ ...state, tickedAtMs: nowMs }, limits, nowMs, nowMs - state.tickedAtMs);
    case "adopted":
      return adopted(state, nowMs, input.ready);
    case "heard":
      return heard(state, input.ready);
    case "ended":
      return ended(state, limits, nowMs, chance, input.end);
    case "stop":
      return stop(state, limits, input.form);
    case "restart":
      return restart(state, limits);
    case "detach":
      return state.phase.kind === "stopping" ? stay(state) : leave(state, 0, false);
  }
}

/** Milliseconds until the next look: sooner than usual when a start is due. */
export const nextTickMs = ({ phase }: WatchdogState, nowMs: number): number =>
  phase.kind === "waiting" ? Math.min(TICK_MS, Math.max(0, phase.untilMs - nowMs)) : TICK_MS;

function tick(state: WatchdogState, limits: WatchdogLimits, nowMs: number, spanMs: number): Move {
  const { phase } = state;
  const countedMs = Math.min(Math.max(0, spanMs), LONGEST_TICK_MS);
  switch (phase.kind) {
    case "waiting":
      return nowMs < phase.untilMs ? stay(state) : start(state, afterStart(state.restart, nowMs));
    case "starting": {
      const spentMs = phase.spentMs + countedMs;
      if (spentMs < limits.startMs) return stay({ ...state, phase: { ...phase, spentMs } });
      const startingMs = Math.round(spentMs);
      return hung(state, {
        startingMs,
        detail: `it was not ready ${startingMs} ms after its start`,
      });
    }
    case "running": {
      const spentMs = phase.silentMs + countedMs;
      if (spentMs < limits.hangMs)
        return stay({ ...state, phase: { ...phase, silentMs: spentMs } });
      const silentMs = Math.round(spentMs);
      return hung(state, { silentMs, detail: `it gave no sign of life for ${silentMs} ms` });
    }
    case "ending":
      return patience(state, phase, countedMs);
    case "stopping": {
      if (phase.kills >= MOST_KILLS) return leave(state, 1, true);
      return patience(state, phase, countedMs);
    }
    case "left":
      return stay(state);
  }
}

/** Its time is up: it is killed, and again every now and then until its end is seen. */
function patience(state: WatchdogState, phase: EndingPhase | StoppingPhase, spanMs: number): Move {
  const leftMs = phase.leftMs - spanMs;
  if (leftMs > 0) return stay({ ...state, phase: { ...phase, leftMs } });
  const again = { ...phase, leftMs: KILL_AGAIN_MS };
  const next = again.kind === "stopping" ? { ...again, kills: again.kills + 1 } : again;
  return { state: { ...state, phase: next }, orders: [{ kind: "kill" }] };
}

function hung(state: WatchdogState, payload: Readonly<Record<string, unknown>>): Move {
  const phase: Phase = { kind: "ending", why: "hang", leftMs: KILL_AGAIN_MS };
  return {
    state: { ...state, phase, hangs: state.hangs + 1 },
    orders: [tell("runtime.hung", payload), { kind: "kill" }],
  };
}

/** Somebody else started it: a watchdog that died, or a runtime that came in between. */
function adopted(state: WatchdogState, nowMs: number, ready: boolean): Move {
  if (state.phase.kind !== "waiting") return stay(state);
  const begun = { ...state, restart: afterStart(state.restart, nowMs), phase: STARTING };
  return ready ? becomeReady(begun) : stay(begun);
}

function heard(state: WatchdogState, ready: boolean): Move {
  const { phase } = state;
  if (phase.kind === "starting" && ready) return becomeReady(state);
  return phase.kind === "running"
    ? stay({ ...state, phase: { ...phase, silentMs: 0 } })
    : stay(state);
}

const becomeReady = (state: WatchdogState): Move =>
  stay({
    ...state,
    phase: { kind: "running", silentMs: 0 },
    everReady: true,
    lockHeld: 0,
  });

function ended(
  state: WatchdogState,
  limits: WatchdogLimits,
  nowMs: number,
  chance: number,
  end: End,
): Move {
  const { phase } = state;
  switch (phase.kind) {
    case "waiting":
    case "left":
      return stay(state);
    case "stopping":
      return leave(state, 0, true, [tell("runtime.stopped", { form: phase.form })]);
    case "ending":
      return phase.why === "restart"
        ? start(state, freshRestart)
        : wait({ ...state, crashes: state.crashes + 1 }, limits, nowMs, chance);
    case "starting":
    case "running":
      return endedByItself(state, limits, nowMs, chance, end);
  }
}

function endedByItself(
  state: WatchdogState,
  limits: WatchdogLimits,
  nowMs: number,
  chance: number,
  end: End,
): Move {
  switch (end.kind) {
    case "on-purpose":
      return leave(state, 0, true, [tell("runtime.stopped", {})]);
    case "lock-held":
      return lockHeld(state, nowMs);
    case "refused":
      if (!state.everReady) return refused(state, end.code);
      return crashed(state, limits, nowMs, chance);
    case "crash":
      return crashed(state, limits, nowMs, chance);
  }
}

function crashed(
  state: WatchdogState,
  limits: WatchdogLimits,
  nowMs: number,
  chance: number,
): Move {
  const counted = { ...state, crashes: state.crashes + 1 };
  const { state: next, orders } = wait(counted, limits, nowMs, chance);
  return { state: next, orders: [tell("runtime.crashed", { crashes: next.crashes }), ...orders] };
}

/** It is wanted, and started again when the back-off says so. */
function wait(state: WatchdogState, limits: WatchdogLimits, nowMs: number, chance: number): Move {
  const next = afterExit(state.restart, limits.restart, nowMs, chance);
  const retryInMs = startDueInMs(next, nowMs) ?? 0;
  const phase: Phase = { kind: "waiting", untilMs: nowMs + retryInMs };
  return {
    state: { ...state, restart: next, phase },
    orders: next.kind === "crash-looping" ? [tell("runtime.crash-looping", { retryInMs })] : [],
  };
}

/** No crash: the one who holds the lock is taken up at the next try, or has died by then. */
function lockHeld(state: WatchdogState, nowMs: number): Move {
  const count = state.lockHeld + 1;
  if (count > MOST_LOCK_RETRIES) return refused(state, LOCK_HELD_CODE);
  const phase: Phase = { kind: "waiting", untilMs: nowMs + LOCK_RETRY_MS };
  return stay({ ...state, lockHeld: count, phase });
}

const refused = (state: WatchdogState, code: number): Move =>
  leave(state, code, false, [tell("runtime.refused", { code })]);

function stop(state: WatchdogState, limits: WatchdogLimits, form: StopForm): Move {
  const { phase } = state;
  switch (phase.kind) {
    case "waiting":
    case "left":
      return leave(state, 0, true);
    case "stopping":
      return form === "kill" && phase.form === "down"
        ? stopBy(state, "kill", KILL_AGAIN_MS)
        : stay(state);
    case "ending":
      return stopBy(state, form, phase.leftMs);
    case "starting":
    case "running":
      return stopBy(state, form, form === "kill" ? KILL_AGAIN_MS : limits.stopMs);
  }
}

function stopBy(state: WatchdogState, form: StopForm, leftMs: number): Move {
  const phase: Phase = { kind: "stopping", form, leftMs, kills: form === "kill" ? 1 : 0 };
  const order: Order = form === "kill" ? { kind: "kill" } : { kind: "terminate", why: form };
  return { state: { ...state, phase }, orders: [order] };
}

function restart(state: WatchdogState, limits: WatchdogLimits): Move {
  const { phase } = state;
  if (phase.kind === "waiting") return start(state, freshRestart);
  if (phase.kind !== "starting" && phase.kind !== "running") return stay(state);
  return {
    state: { ...state, phase: { kind: "ending", why: "restart", leftMs: limits.stopMs } },
    orders: [{ kind: "terminate", why: "restart" }],
  };
}

const start = (state: WatchdogState, next: RestartState): Move => ({
  state: { ...state, restart: next, phase: STARTING },
  orders: [{ kind: "start" }],
});

const leave = (
  state: WatchdogState,
  code: number,
  sweep: boolean,
  first: readonly Order[] = [],
): Move => ({
  state: { ...state, phase: { kind: "left", code } },
  orders: [...first, { kind: "leave", code, sweep }],
});

const stay = (state: WatchdogState): Move => ({ state, orders: [] });

const tell = (type: ToldFact, payload: Readonly<Record<string, unknown>>): Order => ({
  kind: "tell",
  type,
  payload,
});

type EndingPhase = Extract<Phase, { kind: "ending" }>;
type StoppingPhase = Extract<Phase, { kind: "stopping" }>;

const STARTING: Phase = { kind: "starting", spentMs: 0 };
