import { KintsugiError, RejectedError } from "@kintsugi/policy/base";

/** The run was cancelled: thrown by the calls of its context, and by `result()`. */
export class RunCancelledError extends KintsugiError {
  override readonly name = "RunCancelledError";
  readonly code = "KINTSUGI_RUN_CANCELLED";
  readonly runId: string;

  constructor(runId: string) {
    super(`Run "${runId}" was cancelled`);
    this.runId = runId;
  }
}

/** The run had to end by a moment that has come: thrown by the calls of its context, and by `result()`. */
export class RunDeadlineError extends KintsugiError {
  override readonly name = "RunDeadlineError";
  readonly code = "KINTSUGI_RUN_DEADLINE";
  readonly runId: string;
  /** Epoch milliseconds. */
  readonly deadlineMs: number;

  constructor(runId: string, deadlineMs: number) {
    super(`Run "${runId}" had to end by ${new Date(deadlineMs).toISOString()}, and has not`);
    this.runId = runId;
    this.deadlineMs = deadlineMs;
  }
}

/** Steps that are named one by one in the message of an error. */
const MAX_NAMED = 20;

/** A run came to a bad end and was to be undone, which went wrong as well. */
export class UndoFailedError extends KintsugiError {
  override readonly name = "UndoFailedError";
  readonly code = "KINTSUGI_UNDO_FAILED";
  readonly runId: string;
  readonly undone: readonly string[];
  readonly notUndone: readonly string[];

  constructor(
    runId: string,
    reason: string,
    what: string,
    undone: readonly string[],
    notUndone: readonly string[],
  ) {
    super(
      `Run "${runId}" ${reason} and could not be undone: ${what}.` +
        ` Undone: ${inWords(undone)}. Not undone: ${inWords(notUndone)}`,
    );
    this.runId = runId;
    this.undone = undone;
    this.notUndone = notUndone;
  }
}

function inWords(steps: readonly string[]): string {
  if (steps.length === 0) return "nothing";
  const more = steps.length - MAX_NAMED;
  return steps.slice(0, MAX_NAMED).join(", ") + (more > 0 ? `, and ${more} more` : "");
}

/** The runtime crashed too often while this run's code ran: it is set aside as a dead letter. */
export class RunQuarantinedError extends KintsugiError {
  override readonly name = "RunQuarantinedError";
  readonly code = "KINTSUGI_RUN_QUARANTINED";
  readonly runId: string;
  readonly crashes: number;
  /** The step that was in flight, where it is known. */
  readonly step: string | null;

  constructor(runId: string, crashes: number, step: string | null, number: number, undoable = 0) {
    const where = step === null ? "" : ` "${step}"`;
    super(
      `Run "${runId}" is quarantined: the runtime crashed ${crashes} times in a row` +
        ` while its step ${number}${where} was in flight` +
        (undoable === 0 ? "" : `. Nothing is undone of its ${undoable} steps that have an undo`),
    );
    this.runId = runId;
    this.crashes = crashes;
    this.step = step;
  }
}

/** Another branch of a race was first: the reason with which the signals of the others are aborted. */
export class BranchLostError extends KintsugiError {
  override readonly name = "BranchLostError";
  readonly code = "KINTSUGI_BRANCH_LOST";
  readonly runId: string;

  constructor(runId: string) {
    super(`Another branch of a race in run "${runId}" was first`);
    this.runId = runId;
  }
}

/** The code of a workflow took another way than what was recorded of this run. */
export class DeterminismError extends KintsugiError {
  override readonly name = "DeterminismError";
  readonly code = "KINTSUGI_DETERMINISM";
  readonly runId: string;
  /** Number of the step, counted from 0 in the order in which steps are started. */
  readonly step: number;
  readonly recorded: string;
  readonly found: string;

  constructor(
    runId: string,
    step: number,
    recorded: string,
    found: string,
    versions?: { readonly started: number; readonly running: number },
  ) {
    super(
      `Step ${step} of run "${runId}" was recorded as ${recorded}, and the code now asks for` +
        ` ${found}: code between steps must be pure, and must not change under an unfinished run` +
        (versions && versions.started !== versions.running
          ? `. It was started with version ${versions.started}, which is not registered, and goes on` +
            ` with version ${versions.running}`
          : ""),
    );
    this.runId = runId;
    this.step = step;
    this.recorded = recorded;
    this.found = found;
  }
}

/** A value that a later process could not have back as it was. */
export class UnrecordableError extends KintsugiError {
  override readonly name = "UnrecordableError";
  readonly code = "KINTSUGI_UNRECORDABLE";
  /** Where it stands in the value: `result.items[3].callback`. */
  readonly path: string;

  /** `of` is what the value belongs to, such as `step "pay"`. */
  constructor(path: string, what: string, of = "") {
    super(
      `${path}${of === "" ? "" : ` of ${of}`} is ${what}, which cannot be recorded. What can: JSON, undefined, bigint, Date, Map,` +
        " Set, Uint8Array and Error",
    );
    this.path = path;
  }
}

/** A value whose text is longer than a record may be. */
export class ValueTooLargeError extends KintsugiError {
  override readonly name = "ValueTooLargeError";
  readonly code = "KINTSUGI_VALUE_TOO_LARGE";
  /** Characters of its text; Infinity where it is longer than any text can be. */
  readonly length: number;

  constructor(what: string, length: number, limit: number) {
    const size = Number.isFinite(length) ? `has ${grouped(length)}` : "has more than 500,000,000";
    super(
      `The ${what} ${size} characters as text, and at most ${grouped(limit)} can be recorded:` +
        " keep it in a file and record the path of that",
    );
    this.length = length;
  }
}

