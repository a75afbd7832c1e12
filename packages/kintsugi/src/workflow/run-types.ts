/** What whoever starts runs and looks at them sees. */

import type { Duration } from "@kintsugi/policy/base";
import type { RecordedError } from "./value/recorded-error.ts";

/** `dead`: it failed for good, or was quarantined; it can be looked at and replayed. */
export type RunStatus = "running" | "completed" | "dead" | "cancelled";

/**
 * `failed`: of an error. `deadline`: it was not done in time. `quarantined`: the runtime crashed too often
 * while its code ran. `undo`: it came to a bad end, and so did the undoing of its steps.
 */
export type DeadReason = "failed" | "quarantined" | "deadline" | "undo";

export type EndingReason = "failed" | "cancelled" | "deadline";

/** What runs are found by, besides their columns. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** What a run has told while it ran. */
export interface RunEvent {
  /** Grows with each event of the run, not by one. */
  readonly id: number;
  readonly type: string;
  readonly payload: unknown;
  readonly atMs: number;
}

export interface EventsOptions {
  /** Id of the last event that is known already. @defaultValue none is */
  readonly after?: number;
  /** Ends the iteration, by throwing its reason. */
  readonly signal?: AbortSignal;
}

export interface RunProgress {
  readonly done: number;
  readonly total: number;
  readonly note: string;
}

/** A run as screens show it. */
export interface RunView {
  readonly id: string;
  readonly workflow: string;
  readonly version: number;
  readonly status: RunStatus;
  /** What it does now: its own code, or waiting for time, a signal or a child. */
  readonly waiting: boolean;
  readonly parentId: string | null;
  readonly createdAtMs: number;
  readonly endedAtMs: number | null;
  readonly stepsRecorded: number;
  readonly progress: RunProgress | null;
  readonly error: RunError | null;
  /** Crashes of the runtime in a row while code of this run ran and recorded nothing. */
  readonly crashes: number;
  /** Why it is dead. */
  readonly deadReason: DeadReason | null;
  /** It has to end by this moment, epoch milliseconds. */
  readonly deadlineMs: number | null;
  /** It ends, for this reason, but first its steps are undone. */
  readonly ending: EndingReason | null;
  readonly attributes: Attributes;
  readonly queue: string;
  readonly priority: number;
  /** The run whose record it began with. */
  readonly forkedFrom: string | null;
  /** How often it was rewound. */
  readonly generation: number;
}

/** A step as screens show it. */
export interface StepView {
  /** Its number in the order in which the steps of the run were started, from 0. */
  readonly seq: number;
  readonly kind:
    | "step"
    | "value"
    | "sleep"
    | "wait"
    | "child"
    | "race"
    | "undo"
    | "emit"
    | "tag"
    | "patch"
    | "transact";
  readonly name: string;
  /**
   * `waiting`: for time, a signal or a child; what a step that is not recorded does is not known.
   * `abandoned`: it was in flight when another branch won the race.
   */
  readonly state: "recorded" | "failed" | "waiting" | "abandoned";
  /** The run that a child step started. */
  readonly childId: string | null;
  /** Of an undo: number of the step that is undone. */
  readonly undoes: number | null;
}

export interface RunError {
  readonly name: string;
  readonly message: string;
  readonly step: string | null;
}

export interface StartOptions {
  /** Names the run: the same id gives the same run, never a second one. @defaultValue a UUID */
  readonly id?: string;
  /** @defaultValue that of the workflow */
  readonly queue?: string;
  /** The higher goes first in its queue: a whole number from -10 to 10. @defaultValue 0 */
  readonly priority?: number;
  /** It begins so long after it was accepted, at the earliest; signals are kept. @defaultValue none */
  readonly delay?: Duration;
  /** What it is found by in `list`; its code may add more. @defaultValue none */
  readonly attributes?: Attributes;
  /**
   * It has to end within this time after it was accepted, whatever it does: when the time is up, its step's
   * signal is aborted, steps that have an undo are undone, and it dies of a {@link RunDeadlineError}. A
   * child has at most the time of its parent. @defaultValue none
   */
  readonly deadline?: Duration;
  /**
   * While a run of this workflow with the same key is open, no second begins: its handle is given
   * instead. @defaultValue none
   */
  readonly uniqueKey?: string;
  /**
   * Puts the run off, and each start with the same key puts it off again: only the last input counts.
   * With neither `id`, `delay` nor `uniqueKey`. @defaultValue none
   */
  readonly debounce?: Debounce;
}

