/** Bulkhead: so many calls at once and no more. */

import { Frame } from "../../base/index.ts";
import { Bulkhead, BulkheadFullError } from "../../bulkhead/index.ts";
import { executeUnder, type InnerCall, NO_FIELDS, RUN, sayNothing } from "./call.ts";
import type { IDefaultPolicyContext, IFailureEvent, IPolicy, ISuccessEvent } from "./contract.ts";
import { BulkheadRejectedError, TaskCancelledError } from "./errors.ts";
import { type Event, EventEmitter } from "./event.ts";
import { Executor } from "./executor.ts";

export class BulkheadPolicy implements IPolicy {
  declare readonly _altReturn: never;
  readonly onSuccess: Event<ISuccessEvent>;
  readonly onFailure: Event<IFailureEvent>;
  /** A call was turned away. */
  readonly onReject: Event<void>;
  readonly #capacity: number;
  readonly #queueCapacity: number;
  readonly #rejected = new EventEmitter<void>();
  readonly #executor = new Executor();
  /** Undefined where there is no slot at all. */
  readonly #bulkhead: Bulkhead | undefined;
  readonly #frame: Frame;

  /**
   * @param capacity Calls that may run at once; with 0 none may, which is of use in tests.
   * @param queueCapacity Calls that may wait besides.
   */
  constructor(capacity: number, queueCapacity: number) {
    this.#capacity = capacity;
    this.#queueCapacity = queueCapacity;
    this.#bulkhead = capacity > 0 ? this.#engine() : undefined;
    this.#frame = new Frame({
      judge: sayNothing,
      guards: this.#bulkhead ? [this.#bulkhead] : [],
      ending: {
        answered: (value) => value,
        failed: (thrown, _first, made) => this.#failed(thrown, made),
      },
    });
    this.onSuccess = this.#executor.onSuccess;
    this.onFailure = this.#executor.onFailure;
    this.onReject = this.#rejected.addListener;
  }

  /** Free slots. */
  get executionSlots(): number {
    return this.#capacity - (this.#bulkhead?.stats().running ?? 0);
  }

  /** Free places in the queue. */
  get queueSlots(): number {
    return this.#queueCapacity - (this.#bulkhead?.stats().waiting ?? 0);
  }

  /**
   * Makes the call as soon as there is a slot. An abort leaves the queue at once.
   *
   * @throws {@link BulkheadRejectedError} when there is neither a slot nor a place in the queue,
   * {@link TaskCancelledError} when `signal` is aborted before the call is made; otherwise what `fn` throws.
   */
  execute<T>(
    fn: (context: IDefaultPolicyContext) => PromiseLike<T> | T,
    signal?: AbortSignal,
  ): Promise<T> {
    return executeUnder(this, fn, signal);
  }

  /** @internal */
  [RUN]<T>(call: InnerCall<T>, signal: AbortSignal | undefined): Promise<T> {
    if (signal?.aborted) return Promise.reject(new TaskCancelledError());
    if (!this.#bulkhead) {
      this.#rejected.tell();
      return Promise.reject(this.#refusal());
    }
    return this.#frame.execute(
      (context) => this.#executor.run(() => call(context, NO_FIELDS)),
      signal,
    );
  }

  /** How a call ends that was not made. */
  #failed(thrown: unknown, made: number): never {
    if (made > 0) throw thrown;
    throw thrown instanceof BulkheadFullError ? this.#refusal() : new TaskCancelledError();
  }

  #refusal(): BulkheadRejectedError {
    return new BulkheadRejectedError(this.#capacity, this.#queueCapacity);
  }

  #engine(): Bulkhead {
    return new Bulkhead({
      name: "bulkhead",
      maxConcurrent: whole(this.#capacity),
      maxQueue: whole(this.#queueCapacity),
      onReject: () => this.#rejected.tell(),
    });
  }
}

/** Room without end is so much room that nobody sees the end. */
const whole = (places: number): number =>
  Math.ceil(Math.min(Math.max(0, places), Number.MAX_SAFE_INTEGER));
