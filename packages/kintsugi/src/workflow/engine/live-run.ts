/** A run in memory: its state, its record, what it waits for, and how it ends. */

import { type Change, insert, update } from "../../store/index.ts";
import { DeterminismError } from "../errors.ts";
import { isSuspect, next, type RunInput, type RunState, toColumns } from "../run-state.ts";
import type { RunProgress, RunView } from "../run-types.ts";
import {
  type RunRow,
  runs,
  type SignalRow,
  type StepKind,
  type StepRow,
  steps,
} from "../tables.ts";
import type { Workflow, WorkflowContext } from "../types.ts";
import { decode } from "../value/codec.ts";
import type { Signals } from "./attempts.ts";
import type { Blame } from "./blame.ts";
import type { Branch, Entry, Undoable } from "./branch.ts";
import { type Ending, returned, threw } from "./ending.ts";
import { Journal } from "./journal.ts";
import { Notes } from "./notes.ts";
import { type Outcome, settle, success } from "./outcome.ts";
import { isAbandoned, NOTHING_YET, Races } from "./races.ts";
import { RunEnd } from "./run-end.ts";
import type { RunHost } from "./run-host.ts";
import { viewOf } from "./views.ts";
import { type Settler, type Wait, Waits } from "./waits.ts";

/** How an outcome is recorded. */
interface Recording {
  /** Called when it is on the disk. */
  readonly durable?: (() => void) | undefined;
  /** What comes with it may meet a conflict: then nothing is recorded, and the caller is told. */
  readonly mayBeRefused?: boolean;
}

const nothing = (): void => {};

