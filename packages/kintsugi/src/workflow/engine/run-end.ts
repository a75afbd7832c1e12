/**
 * The end of a run in memory, whatever it comes to. A run that returns is over at once. One that comes to
 * a bad end is marked with it first, when it has steps that can be undone; then these are undone, and it
 * is over when that is done. A later life finds the mark and goes on.
 */

import { type Change, put, update } from "../../store/index.ts";
import { DeterminismError, EngineStoppedError } from "../errors.ts";
import { isSuspect, type RunInput, type RunState, toColumns } from "../run-state.ts";
import type { RunError } from "../run-types.ts";
import { type RunRow, runs, type StepRow, steps } from "../tables.ts";
import type { Signals } from "./attempts.ts";
import { Blame } from "./blame.ts";
import { endedAt } from "./dormant.ts";
import {
  type Ending,
  type EndingMark,
  endChanges,
  endingOf,
  inWords,
  markIn,
  markOf,
  stopError,
  threw,
  undoFailed,
} from "./ending.ts";
import { idempotencyKeyOf } from "./generation.ts";
import type { RunHost } from "./run-host.ts";
import { Undoing } from "./undoing.ts";

/** What the end needs of its run. */
export interface EndingRun {
  readonly row: RunRow;
  readonly host: RunHost;
  readonly signals: Signals;
  readonly state: () => RunState;
  readonly move: (input: RunInput) => void;
  /** The end could not be written: it is as it was before. */
  readonly moveBack: (state: RunState) => void;
  /** What is shown of it besides its state. */
  readonly shown: () => Partial<RunRow>;
  /** True when the code has gone as far as it gets. */
  readonly isQuiet: () => boolean;
  /** Ends its waits and aborts its signals; who waits is told why where `isTold`. */
  readonly letGo: (makeReason: () => Error, isTold: boolean) => void;
}

const nothing = (): void => {};

/** Turns of the event loop in which a run that is to be undone may find nothing more of what it did. */
const MAX_LOOKS = 1_000;

export class RunEnd {
  readonly undoing: Undoing;
  readonly blame: Blame = new Blame();
  readonly #run: EndingRun;
  /** Why calls of the code come to nothing any more. */
  #over: "no" | "ended" | "stopped" | "abandoned" = "no";
  #mark: EndingMark | undefined;
  #isUndoing = false;
  /** What an earlier life left of the run is known. */
  #isKnown = false;
  #row: RunRow | undefined;
  /** The state that is shown until the end is durable: a crash before that leads back to it. */
  #stateBefore: RunState | undefined;
  /** Resolves when what the run comes to, or its mark, is durable. */
  #written: Promise<void> = Promise.resolve();

  constructor(run: EndingRun) {
    const { row, host, signals } = run;
    this.#run = run;
    this.#mark = markIn(row);
    this.undoing = new Undoing({
      id: row.id,
      clock: host.clock,
      signals,
      keyOf: (seq) => idempotencyKeyOf(row, seq),
      permit: (name) => this.#permit(name),
      record: (change) => this.#record(change),
      isLetGo: () => this.#over === "abandoned",
    });
  }

  get isOver(): boolean {
    return this.#over !== "no";
  }

  /** It was cancelled, or its time was up: who still calls is told. */
  get isStopped(): boolean {
    return this.#over === "stopped";
  }

  /** Nothing new is done any more: what is recorded is handed out, to find out how it is undone. */
  get isMarked(): boolean {
    return this.#mark !== undefined;
  }

  /** The run's last row, when it is durable. */
  get row(): RunRow | undefined {
    return this.#stateBefore ? undefined : this.#row;
  }

  /** While its end is on the way to the disk: the state that it had before. */
  get stateBefore(): RunState | undefined {
    return this.#stateBefore;
  }

  get shown(): { readonly ending?: RunRow["ending"]; readonly error?: RunError | null } {
    return this.#mark ? { ending: this.#mark.ending, error: this.#mark.cause.error } : {};
  }

  /** The code may run. False when it need not, for there is nothing to undo. */
  begin(): boolean {
    this.#isKnown = true;
    const mark = this.#mark;
    if (!mark) return true;
    if (!this.undoing.isDue)
      this.#finish(endingOf(mark)).catch(nothing); // The host has been told.
    else this.#undoWhenFound(mark);
    return this.undoing.isDue;
  }

