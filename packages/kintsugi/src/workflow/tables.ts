/** The rows that runs are made of. */

import type { AnyTable, Table } from "../store/index.ts";
import type {
  Attributes,
  DeadReason,
  EndingReason,
  RunError,
  RunProgress,
  RunStatus,
} from "./run-types.ts";
import { schedules } from "./schedule/tables.ts";

/**
 * What of a run the next process must know.
 * - `queued`: accepted; its code waits to be let run in this life of the engine.
 * - `suspect`: queued, but its code was running when the last two lives or more crashed.
 * - `busy`: its code runs, or ran when the process ended.
 * - `waiting`: for time or a signal; it needs no memory.
 * - `joining`: for a child, perhaps for more besides.
 * - `swept`: it has ended, and its rows are being removed.
 */
export type RunPhase = "queued" | "suspect" | "busy" | "waiting" | "joining" | "ended" | "swept";

export interface RunRow {
  readonly id: string;
  readonly workflow: string;
  readonly version: number;
  readonly status: RunStatus;
  readonly phase: RunPhase;
  /**
   * Its place in its phase. Suspect: fewest crashes first, then the oldest. Waiting: the epoch
   * milliseconds at which it wants to be woken. Ended: when it did, or was discarded.
   */
  readonly position: number;
  readonly crashes: number;
  /** The life of the engine in which its code was last let run; 0 before the first. */
  readonly boot: number;
  /** The step that a suspect was about to run: known only of suspects. */
  readonly suspectStep: string | null;
  readonly parentId: string | null;
  /** Text of the codec, as is `outcome`: the result, or the error it died of. */
  readonly input: string;
  readonly outcome: string | null;
  readonly error: RunError | null;
  readonly deadReason: DeadReason | null;
  /** Numbers of the steps whose failure killed it: a replay runs these again. */
  readonly culprits: readonly number[] | null;
  readonly progress: RunProgress | null;
  /** As of the last change of phase: the rows of `steps` are what counts. */
  readonly stepsRecorded: number;
  readonly createdAtMs: number;
  readonly endedAtMs: number | null;
  readonly queue: string;
  /** From -10 to 10; the higher goes first. */
  readonly priority: number;
  /** Its place in its queue: highest priority first, then the oldest. */
  readonly rank: number;
  /** No other run of its workflow that is open has this key. */
  readonly uniqueKey: string | null;
  /** Epoch milliseconds; the greatest safe integer when there is none. */
  readonly deadlineMs: number;
  /** It is to end for this reason, and its steps are undone first. Stays when that failed. */
  readonly ending: EndingReason | null;
  /** Beside `ending`. */
  readonly cause: EndingCause | null;
  /** What it is found by; `run_attributes` has the same, with an index. */
  readonly attributes: Attributes | null;
  /** How often it was rewound. */
  readonly generation: number;
  /** Where to: growing by step and by generation. */
  readonly rewinds: readonly Rewind[] | null;
  /** The run whose record it began with. */
  readonly forkedFrom: string | null;
}

/** From this step on, steps are of this generation. */
export interface Rewind {
  readonly fromStep: number;
  readonly generation: number;
}

/** What a run comes to when its steps are undone. */
export interface EndingCause {
  readonly outcome: string | null;
  readonly error: RunError | null;
  readonly culprits: readonly number[] | null;
}

