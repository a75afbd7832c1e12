/** The context of a call that its policy may end, whatever the caller does. */

import { Attempt } from "./attempt.ts";

/** Its signal is made when it is read, so a call that reads none pays for none. */
export class CutContext extends Attempt {
  #cut: { readonly reason: unknown } | undefined = undefined;

  override get signal(): AbortSignal {
    if (this.controller) return this.controller.signal;
    const controller = this.makeController();
    if (this.#cut) controller.abort(this.#cut.reason);
    return controller.signal;
  }

  override get given(): AbortSignal {
    return this.signal;
  }

  /** Bids the call stop; only the first reason counts. An abort of the parent is its policy's to pass on. */
  cut(reason: unknown): void {
    if (this.#cut) return;
    this.#cut = { reason };
    this.controller?.abort(reason);
  }
}
