/** The context of a call that has only so much time. */

import { type CallContext, givenSignal, leaveWork } from "../base/index.ts";

/**
 * Its signal is aborted when the time is up or when the outer signal is, whichever comes first. The
 * controller is made when somebody reads the signal; and nothing is aborted when the call returns, so
 * that a body which is read later can be read.
 */
export class TimedContext implements CallContext {
  readonly attempt: number;
  readonly #context: CallContext;
  readonly #outer: AbortSignal | undefined;
  #controller: AbortController | undefined;
  #expired: Error | undefined;
  #isClosed = false;

  constructor(context: CallContext) {
    this.attempt = context.attempt;
    this.#context = context;
    this.#outer = givenSignal(context);
  }

  get signal(): AbortSignal {
    if (this.#controller) return this.#controller.signal;
    this.#controller = new AbortController();
    if (this.#expired) this.#controller.abort(this.#expired);
    else if (this.#outer?.aborted) this.#passOn();
    else if (!this.#isClosed) this.#outer?.addEventListener("abort", this.#passOn, { once: true });
    return this.#controller.signal;
  }

  /** Passes on that work goes on after its call has been given up. */
  leave(work: Promise<unknown>): void {
    leaveWork(this.#context, work);
  }

  /** Bids the call stop. */
  expire(error: Error): void {
    this.#expired = error;
    this.#controller?.abort(error);
  }

  /** The call has settled: nothing is left behind on the outer signal. */
  close(): void {
    this.#isClosed = true;
    this.#outer?.removeEventListener("abort", this.#passOn);
  }

  readonly #passOn = (): void => this.#controller?.abort(this.#outer?.reason);
}
