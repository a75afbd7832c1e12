/** How a call passes through policies: by its context inside, as an object of plain fields outside. */

import type { CallContext, Judge, Verdict } from "../../base/index.ts";
import type { IDefaultPolicyContext } from "./contract.ts";

/** What a policy adds to the context, beside the signal. */
export type Fields = Readonly<Record<string, unknown>>;

export const NO_FIELDS: Fields = {};

/** A call inside policies. */
export type InnerCall<T> = (context: CallContext, fields: Fields) => PromiseLike<T> | T;

/**
 * Runs a call under a policy without making a signal: one that nobody gave and nobody reads is never
 * made, and nothing has to listen to it. Policies of others do not have it.
 */
export const RUN: unique symbol = /* @__PURE__ */ Symbol("kintsugi.run");

export interface InnerPolicy<Alternative> {
  [RUN]<T>(call: InnerCall<T>, signal: AbortSignal | undefined): Promise<T | Alternative>;
}

/** What the function of a user is told. Its signal is made when it is read. */
export function contextOf<C extends IDefaultPolicyContext>(source: CallContext, fields: Fields): C {
  const context = {
    get signal() {
      return source.signal;
    },
    ...fields,
  };
  return context as unknown as C; // Its fields are those that the policies around it add.
}

/** Our policies judge for themselves what has failed: a frame has nothing to add. */
export const NOTHING_SAID: Verdict = { outcome: "ignore", retryable: false };

export const sayNothing: Judge = () => NOTHING_SAID;
