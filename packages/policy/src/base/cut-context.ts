/** The context of a call that its policy may end, whatever the caller does. */

import type { CallContext } from "./call.ts";

/** Its signal is made when it is read, so a call that reads none pays for none. */
export class CutContext implements CallContext {
  readonly attempt: number;
  #controller: AbortController | undefined;
  #cut: { readonly reason: unknown } | undefined;

  constructor(attempt: number) {
    this.attempt = attempt;
  }

  get signal(): AbortSignal {
    if (this.#controller) return this.#controller.signal;
    this.#controller = new AbortController();
    if (this.#cut) this.#controller.abort(this.#cut.reason);
    return this.#controller.signal;
  }

  /** Bids the call stop; only the first reason counts. */
  cut(reason: unknown): void {
    if (this.#cut) return;
    this.#cut = { reason };
    this.#controller?.abort(reason);
  }
}
