/** Pipeline: policies one inside the other, checked and joined once. */

import {
  type Call,
  type CallContext,
  type ErrorCode,
  firstAttempt,
  KintsugiError,
  type Policy,
} from "../base/index.ts";
import { RetryPolicy } from "../retry/index.ts";

/** What a policy may answer in the call's place; nothing where it does not say. */
export type AlternativeOf<P> = P extends { readonly alternative?: infer A } ? Stated<P, A> : never;

type Stated<P, A> = "alternative" extends keyof P ? Exclude<A, undefined> : never;

/** The policies cannot work together in this order. */
export class PipelineError extends KintsugiError {
  override readonly name = "PipelineError";
  readonly code: ErrorCode = "KINTSUGI_PIPELINE";
}

/** Runs a call under a row of policies. It is a policy itself, and may stand in another pipeline. */
export class Pipeline<A = never> implements Policy<A> {
  /** From the outermost to the innermost; pipelines in the row are unfolded. */
  readonly policies: readonly Policy<unknown>[];
  declare readonly alternative?: A;
  readonly #run: Runner;

  /** @throws {@link PipelineError} when the policies cannot work together. */
  constructor(policies: readonly Policy<unknown>[]) {
    this.policies = policies.flatMap((policy) =>
      policy instanceof Pipeline ? policy.policies : [policy],
    );
    check(this.policies);
    this.#run = this.policies.reduceRight<Runner>(
      (inner, policy) => (call, context) => enter(policy, (own) => inner(call, own), context),
      async (call, context) => call(context),
    );
  }

  /** @throws whatever the policies and `call` throw. */
  execute<T>(call: Call<T>, signal?: AbortSignal): Promise<T | A> {
    return this.within(call, firstAttempt(signal));
  }

  within<T>(call: Call<T>, context: CallContext): Promise<T | A> {
    return this.#run(call, context) as Promise<T | A>; // The row was typed when it was built.
  }
}

/**
 * Joins policies, the outermost first: `pipeline(retry, breaker, timeout)` gives each attempt its own
 * time, and lets the circuit count each attempt.
 *
 * @throws {@link PipelineError} when one policy stands there twice, or two retries would multiply.
 * @example
 * const guarded = pipeline(
 *   new RetryPolicy({ maxAttempts: 4 }),
 *   new CircuitBreaker({ name: "search" }),
 *   new TimeoutPolicy({ timeoutMs: 2_000 }),
 * );
 * const hits = await guarded.execute(({ signal }) => search(query, { signal }));
 */
export function pipeline<const P extends readonly Policy<unknown>[]>(
  ...policies: P
): Pipeline<AlternativeOf<P[number]>> {
  return new Pipeline(policies);
}

type Runner = (call: Call<unknown>, context: CallContext) => Promise<unknown>;

/** A policy of another house knows no context: it keeps the attempt, unless it counts attempts itself. */
function enter(
  policy: Policy<unknown>,
  call: Call<unknown>,
  context: CallContext,
): Promise<unknown> {
  if (policy.within) return policy.within(call, context);
  const { attempt, signal: outer } = context;
  return policy.execute(
    (own) => call({ signal: own.signal, attempt: Math.max(attempt, own.attempt) }),
    outer,
  );
}

function check(policies: readonly Policy<unknown>[]): void {
  const twice = policies.find((policy, place) => policies.indexOf(policy) !== place);
  if (twice) {
    const name = twice.constructor.name;
    throw new PipelineError(`The same ${name} stands in the pipeline twice; make a second one`);
  }
  const retries = policies.filter((policy) => policy instanceof RetryPolicy).length;
  if (retries > 1) {
    throw new PipelineError(`${retries} retries in one pipeline multiply their attempts; keep one`);
  }
}
