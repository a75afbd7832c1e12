/** Makes a call, sorts its end by the filters of a policy, and tells of it. */

import { limitStack, systemClock } from "../../base/index.ts";
import type { FailureReason, IFailureEvent, ISuccessEvent } from "./contract.ts";
import { type Event, EventEmitter } from "./event.ts";

export type Ended<R> = FailureReason<R> | { success: R };

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

  /** @throws what the call throws, where the policy does nothing about it. */
  async invoke<R>(call: () => PromiseLike<R> | R): Promise<Ended<R>> {
    const isHeard = this.#succeeded.size + this.#failed.size > 0;
    const startedMs = isHeard ? systemClock.monotonicMs() : 0;
    const duration = (): number => systemClock.monotonicMs() - startedMs;
    let value: R;
    try {
      value = await call();
    } catch (error) {
      const handled = this.#errorFilter(error);
      if (isHeard) this.#failed.tell({ duration: duration(), handled, reason: { error } });
      if (!handled) throw error;
      return { error };
    }
    if (this.#resultFilter(value)) {
      if (isHeard) this.#failed.tell({ duration: duration(), handled: true, reason: { value } });
      return { value };
    }
    if (isHeard) this.#succeeded.tell({ duration: duration() });
    return { success: value };
  }

  /** As `invoke`, for an engine that goes by what is thrown. @throws {@link Failure} too. */
  async run<R>(call: () => PromiseLike<R> | R): Promise<R> {
    const ended = await this.invoke(call);
    if ("success" in ended) return ended.success;
    throw new Failure(ended);
  }
}

/** What a call comes to for its caller that has failed for good. */
export function surface<R>(reason: FailureReason<R>): R {
  if ("error" in reason) throw reason.error;
  return reason.value;
}

/** What an engine's call comes to for its caller. */
export async function surfaced<R>(made: Promise<R>): Promise<R> {
  try {
    return await made;
  } catch (thrown) {
    if (thrown instanceof Failure) return surface(thrown.reason as FailureReason<R>); // The call's own.
    throw thrown;
  }
}