export const runs: Table<RunRow> = {
  name: "runs",
  version: 2,
  columns: {
    id: { type: "text" },
    workflow: { type: "text" },
    version: { type: "integer" },
    status: { type: "text" },
    phase: { type: "text" },
    position: { type: "integer" },
    crashes: { type: "integer" },
    boot: { type: "integer" },
    suspectStep: { type: "text" },
    parentId: { type: "text" },
    input: { type: "text" },
    outcome: { type: "text" },
    error: { type: "json" },
    deadReason: { type: "text" },
    culprits: { type: "json" },
    progress: { type: "json" },
    stepsRecorded: { type: "integer" },
    createdAtMs: { type: "integer" },
    endedAtMs: { type: "integer" },
    queue: { type: "text", since: 2, initial: "default" },
    priority: { type: "integer", since: 2, initial: 0 },
    rank: { type: "integer", since: 2, initial: 0 },
    uniqueKey: { type: "text", since: 2 },
    deadlineMs: { type: "integer", since: 2, initial: Number.MAX_SAFE_INTEGER },
    ending: { type: "text", since: 2 },
    cause: { type: "json", since: 2 },
    attributes: { type: "json", since: 2 },
    generation: { type: "integer", since: 2, initial: 0 },
    rewinds: { type: "json", since: 2 },
    forkedFrom: { type: "text", since: 2 },
  },
  key: ["id"],
  indexes: [
    ["phase", "position"],
    ["phase", "queue", "rank"],
    ["status", "createdAtMs"],
    ["status", "deadlineMs"],
    ["parentId"],
  ],
};

export type StepKind =
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

export interface StepRow {
  readonly runId: string;
  /** Number of the step in the order in which steps were started, from 0. */
  readonly seq: number;
  readonly kind: StepKind;
  readonly name: string;
  /**
   * Place in the order in which outcomes were handed to the code, from 0. Null while it waits: such a
   * row holds nothing but the deadline. Null for ever of what was abandoned.
   */
  readonly ordinal: number | null;
  readonly deadlineMs: number | null;
  /** Of a child step: the run that it started. */
  readonly childId: string | null;
  readonly failed: 0 | 1;
  /** Text of the codec: the result, or the error. */
  readonly outcome: string | null;
  /** Of a step that failed: how often it was tried. */
  readonly attempts: number | null;
  /** Of a wait: the number of the signal that ended it. */
  readonly signalSeq: number | null;
  /** Of a call that was in flight in a branch when another branch won: the number of the race. */
  readonly abandonedBy: number | null;
  /** It is done, and has an undo. */
  readonly undoable: 0 | 1;
}

export const steps: Table<StepRow> = {
  name: "steps",
  version: 2,
  columns: {
    runId: { type: "text" },
    seq: { type: "integer" },
    kind: { type: "text" },
    name: { type: "text" },
    ordinal: { type: "integer" },
    deadlineMs: { type: "integer" },
    childId: { type: "text" },
    failed: { type: "integer" },
    outcome: { type: "text" },
    attempts: { type: "integer", since: 2 },
    signalSeq: { type: "integer", since: 2 },
    abandonedBy: { type: "integer", since: 2 },
    undoable: { type: "integer", since: 2, initial: 0 },
  },
  key: ["runId", "seq"],
};

export interface SignalRow {
  readonly runId: string;
  /** Grows with each signal, over all lives of the engine. */
  readonly seq: number;
  readonly name: string;
  readonly payload: string;
}

export const signals: Table<SignalRow> = {
  name: "signals",
  version: 1,
  columns: {
    runId: { type: "text" },
    seq: { type: "integer" },
    name: { type: "text" },
    payload: { type: "text" },
  },
  key: ["runId", "seq"],
};

export interface EngineLifeRow {
  readonly life: number;
  readonly startedAtMs: number;
  /** Null when it did not end in order: what was busy in it may have been what ended it. */
  readonly stoppedAtMs: number | null;
}

export const engineLives: Table<EngineLifeRow> = {
  name: "engine_lives",
  version: 1,
  columns: {
    life: { type: "integer" },
    startedAtMs: { type: "integer" },
    stoppedAtMs: { type: "integer" },
  },
  key: ["life"],
};

/** Which run a key stands for. It stays when the run has ended, until another takes the key. */
export interface RunKeyRow {
  readonly workflow: string;
  readonly key: string;
  readonly runId: string;
}

