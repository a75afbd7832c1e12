/** How races end: one branch has won, and what the others had in flight is given up for good. */

import { type Change, insert, put } from "../../store/index.ts";
import { BranchLostError } from "../errors.ts";
import { type SignalRow, type StepRow, signals, steps } from "../tables.ts";
import type { Branch, Entry } from "./branch.ts";
import { lettersOf } from "./waits.ts";

/** Of the row of a step that has no outcome. */
export const NOTHING_YET: Omit<StepRow, "runId" | "seq" | "kind" | "name"> = {
  ordinal: null,
  deadlineMs: null,
  childId: null,
  failed: 0,
  outcome: null,
  attempts: null,
  signalSeq: null,
  abandonedBy: null,
  undoable: 0,
};

/** The code calls again what an earlier life has given up. */
export const isAbandoned = ({ row }: Entry): boolean => typeof row?.abandonedBy === "number";

/** What races need of their run. */
export interface RacingRun {
  readonly id: string;
  /** Records the winner, with changes that belong to the same commit. */
  readonly won: (entry: Entry, winner: number, more: readonly Change[]) => Promise<number>;
  readonly write: (changes: readonly Change[]) => void;
  /** Forgets a call that has had no outcome, and will have none. */
  readonly forget: (call: Entry) => void;
  readonly deliver: (letter: SignalRow) => void;
  readonly cancelChild: (runId: string) => void;
}

export class Races {
  readonly #run: RacingRun;

  constructor(run: RacingRun) {
    this.#run = run;
  }

  /** Ends a race: what the losers had in flight is abandoned in the commit that records who won. */
  decide(entry: Entry, winner: number, losers: readonly Branch[]): Promise<number> {
    const { id, won, deliver, cancelChild } = this.#run;
    const lost = losers.map((branch) => branch.lose(new BranchLostError(id)));
    const inFlight = lost.flatMap((calls) => calls.inFlight);
    const letters = lost.flatMap((calls) => lettersOf(id, calls.recorded));
    const putBack = letters.map((letter) => insert(signals, letter));
    const isWon = won(entry, winner, [
      ...inFlight.map((call) => this.#abandon(call, entry)),
      ...putBack,
    ]);
    // All of this is written after who won, so that it has never happened without that.
    for (const { childId } of inFlight) if (childId) cancelChild(childId);
    for (const letter of letters) deliver(letter);
    return isWon;
  }

  /** The race was decided in an earlier life: the losers stand where they stood then. */
  decidedBefore(entry: Entry, losers: readonly Branch[]): void {
    const { id, write } = this.#run;
    const inFlight = losers.flatMap((branch) => branch.lose(new BranchLostError(id)).inFlight);
    // None, unless the run died and was replayed: then a step that failed may be in flight again.
    if (inFlight.length > 0) write(inFlight.map((call) => this.#abandon(call, entry)));
  }

  /** The code calls again what was abandoned: a race, for its branches have calls that are counted. */
  meetAgain(call: Entry): Entry | undefined {
    // A crash may have come before the child was cancelled.
    if (call.row?.childId) this.#run.cancelChild(call.row.childId);
    return call.kind === "race" ? call : undefined;
  }

  #abandon(call: Entry, race: Entry): Change {
    this.#run.forget(call);
    const { seq, kind, name, childId = null } = call;
    const named = { runId: this.#run.id, seq, kind, name, childId };
    return put(steps, { ...NOTHING_YET, ...named, abandonedBy: race.seq });
  }
}
