/** One call for all who ask for the same key while it runs. */

import {
  type CallContext,
  CutContext,
  givenSignal,
  hearAbort,
  KintsugiError,
  leaveWork,
} from "../base/index.ts";
import { board, type FlightState, isKept, land, leave, outdate, takeOff } from "./cache-state.ts";

/** The reason of a call's signal when nobody waits for the call any more. Nobody is thrown this. */
export class CallAbandonedError extends KintsugiError {
  override readonly name = "CallAbandonedError";
  readonly code = "KINTSUGI_CALL_ABANDONED";

  /** @param cause Why the last one left: a time-out is still one for the policies further in. */
  constructor(cause: unknown) {
    super("All who waited for this call have left", { cause });
  }
}

export class Flight<A> {
  /** Settles with the call, however that ends. */
  over!: Promise<void>;
  readonly #context: CutContext;
  readonly #ended: () => void;
  #state: FlightState;
  #answer!: Promise<A>;

  /** @param over Told when nobody can board any more. */
  constructor(isRenewal: boolean, starter: CallContext, over: () => void) {
    this.#state = takeOff(isRenewal);
    this.#context = new CutContext(starter.attempt, undefined, starter);
    this.#ended = over;
  }

  /** @param run Makes the call; `end` says whether what it comes to may be kept. */
  start(run: (context: CutContext, end: () => boolean) => Promise<A>): void {
    this.#answer = run(this.#context, () => this.#end());
    // All may have left by then; who waits hears of a failure.
    this.over = this.#answer.then(nothing, nothing);
  }

  board(): void {
    this.#state = board(this.#state);
  }

  /** The deletion of its key: its answer will not be kept, and without anybody waiting it is cut. */
  outdate(): void {
    this.#become(outdate(this.#state), undefined);
  }

  /** For one who has boarded: an abort of its signal ends this wait, and no other's. */
  wait(context: CallContext): Promise<A> {
    const signal = givenSignal(context);
    if (!signal) return this.#answer;
    return new Promise((resolve, reject) => {
      const forsake = (reason: unknown): void => {
        this.#become(leave(this.#state), reason);
        // Whoever counts what runs must know that the call may go on for a while.
        if (this.#state.kind === "abandoned") leaveWork(context, this.over);
        reject(reason);
      };
      if (signal.aborted) {
        forsake(signal.reason);
        return;
      }
      const link = hearAbort(signal, { forsake });
      this.#answer.then(resolve, reject).finally(() => link.leave());
    });
  }

  #end(): boolean {
    const isToKeep = isKept(this.#state);
    this.#become(land(this.#state), undefined);
    return isToKeep;
  }

  #become(next: FlightState, reason: unknown): void {
    const wasFlying = this.#state.kind === "flying";
    const wasCut = this.#state.kind === "abandoned";
    this.#state = next;
    if (wasFlying && next.kind !== "flying") this.#ended();
    if (next.kind === "abandoned" && !wasCut) this.#context.cut(new CallAbandonedError(reason));
  }
}

const nothing = (): void => {};
