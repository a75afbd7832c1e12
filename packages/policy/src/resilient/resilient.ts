/** A function under policies: as a wrapper, and as a decorator of methods. */

import { type Resilience, type Runner, runnerOf } from "./runner.ts";

/** Any function or method, by its arguments and its answer. */
export type PlainCall<This, A extends readonly unknown[], R> = (this: This, ...args: A) => R;

type Method = (this: never, ...args: never) => Promise<unknown>;

/** Puts policies in front of a function; see {@link resilient}. */
export interface ResilientDecorator<F = never> {
  /** As a wrapper. `this`, the arguments, the name and the length stay. */
  <This, A extends readonly unknown[], R>(
    fn: PlainCall<This, A, R>,
  ): PlainCall<This, A, Promise<Awaited<R> | F>>;
  /** As a standard decorator (TC39, stage 3) of a method that returns a promise. */
  <M extends Method>(method: M, context: ClassMethodDecoratorContext): M;
  /** As a decorator of TypeScript's `experimentalDecorators`. */
  <M extends Method>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<M>,
  ): TypedPropertyDescriptor<M>;
}

/**
 * Makes functions resilient: each call of them runs under the executor, the policy or the row of policies.
 * All that are made by one `resilient(...)` share them, and so do all instances of a decorated class.
 *
 * Where the last argument is a plain object with an AbortSignal as `signal`, as that of `fetch` is, an
 * abort ends waits and attempts, and the function gets a copy with the signal of the attempt. Without one
 * the function cannot be bidden stop: a time-out leaves it running.
 *
 * @throws {@link TypeError} at once, when there is nothing that a call can be made through.
 * @example
 * const fetchQuote = resilient(new RetryPolicy())(async (symbol: string) => quoteOf(symbol));
 * const quote = await fetchQuote("ACME");
 */
export function resilient<F = never>(resilience: Resilience<F>): ResilientDecorator<F> {
  const run = runnerOf(resilience);
  const decorate = (
    target: unknown,
    context?: string | symbol | { readonly kind: string },
    descriptor?: PropertyDescriptor,
  ): unknown => {
    if (context === undefined) return wrap(run, target, "a function");
    if (typeof context === "object") {
      const { kind } = context;
      return wrap(run, kind === "method" ? target : undefined, "a method", kind);
    }
    const place = `"${String(context)}"`;
    return { ...descriptor, value: wrap(run, descriptor?.value, "a method", place) };
  };
  return decorate as ResilientDecorator<F>; // Its overloads are what it tells apart by its arguments.
}

type Callable = (this: unknown, ...args: readonly unknown[]) => unknown;

function wrap(run: Runner<unknown>, target: unknown, need: string, got?: string): Callable {
  if (typeof target !== "function") {
    throw new TypeError(`resilient() decorates ${need}, got ${got ?? typeof target}`);
  }
  const fn = target as Callable;
  const resilientCall: Callable = function (...args) {
    const init = args.at(-1);
    if (!isInit(init)) return run(() => fn.call(this, ...args));
    const before = args.slice(0, -1);
    return run(
      ({ signal }) => fn.call(this, ...before, { ...init, signal }),
      init.signal ?? undefined,
    );
  };
  // Who reads a stack or counts parameters, as some frameworks do, finds what stood there before.
  for (const key of ["name", "length"] as const) {
    Object.defineProperty(resilientCall, key, { value: fn[key], configurable: true });
  }
  return resilientCall;
}

/** A plain object that brings a signal: anything else is not ours to copy. */
function isInit(last: unknown): last is { readonly signal: AbortSignal } {
  if (typeof last !== "object" || last === null) return false;
  const prototype: unknown = Object.getPrototypeOf(last);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return (last as { readonly signal?: unknown }).signal instanceof AbortSignal;
}
