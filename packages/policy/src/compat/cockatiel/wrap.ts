/** Policies one inside the other. */

import { type CallContext, firstAttempt, givenSignal } from "../../base/index.ts";
import {
  executeUnder,
  type Fields,
  type InnerCall,
  type InnerPolicy,
  NO_FIELDS,
  RUN,
} from "./call.ts";
import type { IDefaultPolicyContext, IMergedPolicy, IPolicy } from "./contract.ts";

// A policy of any context and any answer: `unknown` would not take them in, since contexts are parameters.
// biome-ignore-start lint/suspicious/noExplicitAny: see above.
type AnyPolicy = IPolicy<any, any>;

type MergePolicies<A, B> =
  A extends IPolicy<infer ContextA, any>
    ? B extends IPolicy<infer ContextB, any>
      ? IMergedPolicy<
          ContextA & ContextB,
          A["_altReturn"] | B["_altReturn"],
          B extends IMergedPolicy<any, any, infer Wrapped> ? [A, ...Wrapped] : [A, B]
        >
      : never
    : never;
// biome-ignore-end lint/suspicious/noExplicitAny: see above.

type Wrappable = IPolicy<IDefaultPolicyContext, unknown>;

/**
 * One policy out of several, the outermost first: `wrap(retry, breaker, timeout)` gives each attempt its
 * own time. A call is told what all of them add to its context; the events are those of the outermost.
 */
export function wrap<A extends Wrappable>(p1: A): A;
export function wrap<A extends Wrappable, B extends Wrappable>(p1: A, p2: B): MergePolicies<A, B>;
export function wrap<A extends Wrappable, B extends Wrappable, C extends Wrappable>(
  p1: A,
  p2: B,
  p3: C,
): MergePolicies<C, MergePolicies<A, B>>;
export function wrap<
  A extends Wrappable,
  B extends Wrappable,
  C extends Wrappable,
  D extends Wrappable,
>(p1: A, p2: B, p3: C, p4: D): MergePolicies<D, MergePolicies<C, MergePolicies<A, B>>>;
export function wrap<
  A extends Wrappable,
  B extends Wrappable,
  C extends Wrappable,
  D extends Wrappable,
  E extends Wrappable,
>(
  p1: A,
  p2: B,
  p3: C,
  p4: D,
  p5: E,
): MergePolicies<E, MergePolicies<D, MergePolicies<C, MergePolicies<A, B>>>>;
export function wrap<C extends IDefaultPolicyContext, A>(...p: Array<IPolicy<C, A>>): IPolicy<C, A>;
export function wrap(...p: AnyPolicy[]): AnyPolicy {
  const [outermost] = p;
  if (!outermost) throw new RangeError("wrap needs at least one policy, got 0");
  const merged: Merged = {
    _altReturn: undefined,
    onFailure: outermost.onFailure,
    onSuccess: outermost.onSuccess,
    wrapped: p,
    [RUN]: async (call, signal) => runFrom(p, 0, call, firstAttempt(signal), NO_FIELDS),
    execute: (fn, signal) => executeUnder(merged, fn, signal),
  };
  return merged;
}

type Merged = IMergedPolicy<IDefaultPolicyContext, unknown, AnyPolicy[]> & InnerPolicy<unknown>;

/** Runs the call under the policies from one on. Those of others are given plain contexts, and signals. */
function runFrom<T>(
  policies: readonly AnyPolicy[],
  from: number,
  call: InnerCall<T>,
  outer: CallContext,
  fields: Fields,
): PromiseLike<T> | T {
  const policy = policies[from];
  if (!policy) return call(outer, fields);
  const signal = givenSignal(outer);
  if (isOurs(policy)) {
    return policy[RUN]((context, own) => {
      const all = own === NO_FIELDS ? fields : { ...fields, ...own };
      return runFrom(policies, from + 1, call, context, all);
    }, signal) as Promise<T>; // Or what a fallback answers, as the type of the whole says.
  }
  return policy.execute(({ signal: given, ...own }: IDefaultPolicyContext) => {
    const context = firstAttempt(given);
    return runFrom(policies, from + 1, call, context, { ...fields, ...own });
  }, signal);
}

const isOurs = (policy: AnyPolicy): policy is AnyPolicy & InnerPolicy<unknown> => RUN in policy;