export const runKeys: Table<RunKeyRow> = {
  name: "run_keys",
  version: 1,
  columns: { workflow: { type: "text" }, key: { type: "text" }, runId: { type: "text" } },
  key: ["workflow", "key"],
};

/** Queues that have ever held a run: one that is no longer configured still has to be emptied. */
export interface QueueRow {
  readonly name: string;
}

export const queues: Table<QueueRow> = {
  name: "queues",
  version: 1,
  columns: { name: { type: "text" } },
  key: ["name"],
};

/** The last starts of a queue that limits them: as many as its limit counts. */
export interface QueueStartRow {
  readonly queue: string;
  /** Grows with each start. */
  readonly seq: number;
  readonly atMs: number;
}

export const queueStarts: Table<QueueStartRow> = {
  name: "queue_starts",
  version: 1,
  columns: { queue: { type: "text" }, seq: { type: "integer" }, atMs: { type: "integer" } },
  key: ["queue", "seq"],
};

/** An end of a run that was not the last word about it. */
export interface RunEndRow {
  readonly runId: string;
  /** 1 for the first. */
  readonly number: number;
  readonly status: RunStatus;
  readonly endedAtMs: number | null;
  readonly error: RunError | null;
  readonly deadReason: DeadReason | null;
  readonly crashes: number;
  /** What was done about it, and when. */
  readonly done: "replayed" | "rewound" | "discarded";
  readonly atMs: number;
  readonly fromStep: number | null;
  readonly why: string | null;
}

export const runEnds: Table<RunEndRow> = {
  name: "run_ends",
  version: 1,
  columns: {
    runId: { type: "text" },
    number: { type: "integer" },
    status: { type: "text" },
    endedAtMs: { type: "integer" },
    error: { type: "json" },
    deadReason: { type: "text" },
    crashes: { type: "integer" },
    done: { type: "text" },
    atMs: { type: "integer" },
    fromStep: { type: "integer" },
    why: { type: "text" },
  },
  key: ["runId", "number"],
};

export interface RunEventRow {
  readonly runId: string;
  /** Grows with each event, over all lives of the engine. */
  readonly id: number;
  readonly type: string;
  /** Text of the codec. */
  readonly payload: string;
  readonly atMs: number;
}

export const runEvents: Table<RunEventRow> = {
  name: "run_events",
  version: 1,
  columns: {
    runId: { type: "text" },
    id: { type: "integer" },
    type: { type: "text" },
    payload: { type: "text" },
    atMs: { type: "integer" },
  },
  key: ["runId", "id"],
};

export interface RunAttributeRow {
  readonly runId: string;
  readonly name: string;
  /** JSON text. */
  readonly value: string;
  /** That of the run: what is found is listed by it. */
  readonly createdAtMs: number;
}

export const runAttributes: Table<RunAttributeRow> = {
  name: "run_attributes",
  version: 1,
  columns: {
    runId: { type: "text" },
    name: { type: "text" },
    value: { type: "text" },
    createdAtMs: { type: "integer" },
  },
  key: ["runId", "name"],
  indexes: [["name", "value", "createdAtMs"]],
};

/** Columns that hold texts of values, by table: whoever writes them to a store seals them. */
export const recordedTexts: ReadonlyMap<string, readonly string[]> = new Map([
  [runs.name, ["input", "outcome"]],
  [steps.name, ["outcome"]],
  [signals.name, ["payload"]],
  [runEvents.name, ["payload"]],
]);

/** All tables of this room, for whoever opens the store. */
export const workflowTables: readonly AnyTable[] = [
  runs,
  steps,
  signals,
  engineLives,
  runKeys,
  queues,
  queueStarts,
  runEvents,
  runAttributes,
  schedules,
  runEnds,
].map((table) => table as unknown as AnyTable);

/** Those whose rows belong to one run, and go with it. */
export const tablesOfRuns: readonly AnyTable[] = workflowTables.filter(
  ({ key }) => key[0] === "runId",
);
