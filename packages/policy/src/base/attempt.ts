/** One attempt at a call, as all policies around it share it. */

import { type CallContext, givenSignal, leaveWork } from "./call.ts";

/**
 * The context that a call is handed, and the place where policies note what they must know when it ends.
 * One is made for each attempt, and nothing besides.
 */
export class Attempt implements CallContext {
  /** 1 for the first. */
  readonly attempt: number;
  /** The caller's signal; undefined where nobody will ever abort. */
  readonly parent: AbortSignal | undefined;
  /** Monotonic milliseconds at which it began; -1 where no policy needed to know. */
  startedMs = -1;
  /**
   * Work that goes on although the call has returned, as an aggressive timeout leaves it; settles with
   * the last of it. Undefined where there is none.
   */
  zombie: Promise<unknown> | undefined;
  readonly #outer: CallContext;

  constructor(outer: CallContext, attempt: number = outer.attempt) {
    this.attempt = attempt;
    this.parent = givenSignal(outer);
    this.#outer = outer;
  }

  get signal(): AbortSignal {
    return this.#outer.signal;
  }

  /** Notes work that goes on without the call, here and in every context around, before the call ends. */
  leave(work: Promise<unknown>): void {
    this.zombie = this.zombie ? Promise.allSettled([this.zombie, work]) : work;
    leaveWork(this.#outer, work);
  }
}
