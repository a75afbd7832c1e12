/** How a call passes through policies: by its context inside, as an object of plain fields outside. */

import { type CallContext, type Judge, stopListening, type Verdict } from "../../base/index.ts";
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

/** What the function of a user is told: an object that can be spread, so its signal is made with it. */
export function contextOf<C extends IDefaultPolicyContext>(source: CallContext, fields: Fields): C {
  const { signal } = source;
  const context = fields === NO_FIELDS ? { signal } : { signal, ...fields };
  return context as unknown as C; // Its fields are those that the policies around it add.
}

/** Runs the function of a user. When its caller hears of the end, nobody listens to its signal any more. */
export function executeUnder<C extends IDefaultPolicyContext, T, A>(
  policy: InnerPolicy<A>,
  fn: (context: C) => PromiseLike<T> | T,
  signal: AbortSignal | undefined,
): Promise<T | A> {
  const end = policy[RUN]((context, fields) => fn(contextOf(context, fields)), signal);
  return signal ? heardNoMore(end) : end;
}

async function heardNoMore<T>(end: Promise<T>): Promise<T> {
  try {
    return await end;
  } finally {
    stopListening();
  }
}

/** Our policies judge for themselves what has failed: a frame has nothing to add. */
export const NOTHING_SAID: Verdict = { outcome: "ignore", retryable: false };

export const sayNothing: Judge = () => NOTHING_SAID;
