/** Fallback: something else answers for a call that failed. */

import { firstAttempt } from "../../base/index.ts";
import { FallbackPolicy as Fallback, FallbackFailedError } from "../../fallback/index.ts";
import { executeUnder, type InnerCall, NO_FIELDS, RUN } from "./call.ts";
import type { IDefaultPolicyContext, IFailureEvent, IPolicy, ISuccessEvent } from "./contract.ts";
import type { Event } from "./event.ts";
import { type Executor, Failure } from "./executor.ts";

export class FallbackPolicy<AltReturn> implements IPolicy<IDefaultPolicyContext, AltReturn> {
  declare readonly _altReturn: AltReturn;
  readonly #executor: Executor;
  readonly #fallback: Fallback<AltReturn>;

  constructor(executor: Executor, value: () => AltReturn) {
    this.#executor = executor;
    this.#fallback = new Fallback<AltReturn>({
      sources: [{ name: "fallback", answer: async () => value() }],
      when: (error) => error instanceof Failure,
    });
  }

  get onSuccess(): Event<ISuccessEvent> {
    return this.#executor.onSuccess;
  }

  get onFailure(): Event<IFailureEvent> {
    return this.#executor.onFailure;
  }

  /**
   * Makes the call, and answers in its place where it fails.
   *
   * @throws what `fn` throws where the policy does nothing about it, otherwise what the fallback throws.
   */
  execute<T>(
    fn: (context: IDefaultPolicyContext) => PromiseLike<T> | T,
    signal?: AbortSignal,
  ): Promise<T | AltReturn> {
    return executeUnder(this, fn, signal);
  }

  /** @internal */
  async [RUN]<T>(call: InnerCall<T>, signal: AbortSignal | undefined): Promise<T | AltReturn> {
    const context = firstAttempt(signal);
    try {
      // It answers also who has given up, so it is not told of the signal.
      return await this.#fallback.execute(() => this.#executor.run(() => call(context, NO_FIELDS)));
    } catch (thrown) {
      const hasFailed = thrown instanceof FallbackFailedError && thrown.cause instanceof Failure;
      throw hasFailed ? thrown.errors[0] : thrown;
    }
  }
}