const grouped = (count: number): string => count.toLocaleString("en-US");

/** Where in the records something stands. */
export interface RecordPlace {
  readonly runId: string;
  /** Number of the step; undefined for the input, the result and signals of the run. */
  readonly seq?: number | undefined;
}

/** What was read back is not what was recorded: damaged, or the record of another place. */
export class CorruptRecordError extends KintsugiError {
  override readonly name = "CorruptRecordError";
  readonly code = "KINTSUGI_CORRUPT_RECORD";
  /** Where it stands; undefined where that is not known. */
  readonly place: RecordPlace | undefined;

  constructor(message: string, place?: RecordPlace) {
    super(message);
    this.place = place;
  }
}

/** A record is encrypted with a key that was not given, or with another one of the same id. */
export class KeyMissingError extends KintsugiError {
  override readonly name = "KeyMissingError";
  readonly code = "KINTSUGI_KEY_MISSING";
  readonly keyId: string;
  readonly place: RecordPlace | undefined;

  constructor(message: string, keyId: string, place?: RecordPlace) {
    super(message);
    this.keyId = keyId;
    this.place = place;
  }
}

/** A workflow's input does not fit its schema: the run was not accepted. */
export class InputRefusedError extends KintsugiError {
  override readonly name = "InputRefusedError";
  readonly code = "KINTSUGI_INPUT_REFUSED";
  readonly workflow: string;
  readonly issues: readonly string[];

  constructor(workflow: string, issues: readonly string[]) {
    super(`The input of workflow "${workflow}" was refused: ${issues.join("; ")}`);
    this.workflow = workflow;
    this.issues = issues;
  }
}

/** Two definitions claim one name and version. */
export class WorkflowNameTakenError extends KintsugiError {
  override readonly name = "WorkflowNameTakenError";
  readonly code = "KINTSUGI_WORKFLOW_NAME_TAKEN";
  readonly workflow: string;

  constructor(workflow: string, version: number) {
    super(`Another workflow is registered as version ${version} of "${workflow}"`);
    this.workflow = workflow;
  }
}

/** The id belongs to another run: of another workflow, or one that is no fork of the run that was forked. */
export class RunIdTakenError extends KintsugiError {
  override readonly name = "RunIdTakenError";
  readonly code = "KINTSUGI_RUN_ID_TAKEN";
  readonly runId: string;

  constructor(runId: string, owner: string, wanted: string) {
    super(`"${runId}" is a run of workflow "${owner}", so no ${wanted} can have that id`);
    this.runId = runId;
  }
}

/** There is no such run. */
export class RunUnknownError extends KintsugiError {
  override readonly name = "RunUnknownError";
  readonly code = "KINTSUGI_RUN_UNKNOWN";
  readonly runId: string;

  constructor(runId: string) {
    super(`There is no run "${runId}"`);
    this.runId = runId;
  }
}

/** What was asked of a run does not fit what has become of it. */
export class RunStatusError extends KintsugiError {
  override readonly name = "RunStatusError";
  readonly code = "KINTSUGI_RUN_STATUS";
  readonly runId: string;
  readonly status: string;

  constructor(runId: string, status: string, wish: string) {
    super(`Run "${runId}" is ${status}: it cannot ${wish}`);
    this.runId = runId;
    this.status = status;
  }
}

/** What a run was to go back to is not one step of it. */
export class FromStepError extends KintsugiError {
  override readonly name = "FromStepError";
  readonly code = "KINTSUGI_FROM_STEP";
  readonly runId: string;
  readonly fromStep: number | string;

  constructor(runId: string, fromStep: number | string, why: string) {
    super(`Run "${runId}" cannot go on from step ${JSON.stringify(fromStep)}: ${why}`);
    this.runId = runId;
    this.fromStep = fromStep;
  }
}

/** A run has as many signals that nobody asked for as it may keep. */
export class SignalsFullError extends KintsugiError {
  override readonly name = "SignalsFullError";
  readonly code = "KINTSUGI_SIGNALS_FULL";
  readonly runId: string;

  constructor(runId: string, kept: number) {
    super(`Run "${runId}" has ${kept} signals that it has not asked for, and takes no more`);
    this.runId = runId;
  }
}

/** A run has emitted as many events as it may. */
export class EventsFullError extends KintsugiError {
  override readonly name = "EventsFullError";
  readonly code = "KINTSUGI_EVENTS_FULL";
  readonly runId: string;

  constructor(runId: string, kept: number) {
    super(`Run "${runId}" has emitted ${kept} events, and may emit no more`);
    this.runId = runId;
  }
}

/** The engine does not run: not yet, or no more. Unfinished runs are taken up at its next start. */
export class EngineStoppedError extends KintsugiError {
  override readonly name = "EngineStoppedError";
  readonly code = "KINTSUGI_ENGINE_STOPPED";

  constructor() {
    super("The workflow engine is not running");
  }
}

/** A queue that nobody has configured. */
export class QueueUnknownError extends KintsugiError {
  override readonly name = "QueueUnknownError";
  readonly code = "KINTSUGI_QUEUE_UNKNOWN";
  readonly queue: string;

  constructor(queue: string, known: readonly string[]) {
    super(`There is no queue "${queue}"; there are: ${known.join(", ")}`);
    this.queue = queue;
  }
}

/** More runs are being accepted than the disk can take in: it is slow, or full. */
export class EngineOverloadedError extends RejectedError {
  override readonly name = "EngineOverloadedError";
  readonly code = "KINTSUGI_ENGINE_OVERLOADED";

  constructor() {
    super(
      "The workflow engine accepts no more runs until the disk has taken in those before",
      1_000,
    );
  }
}
