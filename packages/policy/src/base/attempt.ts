/** One attempt at a call, as all policies around it share it. */

import { type CallContext, givenSignal } from "./call.ts";

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
  readonly #outer: CallContext;

  constructor(outer: CallContext, attempt: number = outer.attempt) {
    this.attempt = attempt;
    this.parent = givenSignal(outer);
    this.#outer = outer;
  }

  get signal(): AbortSignal {
    return this.#outer.signal;
  }
}
