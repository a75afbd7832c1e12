/** One call of the action: what must be known when it ends, and the guard that keeps it until then. */

import { type Attempt, type Guard, REFUSED, type Verdict } from "../../base/index.ts";
import type { ResettingCircuit } from "./circuit.ts";

export class Firing {
  readonly args: readonly unknown[];
  /** Empty where nothing is kept or shared. */
  readonly key: string;
  /** Monotonic. */
  readonly startedMs: number;
  /** What it fails with, once it has. */
  error: unknown = undefined;
  /** How it failed, once it has. */
  end: "error" | "timeout" | undefined = undefined;
  /** Whether there was no place for it. */
  isLocked = false;
  /** Whether nothing is to be learnt of its error. */
  isFiltered = false;
  /** Milliseconds, once it has ended. */
  tookMs = 0;
  /** Whether its answer is not to be shared, or no longer. */
  isUnshared = false;
  /** That of the circuit. */
  permit: number = REFUSED;

  constructor(args: readonly unknown[], key: string, startedMs: number) {
    this.args = args;
    this.key = key;
    this.startedMs = startedMs;
  }
}

/** Counts how firings end, and tells of it: of a failure before the circuit learns of it, of a success after. */
export interface Ends {
  countSuccess(firing: Firing): void;
  tellSuccess(firing: Firing, value: unknown): void;
  /** What the circuit is to learn; undefined for a success. `isLate` where its time was up. */
  onFailure(firing: Firing, thrown: unknown, isLate: boolean): Verdict | undefined;
}

/**
 * The circuit in a frame. A guard knows a call by a whole number: here it is the place in a list of
 * those that are out.
 */
export class Gate implements Guard {
  /** The one that comes now; whoever runs the frame sets it. */
  next: Firing | undefined = undefined;
  readonly #circuit: ResettingCircuit;
  readonly #ends: Ends;
  readonly #out: (Firing | undefined)[] = [];
  readonly #free: number[] = [];

  constructor(circuit: ResettingCircuit, ends: Ends) {
    this.#circuit = circuit;
    this.#ends = ends;
  }

  get running(): number {
    return this.#out.length - this.#free.length;
  }

  tryAdmit(attempt: Attempt): number {
    const firing = this.next;
    const permit = firing ? this.#circuit.tryAdmit(attempt) : REFUSED;
    if (!firing || permit < 0) return REFUSED;
    firing.permit = permit;
    const place = this.#free.pop() ?? this.#out.length;
    this.#out[place] = firing;
    return place;
  }

  refusal(attempt: Attempt): ReturnType<Guard["refusal"]> {
    return this.#circuit.refusal(attempt);
  }

  settle(place: number, attempt: Attempt, verdict: Verdict | undefined, ended: unknown): void {
    const firing = this.#out[place] as Firing; // As it was put there with the permit.
    let learnt: Verdict | undefined;
    if (verdict) learnt = this.#ends.onFailure(firing, ended, attempt.expired === ended);
    else this.#ends.countSuccess(firing);
    this.#circuit.settle(firing.permit, attempt, learnt);
    if (!learnt) this.#ends.tellSuccess(firing, verdict ? firing.error : ended);
  }

  /** The firing behind a permit, which is out no longer. */
  take(place: number): Firing {
    if (place < 0) return this.next as Firing; // It was refused, and so it is the one that comes now.
    const firing = this.#out[place] as Firing; // As its permit says.
    this.#out[place] = undefined;
    this.#free.push(place);
    return firing;
  }
}
