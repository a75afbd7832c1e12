/** One way to make a call, whatever stands in front of it. */

import { type Call, type Policy, shown } from "../base/index.ts";
import { ResilientExecutor } from "../executor/index.ts";
import { pipeline } from "../pipeline/index.ts";

/** What may stand in front of a call: an executor, a policy, or a row of policies, the outermost first. */
export type Resilience<F = never> = ResilientExecutor<F> | Policy<F> | readonly Policy[];

/** Returns or throws, also where an executor makes a result of both. */
export type Runner<F = never> = <T>(call: Call<T>, signal?: AbortSignal) => Promise<T | F>;

/**
 * @throws {@link TypeError} when it is nothing that a call can be made through, and what a pipeline throws
 * for a row that cannot work together.
 */
export function runnerOf<F>(resilience: Resilience<F>): Runner<F> {
  if (resilience instanceof ResilientExecutor) return unfolding(resilience);
  if (Array.isArray(resilience)) {
    const rowed = pipeline(...(resilience.map(checked) as readonly Policy[]));
    return (call, signal) => rowed.execute(call, signal);
  }
  const policy = checked(resilience) as Policy<F>;
  return (call, signal) => policy.execute(call, signal);
}

/**
 * For an answer that is read after its attempt: the attempt's signal falls silent with it, the caller's is
 * heard as long as it is read.
 */
export function bothSignals(attempt: AbortSignal, caller: AbortSignal | undefined): AbortSignal {
  return caller && caller !== attempt ? AbortSignal.any([attempt, caller]) : attempt;
}

function unfolding<F>(executor: ResilientExecutor<F>): Runner<F> {
  return async (call, signal) => {
    const result = await executor.execute(call, signal);
    if (result.success) return result.data;
    throw result.error;
  };
}

function checked(policy: unknown): unknown {
  const { execute } = Object(policy) as { readonly execute?: unknown };
  if (typeof execute === "function") return policy;
  throw new TypeError(
    `A call is made through an executor, a policy or a list of policies, got ${described(policy)}`,
  );
}

const described = (value: unknown): string =>
  typeof value === "object" && value !== null ? "an object without execute()" : shown(value);
