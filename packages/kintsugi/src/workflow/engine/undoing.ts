/**
 * Undoes what a run has done, backwards: the step whose outcome was recorded last is undone first. Each
 * undo is recorded like a step, so a crash in between costs at most the one in flight, which runs again.
 */

import type { Clock } from "@kintsugi/policy/base";

import { type Change, insert } from "../../store/index.ts";
import { UndoFailedError } from "../errors.ts";
import { type StepRow, steps } from "../tables.ts";
import { decode } from "../value/codec.ts";
import { attemptStep, type Signals } from "./attempts.ts";
import type { Entry, Undoable } from "./branch.ts";
import type { Outcome } from "./outcome.ts";
import { NOTHING_YET } from "./races.ts";

/** What undoing needs of its run. */
export interface UndoingRun {
  readonly id: string;
  readonly clock: Clock;
  readonly signals: Signals;
  readonly keyOf: (seq: number) => string;
  /** To be awaited before code of the user runs. */
  readonly permit: (name: string) => Promise<void>;
  /** Resolves when it is durable that something was undone. */
  readonly record: (change: Change) => Promise<void>;
  /** The process lets go of the run: a later one goes on. */
  readonly isLetGo: () => boolean;
}

/** A step that has an undo, with what it came to. */
interface Deed {
  readonly entry: Entry;
  readonly undoable: Undoable;
  readonly ordinal: number;
  readonly text: string;
}

/** An undo that failed for good. */
export interface FailedUndo {
  readonly error: UndoFailedError;
  readonly row: StepRow;
}

/** The undo of step n has this number less n: behind all steps, in the order of the undoing. */
const UNDO_SEQ = 2 ** 40;

export class Undoing {
  readonly #run: UndoingRun;
  readonly #deeds: Deed[] = [];
  /** Numbers of the steps that are undone. */
  readonly #undone = new Set<number>();
  /** Steps in the record that have an undo. */
  #recorded = 0;

  constructor(run: UndoingRun) {
    this.#run = run;
  }

  /** True when there is something that the code has done and nobody has undone. */
  get isDue(): boolean {
    return this.#recorded > this.#undone.size;
  }

  /** True when the code has come by all steps that have to be undone. */
  get isReady(): boolean {
    return this.#deeds.length >= this.#recorded;
  }

  /** Takes up what an earlier life left. */
  remember(rows: readonly StepRow[]): void {
    for (const { seq, kind, failed } of rows) {
      if (kind === "undo" && failed === 0) this.#undone.add(UNDO_SEQ - seq);
    }
    this.#recorded = rows.filter(({ undoable }) => undoable === 1).length;
  }

  /** A step with an undo was recorded just now. */
  add(entry: Entry, undoable: Undoable, ordinal: number, text: string): void {
    this.#recorded += 1;
    this.found(entry, undoable, ordinal, text);
  }

  /** The code came by a step with an undo that was recorded in an earlier life. */
  found(entry: Entry, undoable: Undoable, ordinal: number, text: string): void {
    this.#deeds.push({ entry, undoable, ordinal, text });
  }

  /** Undefined when all is undone, or when the process lets go of the run. */
  async undoAll(reason: string): Promise<FailedUndo | undefined> {
    const deeds = this.#deeds.toSorted((a, b) => b.ordinal - a.ordinal);
    if (!this.isReady) {
      const what = "its code no longer comes by all the steps that have an undo";
      throw new UndoFailedError(this.#run.id, reason, what, [], this.#named(deeds));
    }
    for (const [at, deed] of deeds.entries()) {
      if (this.#undone.has(deed.entry.seq)) continue;
      const outcome = await this.#undo(deed);
      if (this.#run.isLetGo()) return undefined;
      const row = this.#rowOf(deed, outcome);
      if (outcome.failed === 1) {
        const undone = deeds.filter(({ entry }) => this.#undone.has(entry.seq));
        const left = deeds.slice(at).filter((one) => !this.#undone.has(one.entry.seq));
        return { row, error: this.#failed(reason, outcome, undone, left) };
      }
      await this.#run.record(insert(steps, row));
      this.#undone.add(deed.entry.seq);
    }
    return undefined;
  }

  async #undo({ entry, undoable, text }: Deed): Promise<Outcome> {
    const { clock, signals, keyOf, permit } = this.#run;
    await permit(entry.name);
    return attemptStep({
      name: entry.name,
      idempotencyKey: `${keyOf(entry.seq)}:undo`,
      fn: (context) => undoable.undo(decode(text) as never, context),
      options: undoable.options,
      clock,
      signals,
    });
  }

  #rowOf({ entry, ordinal }: Deed, { failed, text }: Outcome): StepRow {
    const named = { runId: this.#run.id, seq: UNDO_SEQ - entry.seq, kind: "undo" } as const;
    const recorded = { ordinal: UNDO_SEQ - ordinal, failed, outcome: text };
    return { ...NOTHING_YET, ...named, name: entry.name, ...recorded };
  }

  #failed(reason: string, { text }: Outcome, undone: Deed[], left: Deed[]): UndoFailedError {
    const error = decode(text) as Error;
    const what = `the undo of ${this.#named(left.slice(0, 1))[0]} failed (${error.message})`;
    return new UndoFailedError(this.#run.id, reason, what, this.#named(undone), this.#named(left));
  }

  #named(deeds: readonly Deed[]): string[] {
    return deeds.map(({ entry: { seq, name } }) => `step ${seq} "${name}"`);
  }
}

/** The step that this one undoes. Undefined when it is no undo. */
export const undoneBy = ({ kind, seq }: Pick<StepRow, "kind" | "seq">): number | undefined =>
  kind === "undo" ? UNDO_SEQ - seq : undefined;
