/** Fallback: when the call fails, the next best source answers. */

import {
  aFunction,
  aList,
  aName,
  aPolicy,
  type Call,
  type CallContext,
  checkOptions,
  type ErrorReporter,
  firstAttempt,
  givenSignal,
  KintsugiError,
  type Listener,
  leaveWork,
  type Needs,
  notify,
  orAborted,
  type Policy,
  type Role,
  reportError,
  required,
  toError,
} from "../base/index.ts";

/** Answers in place of a call that failed; it is told why. */
export type FallbackAnswer<F> = (error: Error, context: CallContext) => F | Promise<F>;

export interface FallbackSource<F> {
  /** `"cache"`, `"smaller-model"`: says who answered. Each has its own; `"primary"` is the call's. */
  readonly name: string;
  /** Answers, or throws: then the next source is asked. It is given the signal of the call. */
  readonly answer: FallbackAnswer<F>;
  /** For which failures of the call it is asked; else the next one is. @defaultValue all */
  readonly when?: (error: Error) => boolean;
  /** Stands in front of this source alone: its own circuit, time-out or retries. @defaultValue none */
  readonly policy?: Policy;
}

export interface FallbackOptions<F> {
  /** Asked one after the other, until one answers; at least one. An abort ends the asking at once. */
  readonly sources: readonly FallbackSource<F>[];
  /** Which failures to answer for, before any source has its say. @defaultValue all */
  readonly when?: (error: Error) => boolean;
  /** Hears of every answer that was not the call's own. @defaultValue nobody */
  readonly onFallback?: Listener<FallbackEvent>;
  /** Hears of what `onFallback` throws. @defaultValue the platform's `reportError`, or a warning */
  readonly onListenerError?: ErrorReporter;
}

const needs: Needs<FallbackOptions<unknown>> = {
  sources: required(aList),
  when: aFunction,
  onFallback: aFunction,
  onListenerError: aFunction,
};

const sourceNeeds: Needs<FallbackSource<unknown>> = {
  name: aName,
  answer: required(aFunction),
  when: aFunction,
  policy: aPolicy,
};

export interface FallbackEvent {
  readonly source: string;
  /** Why the call itself did not answer. */
  readonly error: Error;
}

/** An answer, and who gave it. */
export interface SourcedAnswer<T> {
  readonly value: T;
  /** `"primary"` where the call itself answered, else the name of the source. */
  readonly source: string;
}

/** Counted since the policy was made. */
export interface FallbackStats {
  /** Calls that answered themselves. */
  readonly primary: number;
  /** By the name of the source: how often it answered, and how often it was asked and failed. */
  readonly sources: Readonly<
    Record<string, { readonly answered: number; readonly failed: number }>
  >;
  /** Calls that failed although a source was asked. */
  readonly failed: number;
  /** Calls that failed and for which no source was asked. */
  readonly unanswered: number;
}

/** The call failed, and so did every source that was asked. The call's own error is the `cause`. */
export class FallbackFailedError extends KintsugiError {
  override readonly name = "FallbackFailedError";
  readonly code = "KINTSUGI_FALLBACK_FAILED";
  /** What the sources threw, in their order; the caller's reason, where it left one of them waiting. */
  readonly errors: readonly unknown[];
  /** The names of those sources. */
  readonly sources: readonly string[];

  constructor(cause: unknown, errors: readonly unknown[], sources: readonly string[]) {
    const count = errors.length === 1 ? "its fallback" : `all ${errors.length} fallbacks`;
    super(`The call failed, and so did ${count}: ${toError(cause).message}`, { cause });
    this.errors = errors;
    this.sources = sources;
  }
}

/**
 * @example
 * const policy = new FallbackPolicy({
 *   sources: [
 *     { name: "smaller-model", answer: () => askSmaller(prompt), policy: smallerModelsCircuit },
 *     { name: "cache", answer: () => lastGoodAnswer() },
 *   ],
 * });
 * const { value, source } = await policy.answer(() => askModel(prompt));
 */
export class FallbackPolicy<F> implements Policy<F> {
  declare readonly alternative?: F;
  readonly #options: FallbackOptions<F>;
  readonly #counts = { primary: 0, failed: 0, unanswered: 0 };
  readonly #bySource: ReadonlyMap<string, { answered: number; failed: number }>;

