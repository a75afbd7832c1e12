/** Pipeline: policies one inside the other, checked and joined once. */

import { type Call, type CallContext, Frame, firstAttempt, type Policy } from "../base/index.ts";
import { judgeByTables } from "../classify/index.ts";
import { enter, type Nest, nestsOf } from "./compile.ts";
import { checkOrder } from "./order.ts";

/** What a policy may answer in the call's place; nothing where it does not say. */
export type AlternativeOf<P> = P extends { readonly alternative?: infer A } ? Stated<P, A> : never;

type Stated<P, A> = "alternative" extends keyof P ? Exclude<A, undefined> : never;

/** Runs a call under a row of policies. It is a policy itself, and may stand in another pipeline. */
export class Pipeline<A = never> implements Policy<A> {
  /** From the outermost to the innermost; pipelines in the row are unfolded. */
  readonly policies: readonly Policy<unknown>[];
  declare readonly alternative?: A;
  /** Put together with the first call: there may be thousands that nobody calls. */
  #outermost: Nest | undefined = undefined;
  /** What the outermost makes its calls through; undefined where one frame holds them all. */
  #inner: Runner | undefined = undefined;

  /** @throws {@link PipelineError} when the policies cannot work together. */
  constructor(policies: readonly Policy<unknown>[]) {
    this.policies = policies.flatMap(unfold).slice(); // Without the room that an array keeps to grow.
    checkOrder(this.policies, unfold);
  }

  /** @throws whatever the policies and `call` throw. */
  execute<T>(call: Call<T>, signal?: AbortSignal): Promise<T | A> {
    const outermost = this.#outermost ?? this.#compile();
    if (outermost instanceof Frame && !this.#inner) return outermost.execute(call, signal);
    return this.within(call, firstAttempt(signal));
  }

  within<T>(call: Call<T>, context: CallContext): Promise<T | A> {
    const outermost = this.#outermost ?? this.#compile();
    const inner = this.#inner;
    const own: Call<unknown> = inner ? (attempt) => inner(call, attempt) : call;
    return enter(outermost, own, context) as Promise<T | A>; // Typed when it was built.
  }

  #compile(): Nest {
    const [outermost = bare(), ...others] = nestsOf(this.policies);
    this.#inner = others.reduceRight<Runner | undefined>(nested, undefined);
    this.#outermost = outermost;
    return outermost;
  }
}

/**
 * Joins policies, the outermost first: `pipeline(retry, breaker, timeout)` gives each attempt its own
 * time, and lets the circuit count each attempt. An order that cannot work is refused here; two views of
 * one bulkhead are one, also when one of them stands in an inner pipeline or beside a fallback.
 *
 * @throws {@link PipelineError} that says which two policies must not stand so, why, and what to do.
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

const unfold = (policy: Policy<unknown>): readonly Policy<unknown>[] =>
  policy instanceof Pipeline ? policy.policies : [policy];

type Runner = (call: Call<unknown>, context: CallContext) => Promise<unknown>;

const bare = (): Frame => new Frame({ judge: judgeByTables });

const nested =
  (inner: Runner | undefined, nest: Nest): Runner =>
  (call, context) =>
    enter(nest, inner ? (own) => inner(call, own) : call, context);
