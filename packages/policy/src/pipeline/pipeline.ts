/** Pipeline: policies one inside the other, checked and joined once. */

import {
  aClassifier,
  aList,
  anObject,
  aPolicy,
  type Call,
  type CallContext,
  checkOptions,
  Frame,
  firstAttempt,
  mustBe,
  type Needs,
  type Policy,
} from "../base/index.ts";
import { type Classifier, judgeBy, judgeByTables } from "../classify/index.ts";
import { enter, type Nest, nestsOf } from "./compile.ts";
import { checkOrder } from "./order.ts";

/** What a policy may answer in the call's place; nothing where it does not say. */
export type AlternativeOf<P> = P extends { readonly alternative?: infer A } ? Stated<P, A> : never;

type Stated<P, A> = "alternative" extends keyof P ? Exclude<A, undefined> : never;

/** What holds for all policies of a pipeline. */
export interface PipelineOptions {
  /**
   * Judges every failed attempt, once for all policies in a frame; those with a classifier of their own
   * keep it. @defaultValue the tables of `@kintsugi/policy/classify`
   */
  readonly classifier?: Classifier;
}

const needs: Needs<PipelineOptions> = { classifier: aClassifier };

/** Runs a call under a row of policies. It is a policy itself, and may stand in another pipeline. */
export class Pipeline<A = never> implements Policy<A> {
  /** From the outermost to the innermost; pipelines in the row are unfolded, but for those with a classifier. */
  readonly policies: readonly Policy<unknown>[];
  declare readonly alternative?: A;
  readonly #classifier: Classifier | undefined;
  /** Put together with the first call: there may be thousands that nobody calls. */
  #outermost: Nest | undefined = undefined;
  /** What the outermost makes its calls through; undefined where one frame holds them all. */
  #inner: Runner | undefined = undefined;

  /**
   * @throws {@link PipelineError} when the policies cannot work together; {@link RangeError} when one of
   * them is no policy, or an option is none that it can use.
   */
  constructor(policies: readonly Policy<unknown>[], options: PipelineOptions = {}) {
    mustBe("The policies of a pipeline", policies, aList);
    for (const [place, policy] of policies.entries()) {
      mustBe(`Policy ${place + 1} of a pipeline`, policy, aPolicy);
    }
    checkOptions("a pipeline", options, needs);
    this.#classifier = options.classifier;
    this.policies = policies.flatMap((policy) => this.#unfold(policy)).slice(); // Without the room that an array keeps to grow.
    checkOrder(this.policies, unfold);
  }

  /** One that judges in its own way is not taken apart. */
  #unfold(policy: Policy<unknown>): readonly Policy<unknown>[] {
    return policy instanceof Pipeline && !policy.#classifier ? policy.policies : [policy];
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
    const classifier = this.#classifier;
    const [outermost = bare(), ...others] = nestsOf(
      this.policies,
      classifier && judgeBy(classifier),
    );
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
 * @throws {@link PipelineError} that says which two policies must not stand so, why, and what to do;
 * {@link RangeError} when one of them is no policy.
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
): Pipeline<AlternativeOf<P[number]>>;
/** As above, with what holds for all of the policies: `pipeline({ classifier }, retry, breaker)`. */
export function pipeline<const P extends readonly Policy<unknown>[]>(
  options: PipelineOptions,
  ...policies: P
): Pipeline<AlternativeOf<P[number]>>;
export function pipeline(...row: readonly unknown[]): Pipeline<unknown> {
  const [first, ...others] = row;
  const hasOptions = anObject.fits(first) && !aPolicy.fits(first);
  // Whatever they are: the constructor looks.
  const policies = (hasOptions ? others : row) as readonly Policy<unknown>[];
  return new Pipeline(policies, hasOptions ? (first as PipelineOptions) : undefined);
}

const unfold = (policy: Policy<unknown>): readonly Policy<unknown>[] =>
  policy instanceof Pipeline ? policy.policies : [policy];

type Runner = (call: Call<unknown>, context: CallContext) => Promise<unknown>;

const bare = (): Frame => new Frame({ judge: judgeByTables });

const nested =
  (inner: Runner | undefined, nest: Nest): Runner =>
  (call, context) =>
    enter(nest, inner ? (own) => inner(call, own) : call, context);