  /** @throws {@link RangeError} when there is no source, or when names do not tell who answered. */
  constructor(options: FallbackOptions<F>) {
    checkOptions("FallbackPolicy", options, needs);
    for (const [place, source] of options.sources.entries()) {
      checkOptions(`sources[${place}]`, source, sourceNeeds, `sources[${place}].`);
    }
    const names = options.sources.map(({ name }) => name);
    if (names.length === 0) throw new RangeError("sources must name at least one, got 0");
    const twice = names.find((name, place) => name === "primary" || names.indexOf(name) !== place);
    if (twice !== undefined) {
      throw new RangeError(`sources must have names of their own, got "${twice}" twice`);
    }
    this.#options = options;
    this.#bySource = new Map(names.map((name) => [name, { answered: 0, failed: 0 }]));
  }

  get role(): Role {
    const besides = this.#options.sources.flatMap(({ policy }) => policy ?? []);
    return { kind: "fallback", state: this, besides };
  }

  stats(): FallbackStats {
    const counts = [...this.#bySource].map(([name, each]) => [name, { ...each }] as const);
    return { ...this.#counts, sources: Object.fromEntries(counts) };
  }

  /** @throws what the call threw, when nobody may answer for it; {@link FallbackFailedError}. */
  execute<T>(call: Call<T>, signal?: AbortSignal): Promise<T | F> {
    return this.within(call, firstAttempt(signal));
  }

  async within<T>(call: Call<T>, context: CallContext): Promise<T | F> {
    givenSignal(context)?.throwIfAborted();
    try {
      const value = await call(context);
      this.#counts.primary += 1;
      return value;
    } catch (thrown) {
      return (await this.recover(thrown, context)).value;
    }
  }

  /** As `execute`, and says who answered. */
  async answer<T>(call: Call<T>, signal?: AbortSignal): Promise<SourcedAnswer<T | F>> {
    const context = firstAttempt(signal);
    signal?.throwIfAborted();
    try {
      const value = await call(context);
      this.#counts.primary += 1;
      return { value, source: "primary" };
    } catch (thrown) {
      return this.recover(thrown, context);
    }
  }

  /**
   * Answers for a call that has failed already. A caller that gave up wants no answer any more: an abort
   * ends the wait for a source, and no other is asked.
   *
   * @throws `thrown`, when nobody may answer for it; {@link FallbackFailedError}.
   */
  async recover(thrown: unknown, context: CallContext): Promise<SourcedAnswer<F>> {
    const { onFallback, onListenerError = reportError } = this.#options;
    const signal = givenSignal(context);
    const error = toError(thrown);
    const sources = this.#sourcesFor(error, signal);
    if (sources.length === 0) {
      this.#counts.unanswered += 1;
      throw thrown;
    }
    const errors: unknown[] = [];
    for (const source of sources) {
      try {
        const asked = ask(source, error, context);
        const value = await (signal ? orLeft(asked, signal, context) : asked);
        this.#count(source.name, "answered");
        if (onFallback) notify(onFallback, { source: source.name, error }, onListenerError);
        return { value, source: source.name };
      } catch (failure) {
        this.#count(source.name, "failed");
        errors.push(failure);
        if (signal?.aborted) break;
      }
    }
    this.#counts.failed += 1;
    const names = sources.slice(0, errors.length).map(({ name }) => name);
    throw new FallbackFailedError(thrown, errors, names);
  }

  #sourcesFor(error: Error, signal: AbortSignal | undefined): readonly FallbackSource<F>[] {
    const { sources, when } = this.#options;
    if (signal?.aborted || when?.(error) === false) return [];
    return sources.filter((source) => source.when?.(error) !== false);
  }

  #count(name: string, what: "answered" | "failed"): void {
    const counts = this.#bySource.get(name);
    if (counts) counts[what] += 1;
  }
}

/** As `orAborted`; whoever counts what runs is told that the source goes on. */
async function orLeft<F>(asked: Promise<F>, signal: AbortSignal, context: CallContext): Promise<F> {
  try {
    return await orAborted(asked, signal);
  } catch (thrown) {
    if (signal.aborted) leaveWork(context, Promise.allSettled([asked]));
    throw thrown;
  }
}

/** A policy of another house knows no context, and is given the signal. */
async function ask<F>(
  { answer, policy }: FallbackSource<F>,
  error: Error,
  context: CallContext,
): Promise<F> {
  if (!policy) return answer(error, context);
  const call: Call<F> = (own) => answer(error, own);
  return policy.within ? policy.within(call, context) : policy.execute(call, givenSignal(context));
}