  /** Ends the run so. Resolves when that is durable, also if steps are still to be undone. */
  async come(ending: Ending): Promise<void> {
    if (this.isOver) return this.#written;
    if (this.#mark) {
      if (this.#isKnown) this.#undo(this.#mark);
      return;
    }
    const isUndone = ending.kind !== "returned" && this.undoing.isDue;
    if (this.#isKnown && !isUndone) return this.#finish(ending);
    const mark = markOf(ending);
    this.#mark = mark;
    const { row, host, state, move } = this.#run;
    const isWaiting = state().kind === "waiting";
    if (isWaiting) move({ kind: "wakes", life: host.life }); // A later life must take it up.
    const isDurable = host.commit([isWaiting ? this.#columns(mark) : update(runs, [row.id], mark)]);
    this.#written = isDurable;
    if (this.#isKnown) this.#undo(mark, isDurable);
    await isDurable;
  }

  /** Ends the run where nobody knows where its code stands: nothing is undone, a replay may go on. */
  async strand(error: unknown): Promise<void> {
    if (this.isOver) return;
    if (error instanceof DeterminismError) this.#run.host.watch?.leaves(error);
    await this.#finish(this.#mark ? undoFailed({ error }) : threw(error, this.blame));
  }

  /** The process lets go of the run. */
  abandon(): void {
    if (this.isOver && !this.#isUndoing) return;
    this.#over = "abandoned";
    this.#run.letGo(() => new EngineStoppedError(), false);
  }

  stopError(): Error {
    const isLate = this.#mark?.ending === "deadline" || this.#row?.deadReason === "deadline";
    return stopError(this.#run.row, isLate ? "deadline" : "cancelled");
  }

  // --- private parts -----------------------------------------------------------------------------

  /** Its code runs once more, as far as it is recorded, for it knows how its steps are undone. */
  #undoWhenFound(mark: EndingMark, looks = 0): void {
    if (this.isOver) return;
    const isQuiet = this.#run.isQuiet();
    const again = (): void => this.#undoWhenFound(mark, isQuiet ? looks + 1 : 0);
    if (this.undoing.isReady || (isQuiet && looks >= MAX_LOOKS)) this.#undo(mark);
    else this.#run.host.clock.immediate(again);
  }

  #undo(mark: EndingMark, isMarked = Promise.resolve()): void {
    const { host } = this.#run;
    this.#over = mark.ending === "failed" ? "ended" : "stopped";
    this.#isUndoing = true;
    this.#letGo();
    const undone = isMarked
      .then(() => this.undoing.undoAll(inWords(mark)))
      .then(
        (failed) => this.#finish(failed ? undoFailed(failed) : endingOf(mark), failed?.row),
        (error) => (host.isLost(error) ? undefined : this.#finish(undoFailed({ error }))),
      );
    undone.catch(nothing); // The host has been told.
  }

  #finish(ending: Ending, failedUndo?: StepRow): Promise<void> {
    if (this.#over === "abandoned") return Promise.resolve();
    const { row, host, move, state, shown } = this.#run;
    const before = state();
    const atMs = host.clock.epochMs();
    const { kind, ...cause } = ending;
    move({ kind });
    const unmarked = kind !== "undo failed" && this.#mark && { ending: null, cause: null };
    const columns = { ...toColumns(state(), row.createdAtMs), ...cause, ...unmarked };
    const last = { ...columns, ...shown(), ...endedAt(atMs) };
    this.#row = { ...row, ...this.#mark, ...last };
    this.#isUndoing = false;
    this.#over = kind === "cancelled" || kind === "expired" ? "stopped" : "ended";
    this.#letGo();
    const more = failedUndo ? [put(steps, failedUndo)] : [];
    this.#stateBefore = before;
    this.#written = this.#write([...endChanges(row, last, atMs), ...more], kind === "returned");
    return this.#written;
  }

  async #write(changes: readonly Change[], mayDieInstead: boolean): Promise<void> {
    const { row, host } = this.#run;
    const before = this.#stateBefore;
    try {
      await host.commit(changes);
    } catch (error) {
      if (host.isLost(error)) throw error;
      if (mayDieInstead && before) return this.#dieInstead(before, error);
    }
    this.#stateBefore = undefined;
    host.ended(row.id);
  }

  /** The end that it came to could not be written: that is what it dies of. */
  #dieInstead(before: RunState, error: unknown): void {
    this.#run.moveBack(before);
    this.#stateBefore = undefined;
    this.#row = undefined;
    this.#over = "no";
    this.come(threw(error, this.blame)).catch(nothing);
  }

  /** The reason is made when somebody is there to be told: its stack costs more than a step. */
  #letGo(): void {
    this.#run.letGo(() => this.stopError(), this.isStopped);
  }

  async #permit(step: string): Promise<void> {
    const { row, host, state } = this.#run;
    const room = host.turnOf(row);
    if (room) await room;
    if (isSuspect(state())) await host.commit([this.#columns({ suspectStep: step })]);
  }

  #record(change: Change): Promise<void> {
    this.#run.move({ kind: "recorded" });
    return this.#run.host.commit([change, this.#columns({ suspectStep: null })]);
  }

  #columns(more: Partial<RunRow>): Change {
    const { row, state } = this.#run;
    return update(runs, [row.id], { ...toColumns(state(), row.createdAtMs), ...more });
  }
}
