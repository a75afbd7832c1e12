/** Pipeline: policies one inside the other, checked and joined once. */

import {
  type Call,
  type CallContext,
  type ErrorCode,
  Frame,
  firstAttempt,
  KintsugiError,
  type Policy,
} from "../base/index.ts";
import { judgeByTables } from "../classify/index.ts";
import { enter, layerOf, type Nest, nestsOf } from "./compile.ts";

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
  readonly #outermost: Nest;
  /** What the outermost makes its calls through; undefined where one frame holds them all. */
  readonly #inner: Runner | undefined;

  /** @throws {@link PipelineError} when the policies cannot work together. */
  constructor(policies: readonly Policy<unknown>[]) {
    const unfolded = policies.flatMap((policy) =>
      policy instanceof Pipeline ? policy.policies : [policy],
    );
    this.policies = unfolded.slice(); // Without the room that an array keeps to grow.
    check(this.policies);
    const [outermost = bare(), ...others] = nestsOf(this.policies);
    this.#outermost = outermost;
    this.#inner =
      others.length === 0 ? undefined : others.reduceRight<Runner | undefined>(nested, undefined);
  }

  /** @throws whatever the policies and `call` throw. */
  execute<T>(call: Call<T>, signal?: AbortSignal): Promise<T | A> {
    if (this.#outermost instanceof Frame && !this.#inner) {
      return this.#outermost.execute(call, signal);
    }
    return this.within(call, firstAttempt(signal));
  }

  within<T>(call: Call<T>, context: CallContext): Promise<T | A> {
    const inner = this.#inner;
    const own: Call<unknown> = inner ? (attempt) => inner(call, attempt) : call;
    return enter(this.#outermost, own, context) as Promise<T | A>; // Typed when it was built.
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

const bare = (): Frame => new Frame({ judge: judgeByTables });

const nested =
  (inner: Runner | undefined, nest: Nest): Runner =>
  (call, context) =>
    enter(nest, inner ? (own) => inner(call, own) : call, context);

function check(policies: readonly Policy<unknown>[]): void {
  const twice = policies.find((policy, place) => policies.indexOf(policy) !== place);
  if (twice) {
    const name = twice.constructor.name;
    throw new PipelineError(`The same ${name} stands in the pipeline twice; make a second one`);
  }
  const retries = policies.filter((policy) => layerOf(policy)?.kind === "retry").length;
  if (retries > 1) {
    throw new PipelineError(`${retries} retries in one pipeline multiply their attempts; keep one`);
  }
}