export class LiveRun {
  readonly row: RunRow;
  readonly host: RunHost;
  readonly waits: Waits;
  readonly races: Races;
  readonly notes: Notes;
  /** Where its calls get signals that are aborted when the run is over, in whatever way. */
  readonly signals: Signals;
  readonly #end: RunEnd;
  readonly #workflow: Workflow<never, unknown>;
  readonly #controllers = new Set<AbortController>();
  #journal: Journal;
  #state: RunState;
  #progress: RunProgress | null;
  /** Calls that do not wait: code of steps, and outcomes on their way to the disk or to the code. */
  #active = 0;
  constructor(row: RunRow, state: RunState, workflow: Workflow<never, unknown>, host: RunHost) {
    this.row = row;
    this.host = host;
    this.#workflow = workflow;
    this.#state = state;
    this.#progress = row.progress;
    this.notes = new Notes(row);
    this.#journal = new Journal(row.id, host.clock, []);
    this.waits = new Waits({
      id: row.id,
      clock: host.clock,
      woken: (wait, outcome, more) => this.#woken(wait, outcome, more),
    });
    this.races = new Races({
      id: row.id,
      won: (entry, winner, more) => this.#won(entry, winner, more),
      write: (changes) => this.#write(changes, nothing),
      forget: (call) => this.#forget(call),
      deliver: (letter) => this.waits.deliver(letter),
      cancelChild: (runId) => host.cancelChild(runId),
    });
    this.signals = {
      open: () => {
        const controller = new AbortController();
        this.#controllers.add(controller);
        return controller;
      },
      close: (controller) => void this.#controllers.delete(controller),
    };
    this.#end = new RunEnd({
      row,
      host,
      signals: this.signals,
      state: () => this.#state,
      move: (input) => this.#move(input),
      moveBack: (before) => {
        this.#state = before;
      },
      shown: () => this.#shown(),
      isQuiet: () => this.#journal.isQuiet,
      letGo: (makeReason, isTold) => this.#letGo(makeReason, isTold),
    });
  }

  get blame(): Blame {
    return this.#end.blame;
  }

  get id(): string {
    return this.row.id;
  }

  get state(): RunState {
    return this.#state;
  }

  get isOver(): boolean {
    return this.#end.isOver;
  }

  /** Its last row, when that is durable. */
  get endRow(): RunRow | undefined {
    return this.#end.row;
  }

  view(): RunView {
    if (this.endRow) return viewOf(this.endRow);
    return viewOf({
      ...this.row,
      ...toColumns(this.#end.stateBefore ?? this.#state, this.row.createdAtMs),
      ...this.#shown(),
      attributes: this.notes.attributes,
      ...this.#end.shown,
    });
  }

  /** Takes up what an earlier life left. */
  remember(rows: readonly StepRow[], letters: readonly SignalRow[]): void {
    const called = rows.filter(({ kind }) => kind !== "undo");
    const versions = { started: this.row.version, running: this.#workflow.version };
    this.#journal = new Journal(this.id, this.host.clock, called, versions);
    this.#end.undoing.remember(rows);
    for (const letter of letters) this.waits.mail.add(letter);
  }

  async execute(ctx: WorkflowContext): Promise<void> {
    if (!this.#end.begin()) return;
    const code = this.#workflow.run as (ctx: WorkflowContext, input: unknown) => Promise<unknown>;
    try {
      const outcome = success(await code(ctx, decode(this.row.input)), "the run");
      this.stop(returned(outcome)).catch(nothing); // The host has been told.
    } catch (thrown) {
      this.die(thrown);
    }
  }

  // --- calls of the code -------------------------------------------------------------------------

  /** Takes in the next call of the code; undefined when it must come to nothing: see `refuse`. */
  enter(kind: StepKind, name: string, branch?: Branch): Entry | undefined {
    if (this.isOver || branch?.isLost) return undefined;
    try {
      const entry = this.#journal.enter(kind, name, branch);
      if (isAbandoned(entry)) return this.races.meetAgain(entry);
      // A run that only has to be undone does nothing that it has not done.
      if (this.#end.isMarked && this.#journal.placeOf(entry) === undefined) return undefined;
      branch?.began(entry);
      return entry;
    } catch (error) {
      if (!(error instanceof DeterminismError)) throw error;
      this.#end.strand(error).catch(nothing); // Not for the code to catch.
      return undefined;
    }
  }

  /** True when what the call comes to is of no use to anybody any more. */
  isVain({ branch }: Entry): boolean {
    return this.isOver || (branch?.isLost ?? false);
  }

  /** True when what the call has begun is to be ended: it was cancelled, or its branch has lost. */
  isUnwanted({ branch }: Entry): boolean {
    return this.#end.isStopped || (branch?.isLost ?? false);
  }

  /** What a call comes to when the run is over: code of a cancelled run ends, other code stands still. */
  refuse<T>(): Promise<T> {
    if (!this.#end.isStopped) return new Promise<T>(nothing);
    return Promise.reject(this.#end.stopError());
  }

  /** Hands out what is recorded, in its turn. Undefined when nothing is. */
  recall<T>(entry: Entry): Promise<T> | undefined {
    const place = this.#journal.placeOf(entry);
    if (place === undefined || !entry.row) return undefined;
    const { failed, outcome, ordinal } = entry.row;
    if (entry.undoable && !failed) {
      this.#end.undoing.found(entry, entry.undoable, ordinal ?? 0, outcome ?? "null");
    }
    this.#active += 1;
    return new Promise((resolve, reject) => {
      const recorded = { failed, text: outcome ?? "null" };
      entry.branch?.recorded(entry, recorded.text);
      this.#journal.recall(place, () => this.#handOut(entry, recorded, { resolve, reject }));
    });
  }

  /** Called before an outcome is made without code of the user. Where given, it is to be awaited. */
  begin(): Promise<void> | undefined {
    this.#active += 1;
    return this.host.turnOf(this.row);
  }

  /** Called before code of a step runs. Where the disk must know of that first, it is to be awaited. */
  permit(entry: Entry): Promise<void> | undefined {
    const room = this.begin();
    return room ? room.then(() => this.#mark(entry)) : this.#mark(entry);
  }

  #mark(entry: Entry): Promise<void> | undefined {
    if (this.isVain(entry)) return undefined;
    const mustTell = isSuspect(this.#state);
    if (this.#state.kind === "busy" && !mustTell) return undefined;
    this.#move({ kind: "wakes", life: this.host.life });
    const change = this.#columns({ suspectStep: mustTell ? entry.name : null });
    return new Promise((resolve) => this.#write([change], resolve));
  }

  /** Records an outcome, once, and hands it to the code in its turn. */
  record<T>(
    entry: Entry,
    outcome: Outcome,
    more: readonly Change[] = [],
    { durable = nothing, mayBeRefused = false }: Recording = {},
  ): Promise<T> {
    if (this.isVain(entry)) return this.refuse();
    const { place, ordinal } = this.#journal.takePlace();
    entry.branch?.recorded(entry, outcome.text);
    const undoable = entry.undoable && outcome.failed === 0 ? 1 : 0;
    const recorded = { ordinal, failed: outcome.failed, outcome: outcome.text, undoable } as const;
    if (undoable) this.#end.undoing.add(entry, entry.undoable as Undoable, ordinal, outcome.text);
    const { seq, kind, name, childId = null } = entry;
    const { attempts = null } = outcome;
    const noMore = { deadlineMs: null, attempts, signalSeq: null, abandonedBy: null } as const;
    const row = { runId: this.id, seq, kind, name, childId, ...noMore, ...recorded };
    const changes = [
      entry.row ? update(steps, [this.id, seq], recorded) : insert(steps, row),
      ...more,
    ];
    const before = this.#state;
    this.#move({ kind: "wakes", life: this.host.life });
    this.#move({ kind: "recorded" });
    if (this.#state !== before) changes.push(this.#columns({ suspectStep: null }));
    return new Promise((resolve, reject) => {
      const handOut = (): void => this.#handOut(entry, outcome, { resolve, reject });
      const written = (): void => {
        durable();
        this.#journal.arrive(place, handOut);
      };
      const refused = (error: unknown): void => {
        this.#state = before;
        this.#journal.skip(place);
        entry.branch?.began(entry);
        reject(error);
      };
      this.#write(changes, written, mayBeRefused ? refused : undefined);
    });
  }

  /** The answer to `ctx.patched`; undefined when it is true and has to be recorded. */
  patchKnown(name: string): boolean | undefined {
    return this.notes.patchKnown(name, this.#journal.wasHereBefore(name));
  }

  #won(entry: Entry, winner: number, more: readonly Change[]): Promise<number> {
    this.#active += 1;
    return this.record(entry, success(winner), more);
  }

  #forget(call: Entry): void {
    this.#journal.giveUp(1);
    if (!this.waits.drop(call) && call.kind !== "race") this.#active -= 1;
  }

  #handOut(entry: Entry, outcome: Outcome, to: Settler): void {
    this.#active -= 1;
    if (this.isOver) {
      this.refuse().catch(to.reject);
      return;
    }
    // What else it waits for may now be all that it does, but first the code has to go on.
    if (this.waits.size > 0) this.host.clock.immediate(() => this.#rest());
    if (entry.branch?.isLost) return;
    entry.branch?.handedOut(entry);
    try {
      settle(outcome, to.resolve, (error) => {
        this.blame.add(error, [entry.seq]);
        to.reject(error);
      });
    } catch (error) {
      this.#end.strand(error).catch(nothing); // A record that cannot be read.
    }
  }

  // --- waits -------------------------------------------------------------------------------------

  /** Begins a wait. Its deadline, if it has one, is recorded before anything else. */
  wait<T>(
    entry: Entry,
    { deadlineMs }: { readonly deadlineMs: number | null },
    begin: (wait: Wait) => void,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const row =
        entry.row ?? (deadlineMs === null ? undefined : this.#deadline(entry, deadlineMs));
      const wait = this.waits.add(entry, row, { resolve, reject });
      entry.branch?.began(wait.entry);
      this.#rest(row && !entry.row ? [insert(steps, row)] : []);
      begin(wait);
    });
  }

  #woken(wait: Wait, outcome: Outcome, more: readonly Change[]): void {
    this.#active += 1;
    this.record<never>(wait.entry, outcome, more).then(wait.resolve, wait.reject);
  }

  #deadline({ seq, kind, name }: Entry, deadlineMs: number): StepRow {
    return { ...NOTHING_YET, runId: this.id, seq, kind, name, deadlineMs };
  }

  /** Writes `more`, and says so when nothing but waits is left. */
  #rest(more: readonly Change[] = []): void {
    const changes = [...more];
    const before = this.#state;
    if (!this.isOver && this.#active === 0 && this.waits.size > 0) {
      this.#move({ kind: "only waits", ...this.waits.summary() });
      if (this.#state !== before) changes.push(this.#columns(this.#shown()));
    }
    if (changes.length === 0) return;
    const resting = this.#state;
    this.#write(changes, () => {
      if (this.#state === resting && resting.kind === "waiting") this.host.rests(this.id);
    });
  }

  // --- what comes from outside -------------------------------------------------------------------

  progress(progress: RunProgress): void {
    if (this.isOver) return;
    this.#progress = progress;
    if (!this.host.isMeasured) return;
    const { id: runId, workflow } = this.row;
    this.host.measure({ kind: "progress made", runId, workflow, progress });
  }

  /** Resolves when it is durable that the run ends so. */
  stop(ending: Ending): Promise<void> {
    return this.#end.come(ending);
  }

  /** Ends the run as a dead letter. */
  die(thrown: unknown): void {
    this.#end.come(threw(thrown, this.blame)).catch(nothing); // The host has been told.
  }

  /** Lets go of the code where it stands. The rows stay: a later life goes on, or this one later. */
  abandon(): void {
    this.#end.abandon();
  }

  // --- private parts -----------------------------------------------------------------------------

  #letGo(makeReason: () => Error, isTold: boolean): void {
    if (this.waits.size === 0 && this.#controllers.size === 0) return;
    const reason = makeReason();
    this.waits.letGo(isTold ? reason : undefined);
    for (const controller of this.#controllers) controller.abort(reason);
    this.#controllers.clear();
  }

  #move(input: RunInput): void {
    const before = this.#state;
    this.#state = next(before, input);
    if (this.#state !== before) this.host.moved(this.row, this.#state);
  }

  #columns(more: Partial<RunRow>): Change {
    return update(runs, [this.id], { ...toColumns(this.#state, this.row.createdAtMs), ...more });
  }

  #shown(): Pick<RunRow, "progress" | "stepsRecorded"> {
    return { progress: this.#progress, stepsRecorded: this.#journal.size };
  }

  #write(
    changes: readonly Change[],
    durable: () => void,
    refused: (error: unknown) => void = (error) => this.die(error),
  ): void {
    this.host.commit(changes).then(durable, (error) => {
      if (!this.host.isLost(error)) refused(error);
    });
  }
}
