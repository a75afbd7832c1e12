/** What a run waits for other than its own steps: time, signals and children. */

import type { Clock } from "@kintsugi/policy/base";

import { type Change, remove, update } from "../../store/index.ts";
import { NEVER_MS } from "../run-state.ts";
import { type SignalRow, type StepRow, signals, steps } from "../tables.ts";
import type { Entry, RecordedCall } from "./branch.ts";
import { Mailbox } from "./mailbox.ts";
import { type Outcome, success } from "./outcome.ts";

export interface Settler {
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/** One thing that the code waits for. */
export interface Wait extends Settler {
  readonly entry: Entry;
  readonly wakeAtMs: number;
  cancelTimer: () => void;
}

/** What waits need of their run. */
export interface WaitingRun {
  readonly id: string;
  readonly clock: Clock;
  /** A wait has come to this: it is recorded, and the code goes on. */
  readonly woken: (wait: Wait, outcome: Outcome, more: readonly Change[]) => void;
}

/** What a wait comes to when its time is up. */
export const timeIsUp: Outcome = success(null);

/** Letters that are put back stand before all that came, in the order of the waits that took them. */
const PUT_BACK_SEQ = -(2 ** 40);

const nothing = (): void => {};

export class Waits {
  /** Signals that nobody has asked for yet. */
  readonly mail: Mailbox = new Mailbox();
  readonly #run: WaitingRun;
  readonly #open = new Set<Wait>();

  constructor(run: WaitingRun) {
    this.#run = run;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Begins a wait, until the deadline in its row if that has one. */
  add(entry: Entry, row: StepRow | undefined, settler: Settler): Wait {
    const wakeAtMs = row?.deadlineMs ?? NEVER_MS;
    const wait = { ...settler, entry: { ...entry, row }, wakeAtMs, cancelTimer: nothing };
    this.#open.add(wait);
    return wait;
  }

  /** Forgets the wait of this call. False when it is none, or has ended. */
  drop({ seq }: Entry): boolean {
    const wait = [...this.#open].find(({ entry }) => entry.seq === seq);
    if (!wait) return false;
    wait.cancelTimer();
    return this.#open.delete(wait);
  }

  /** Ends a wait with what it came to; one that has ended before stays as it is. */
  wake(wait: Wait, outcome: Outcome, more: readonly Change[] = []): void {
    if (!this.#open.delete(wait)) return;
    wait.cancelTimer();
    this.#run.woken(wait, outcome, more);
  }

  /** Ends a wait when its time is up. The wall clock may be set back: then the timer is set again. */
  wakeWhenDue(wait: Wait, outcome: Outcome): void {
    if (wait.wakeAtMs === NEVER_MS) return;
    const { clock } = this.#run;
    const leftMs = wait.wakeAtMs - clock.epochMs();
    const again = (): void => this.wakeWhenDue(wait, outcome);
    if (leftMs <= 0) this.wake(wait, outcome);
    else wait.cancelTimer = clock.after(leftMs, again);
  }

  /** Takes in a signal that is durable. */
  deliver(letter: SignalRow): void {
    const isFor = ({ entry }: Wait): boolean => entry.kind === "wait" && entry.name === letter.name;
    const wait = [...this.#open].find(isFor);
    if (wait) this.hand(wait, letter);
    else this.mail.add(letter);
  }

  /** Ends a wait with a signal, which is gone with that: a rewind gives it back. */
  hand(wait: Wait, { seq, payload }: SignalRow): void {
    const { id } = this.#run;
    const taken = update(steps, [id, wait.entry.seq], { signalSeq: seq });
    this.wake(wait, { failed: 0, text: payload }, [taken, remove(signals, id, seq)]);
  }

  /** When the run wants to be woken, and whether it waits for a child besides. */
  summary(): { readonly wakeAtMs: number; readonly onChild: boolean } {
    const waits = [...this.#open];
    return {
      wakeAtMs: Math.min(...waits.map((wait) => wait.wakeAtMs)),
      onChild: waits.some(({ entry }) => entry.kind === "child"),
    };
  }

  /** Ends all waits without an outcome. Where there is a reason, whoever waits is told. */
  letGo(reason: Error | undefined): void {
    for (const wait of this.#open) {
      wait.cancelTimer();
      if (reason) wait.reject(reason);
    }
    this.#open.clear();
  }
}

/** The signals that calls have taken whose outcome nobody hears: they are for the next who asks. */
export function lettersOf(runId: string, calls: readonly RecordedCall[]): readonly SignalRow[] {
  return calls
    .filter(({ entry, text }) => entry.kind === "wait" && text !== timeIsUp.text)
    .map(({ entry, text }) => ({
      runId,
      seq: PUT_BACK_SEQ + entry.seq,
      name: entry.name,
      payload: text,
    }));
}
