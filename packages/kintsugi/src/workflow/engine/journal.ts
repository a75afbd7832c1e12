/**
 * What is recorded of a run, and the order in which it reaches the run's code.
 *
 * Steps are numbered in the order in which the code starts them. In code with parallel branches that
 * order hangs on which branch went on first, so a replay hands outcomes out in the order in which they
 * were handed out before, and lets the code go as far as it gets on one before it is given the next.
 * The first run keeps the same pace: it never hands out two at once while others are awaited.
 */

import type { Clock } from "@kintsugi/policy/base";

import { DeterminismError } from "../errors.ts";
import type { StepKind, StepRow } from "../tables.ts";
import type { Branch, Entry } from "./branch.ts";

/** Where an outcome stands in the order: `place` in this replay, `ordinal` in the rows. */
export interface Place {
  readonly place: number;
  readonly ordinal: number;
}

/** Of the code: the one that the run was started with, and the one that runs. */
interface Versions {
  readonly started: number;
  readonly running: number;
}

export class Journal {
  readonly #runId: string;
  readonly #clock: Clock;
  readonly #versions: Versions | undefined;
  /** Recorded, and not asked for yet. */
  readonly #rows = new Map<number, StepRow>();
  readonly #places = new Map<number, number>();
  /** Outcomes whose turn has not come, by place. */
  readonly #arrived = new Map<number, () => void>();
  readonly #firstOrdinal: number;
  #nextSeq = 0;
  #skipped = 0;
  #nextPlace: number;
  #turn = 0;
  /** Calls of the code that have had no outcome yet. */
  #awaited = 0;
  /** The code is still going on what it was handed last. */
  #isDigesting = false;

  constructor(runId: string, clock: Clock, rows: readonly StepRow[], versions?: Versions) {
    this.#versions = versions;
    this.#runId = runId;
    this.#clock = clock;
    for (const row of rows) this.#rows.set(row.seq, row);
    const done = rows.filter(isDone).sort((a, b) => a.ordinal - b.ordinal);
    for (const [place, { seq }] of done.entries()) this.#places.set(seq, place);
    this.#nextPlace = done.length;
    // A replayed dead letter lost the rows of the steps that failed, and with them some ordinals.
    this.#firstOrdinal = (done.at(-1)?.ordinal ?? -1) + 1 - done.length;
  }

  /** Outcomes in the record. */
  get size(): number {
    return this.#nextPlace - this.#skipped;
  }

  /** True when the code has been handed all that it asked for, and has gone as far as it gets. */
  get isQuiet(): boolean {
    return this.#arrived.size === 0 && !this.#isDigesting;
  }

  /** @throws {@link DeterminismError} when something else is recorded under the next number. */
  enter(kind: StepKind, given: string, branch?: Branch): Entry {
    const name = given.toWellFormed(); // As the store gives it back: half a character is none there.
    const seq = this.#nextSeq;
    const row = this.#rows.get(seq);
    if (row && (row.kind !== kind || row.name !== name)) {
      throw new DeterminismError(
        this.#runId,
        seq,
        inWords(row),
        inWords({ kind, name }),
        this.#versions,
      );
    }
    this.#nextSeq += 1;
    if (typeof row?.abandonedBy !== "number") this.#awaited += 1;
    if (row) this.#rows.delete(seq);
    return { seq, kind, name, row, branch };
  }

  /** True when the run had passed this place before there was a patch of that name. */
  wasHereBefore(patch: string): boolean {
    const row = this.#rows.get(this.#nextSeq);
    const isPatched = row?.kind === "patch" && row.name === patch;
    return !isPatched && this.#rows.size > 0;
  }

  /** So many calls will have no outcome: they are abandoned. */
  giveUp(calls: number): void {
    this.#awaited -= calls;
  }

  /** The place of a recorded outcome; undefined while the step still waits. */
  placeOf({ seq }: Entry): number | undefined {
    return this.#places.get(seq);
  }

  /** The place of a new outcome; the order of these calls is the order of the commits. */
  takePlace(): Place {
    const place = this.#nextPlace;
    this.#nextPlace += 1;
    return { place, ordinal: this.#firstOrdinal + place };
  }

  /**
   * Hands out a new outcome when its turn has come. To be called when a commit is durable, a turn of
   * the event loop after the call of the code: by then the code has gone as far as it gets.
   */
  arrive(place: number, handOut: () => void): void {
    if (place === this.#turn && this.#awaited === 1 && !this.#isDigesting) {
      this.#turn += 1; // Nothing else is awaited, so there is no order to keep.
      this.#awaited = 0;
      handOut();
      return;
    }
    this.#arrived.set(place, handOut);
    if (!this.#isDigesting) this.#handOutNext();
  }

  /** Gives back a place whose outcome could not be recorded. */
  skip(place: number): void {
    this.#awaited += 1;
    this.#skipped += 1;
    this.arrive(place, () => {});
  }

  /** Hands out a recorded outcome when its turn has come, but lets the code go on first. */
  recall(place: number, handOut: () => void): void {
    this.#arrived.set(place, handOut);
    if (!this.#isDigesting) this.#letDigest();
  }

  #letDigest(): void {
    this.#isDigesting = true;
    this.#clock.immediate(() => {
      this.#isDigesting = false;
      this.#handOutNext();
    });
  }

  #handOutNext(): void {
    if (this.#arrived.size === 0) return;
    const handOut = this.#arrived.get(this.#turn);
    if (!handOut) {
      this.#clock.immediate(() => this.#skipMissing(this.#turn));
      return;
    }
    this.#arrived.delete(this.#turn);
    this.#turn += 1;
    this.#awaited -= 1;
    this.#letDigest();
    handOut();
  }

  /**
   * The code had its time and did not ask for the outcome whose turn it is. It may wait for something
   * that is no step, or it has changed: order is kept as far as it goes, and nothing hangs for ever.
   */
  #skipMissing(turn: number): void {
    if (this.#turn !== turn || this.#isDigesting || this.#arrived.has(turn)) return;
    this.#turn = Math.min(...this.#arrived.keys());
    this.#handOutNext();
  }
}

const isDone = (row: StepRow): row is StepRow & { readonly ordinal: number } =>
  row.ordinal !== null;

/** What a step is called in sentences. */
export function inWords({
  kind,
  name,
}: {
  readonly kind: StepKind;
  readonly name: string;
}): string {
  switch (kind) {
    case "step":
    case "child":
      return `${kind} "${name}"`;
    case "value":
      return `ctx.${name}()`;
    case "sleep":
      return "a sleep";
    case "wait":
      return `a wait for "${name}"`;
    case "race":
      return "a race";
    case "transact":
      return `transaction "${name}"`;
    case "emit":
      return `the event "${name}"`;
    case "tag":
      return "ctx.tag()";
    case "patch":
      return `the patch "${name}"`;
    case "undo":
      return `the undo of step "${name}"`;
  }
}