export interface Debounce {
  /** Which starts of this workflow are one. */
  readonly key: string;
  /** How long nobody must start it again before it begins. */
  readonly wait: Duration;
  /** It begins so long after the first start at the latest. @defaultValue no limit */
  readonly maxWait?: Duration;
}

/** An end of a run that was not the last word about it. */
export interface EarlierEnd {
  readonly status: RunStatus;
  readonly endedAtMs: number | null;
  readonly error: RunError | null;
  readonly deadReason: DeadReason | null;
  readonly crashes: number;
  /** What was done about it, and when. */
  readonly done: "replayed" | "rewound" | "discarded";
  readonly atMs: number;
  /** Where a rewind went back to. */
  readonly fromStep: number | null;
  /** Why it was discarded. */
  readonly why: string | null;
}

/** A run that has ended, with all that its end hangs on. */
export interface RunRecord {
  readonly run: RunView;
  /** Throws {@link CorruptRecordError} when what is kept cannot be read. */
  readonly input: () => unknown;
  /** What it died of; undefined where it did not, or was quarantined. Throws as `input` does. */
  readonly error: () => RecordedError | undefined;
  /** How often the step that it died of was tried; null where it died of none. */
  readonly attempts: number | null;
  /** The newest last. */
  readonly earlier: readonly EarlierEnd[];
}

export interface ReplayOptions {
  /** As in {@link RewindOptions}. @defaultValue what the run died of is done again, and no more */
  readonly fromStep?: number | string;
}

export interface RewindOptions {
  /**
   * The first step that is done again: its number, counted from 0, or its name where only one step has it.
   * The number behind the last step that the record knows goes on where the run was.
   */
  readonly fromStep: number | string;
}

export interface ForkOptions extends RewindOptions {
  /** Names the new run: the same id gives the same fork, never a second one. @defaultValue a UUID */
  readonly id?: string;
}

export interface RunHandle<Output> {
  readonly id: string;
  /** @throws what the workflow threw, {@link RunCancelledError}, or {@link RunQuarantinedError}. */
  result(signal?: AbortSignal): Promise<Output>;
  status(): Promise<RunStatus>;
  /** Kept until the run asks for it. */
  signal(name: string, payload?: unknown): Promise<void>;
  /**
   * What the run emits, from the first event on and then as it comes, in order and each once, also over
   * crashes and replays. Ends when the run has ended.
   *
   * @throws {@link EngineStoppedError} when the engine stops before that, or the signal's reason.
   */
  events(options?: EventsOptions): AsyncIterable<RunEvent>;
  /** Ends the run at its next call, or at once when it waits; a running step hears its signal. */
  cancel(): Promise<void>;
}

export interface RunCountFilter {
  /** One of these. @defaultValue any */
  readonly status?: RunStatus | readonly RunStatus[];
  readonly workflow?: string;
  readonly queue?: string;
  /** Those that this run started. */
  readonly parentId?: string;
}

/** Newest first. Pages do not move while runs begin: those come before the first. */
export interface RunFilter extends RunCountFilter {
  /** Those that have all of these. */
  readonly attributes?: Attributes;
  /** Begun at this moment or later, epoch milliseconds. */
  readonly sinceMs?: number;
  /** Begun before this moment, epoch milliseconds. */
  readonly untilMs?: number;
  /** Goes on behind this run: the last of the page before. */
  readonly after?: string;
  /** @defaultValue 100 */
  readonly limit?: number;
}
