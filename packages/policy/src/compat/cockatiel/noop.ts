/** A policy that does nothing, for tests and in the place of another. */

import { firstAttempt } from "../../base/index.ts";
import { executeUnder, type InnerCall, NO_FIELDS, RUN } from "./call.ts";
import type { IDefaultPolicyContext, IFailureEvent, IPolicy, ISuccessEvent } from "./contract.ts";
import type { Event } from "./event.ts";
import { Executor } from "./executor.ts";

export class NoopPolicy implements IPolicy {
  declare readonly _altReturn: never;
  readonly onSuccess: Event<ISuccessEvent>;
  readonly onFailure: Event<IFailureEvent>;
  readonly #executor = new Executor();

  constructor() {
    this.onSuccess = this.#executor.onSuccess;
    this.onFailure = this.#executor.onFailure;
  }

  /** @throws what `fn` throws. */
  execute<T>(
    fn: (context: IDefaultPolicyContext) => PromiseLike<T> | T,
    signal?: AbortSignal,
  ): Promise<T> {
    return executeUnder(this, fn, signal);
  }

  /** @internal */
  [RUN]<T>(call: InnerCall<T>, signal: AbortSignal | undefined): Promise<T> {
    const context = firstAttempt(signal);
    return this.#executor.run(() => call(context, NO_FIELDS));
  }
}

export const noop: NoopPolicy = /* @__PURE__ */ new NoopPolicy();
