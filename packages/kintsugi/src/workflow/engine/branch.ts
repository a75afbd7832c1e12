/** The calls that the code has made, and the branches of a race in which it made them. */

import type { StepContext, StepOptions } from "../step-types.ts";
import type { StepKind, StepRow } from "../tables.ts";
import type { Signals } from "./attempts.ts";

/** A call that the code has made, and what is recorded of it. */
export interface Entry {
  readonly seq: number;
  readonly kind: StepKind;
  readonly name: string;
  readonly row: StepRow | undefined;
  /** Undefined for what is called in no race. */
  readonly branch: Branch | undefined;
  /** The run that a child step starts. */
  readonly childId?: string;
  readonly undoable?: Undoable;
}

/** How what a step has done is undone. */
export interface Undoable {
  readonly undo: (result: never, context: StepContext) => Promise<void> | void;
  readonly options: StepOptions;
}

/**
 * A branch of a race. It knows its calls whose outcome has not reached the code, those of races inside
 * it as well: when it has lost, each of them comes to nothing.
 */
export class Branch implements Signals {
  readonly #signals: Signals;
  readonly #outer: Branch | undefined;
  readonly #inFlight = new Map<number, Entry>();
  /** Outcomes that are on their way to the disk or to the code. */
  readonly #recorded = new Map<number, RecordedCall>();
  readonly #controllers = new Set<AbortController>();
  #isLost = false;

  constructor(signals: Signals, outer: Branch | undefined) {
    this.#signals = signals;
    this.#outer = outer;
  }

  get isLost(): boolean {
    return this.#isLost || (this.#outer?.isLost ?? false);
  }

  open(): AbortController {
    const controller = this.#signals.open();
    if (this.isLost) controller.abort(new Error("The branch has lost its race"));
    for (const branch of this.#upwards()) branch.#controllers.add(controller);
    return controller;
  }

  close(controller: AbortController): void {
    this.#signals.close(controller);
    for (const branch of this.#upwards()) branch.#controllers.delete(controller);
  }

  began(entry: Entry): void {
    for (const branch of this.#upwards()) branch.#inFlight.set(entry.seq, entry);
  }

  recorded(entry: Entry, text: string): void {
    for (const branch of this.#upwards()) {
      branch.#inFlight.delete(entry.seq);
      branch.#recorded.set(entry.seq, { entry, text });
    }
  }

  handedOut({ seq }: Entry): void {
    for (const branch of this.#upwards()) branch.#recorded.delete(seq);
  }

  /** It has lost: its signals are aborted, and its calls handed over to whoever gives them up. */
  lose(reason: Error): LostCalls {
    this.#isLost = true;
    const lost = { inFlight: [...this.#inFlight.values()], recorded: [...this.#recorded.values()] };
    for (const { seq } of lost.inFlight) this.#forget(seq);
    for (const { entry } of lost.recorded) this.#forget(entry.seq);
    for (const controller of this.#controllers) {
      this.close(controller);
      controller.abort(reason);
    }
    return lost;
  }

  #forget(seq: number): void {
    for (const branch of this.#upwards()) {
      branch.#inFlight.delete(seq);
      branch.#recorded.delete(seq);
    }
  }

  *#upwards(): Generator<Branch> {
    for (let branch: Branch | undefined = this; branch; branch = branch.#outer) yield branch;
  }
}

export interface RecordedCall {
  readonly entry: Entry;
  /** The codec's text of the outcome. */
  readonly text: string;
}

export interface LostCalls {
  readonly inFlight: readonly Entry[];
  readonly recorded: readonly RecordedCall[];
}
