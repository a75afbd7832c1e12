/** Makes a call, sorts its end by the filters of a policy, and tells of it. */

import { type Ending, limitStack, systemClock } from "../../base/index.ts";
import type { FailureReason, IFailureEvent, ISuccessEvent } from "./contract.ts";
import { type Event, EventEmitter } from "./event.ts";

/** A failure that a policy does something about, on its way through the engine. */
export class Failure extends Error {
  readonly reason: FailureReason<unknown>;

  constructor(reason: FailureReason<unknown>) {
    const depth = limitStack(0); // Nobody ever sees it.
    super();
    limitStack(depth);
    this.reason = reason;
  }
}

type Filter = (value: unknown) => boolean;

const nothing: Filter = () => false;

export class Executor {
  readonly onSuccess: Event<ISuccessEvent>;
  readonly onFailure: Event<IFailureEvent>;
  readonly #succeeded = new EventEmitter<ISuccessEvent>();
  readonly #failed = new EventEmitter<IFailureEvent>();
  readonly #errorFilter: Filter;
  readonly #resultFilter: Filter;

  constructor(errorFilter: Filter = nothing, resultFilter: Filter = nothing) {
    this.#errorFilter = errorFilter;
    this.#resultFilter = resultFilter;
    this.onSuccess = this.#succeeded.addListener;
    this.onFailure = this.#failed.addListener;
  }

  /** With the same filters, and nobody who listens. */
  clone(): Executor {
    return new Executor(this.#errorFilter, this.#resultFilter);
  }

  /**
   * @throws {@link Failure} where the policy does something about how the call ended; else what it throws.
   */
  async run<R>(call: () => PromiseLike<R> | R): Promise<R> {
    const isHeard = this.#succeeded.size + this.#failed.size > 0;
    const startedMs = isHeard ? systemClock.monotonicMs() : 0;
    let value: R;
    try {
      value = await call();
    } catch (error) {
      const handled = this.#errorFilter(error);
      if (isHeard) this.#tellFailure(startedMs, handled, { error });
      throw handled ? new Failure({ error }) : error;
    }
    if (this.#resultFilter(value)) {
      if (isHeard) this.#tellFailure(startedMs, true, { value });
      throw new Failure({ value });
    }
    if (isHeard) this.#succeeded.tell({ duration: systemClock.monotonicMs() - startedMs });
    return value;
  }

  #tellFailure(startedMs: number, handled: boolean, reason: FailureReason<unknown>): void {
    this.#failed.tell({ duration: systemClock.monotonicMs() - startedMs, handled, reason });
  }
}

/** What a call comes to for its caller that has failed for good. */
export function surface<R>(reason: FailureReason<R>): R {
  if ("error" in reason) throw reason.error;
  return reason.value;
}

/** What an attempt comes to for its caller. */
function surfaced(thrown: unknown): unknown {
  if (thrown instanceof Failure) return surface(thrown.reason);
  throw thrown;
}

/** For frames in which only the call itself fails. */
export const surfacing: Ending = {
  answered: (value) => value,
  failed: surfaced,
};
