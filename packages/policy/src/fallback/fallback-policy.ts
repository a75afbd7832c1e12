/** Fallback: when the call fails, the next best source answers. */

import {
  type Call,
  type CallContext,
  type ErrorReporter,
  firstAttempt,
  givenSignal,
  KintsugiError,
  type Listener,
  notify,
  type Policy,
  reportError,
  toError,
} from "../base/index.ts";

/** Answers in place of a call that failed; it is told why. */
export type FallbackAnswer<F> = (error: Error, context: CallContext) => F | Promise<F>;

export interface FallbackSource<F> {
  /** `"cache"`, `"smaller-model"`: says who answered. */
  readonly name: string;
  readonly answer: FallbackAnswer<F>;
}

export interface FallbackOptions<F> {
  /** Asked one after the other, until one answers. */
  readonly sources: readonly FallbackSource<F>[];
  /** Which failures to answer for. @defaultValue all */
  readonly when?: (error: Error) => boolean;
  /** Hears of every answer that was not the call's own. */
  readonly onFallback?: Listener<FallbackEvent>;
  /** Hears of what `onFallback` throws. @defaultValue the platform's `reportError`, or a warning */
  readonly onListenerError?: ErrorReporter;
}

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

/** The call failed, and so did every source. The call's own error is the `cause`. */
export class FallbackFailedError extends KintsugiError {
  override readonly name = "FallbackFailedError";
  readonly code = "KINTSUGI_FALLBACK_FAILED";
  /** What the sources threw, in their order. */
  readonly errors: readonly unknown[];

  constructor(cause: unknown, errors: readonly unknown[]) {
    const count = errors.length === 1 ? "its fallback" : `all ${errors.length} fallbacks`;
    super(`The call failed, and so did ${count}: ${toError(cause).message}`, { cause });
    this.errors = errors;
  }
}

/**
 * @example
 * const policy = new FallbackPolicy({
 *   sources: [{ name: "cache", answer: () => lastGoodAnswer() }],
 * });
 * const { value, source } = await policy.answer(() => askModel(prompt));
 */
export class FallbackPolicy<F> implements Policy<F> {
  declare readonly alternative?: F;
  readonly #options: FallbackOptions<F>;

  /** @throws {@link RangeError} when there is no source. */
  constructor(options: FallbackOptions<F>) {
    if (options.sources.length === 0) throw new RangeError("sources must name at least one, got 0");
    this.#options = options;
  }

  /** @throws what the call threw, when nobody may answer for it; {@link FallbackFailedError}. */
  execute<T>(call: Call<T>, signal?: AbortSignal): Promise<T | F> {
    return this.within(call, firstAttempt(signal));
  }

  async within<T>(call: Call<T>, context: CallContext): Promise<T | F> {
    try {
      return await call(context);
    } catch (thrown) {
      return (await this.recover(thrown, context)).value;
    }
  }

  /** As `execute`, and says who answered. */
  async answer<T>(call: Call<T>, signal?: AbortSignal): Promise<SourcedAnswer<T | F>> {
    const context = firstAttempt(signal);
    try {
      return { value: await call(context), source: "primary" };
    } catch (thrown) {
      return this.recover(thrown, context);
    }
  }

  /**
   * Answers for a call that has failed already. A caller that gave up wants no answer any more.
   *
   * @throws `thrown`, when nobody may answer for it; {@link FallbackFailedError}.
   */
  async recover(thrown: unknown, context: CallContext): Promise<SourcedAnswer<F>> {
    const { sources, when, onFallback, onListenerError = reportError } = this.#options;
    const signal = givenSignal(context);
    const error = toError(thrown);
    if (signal?.aborted || when?.(error) === false) throw thrown;
    const errors: unknown[] = [];
    for (const { name, answer } of sources) {
      try {
        const value = await answer(error, context);
        if (onFallback) notify(onFallback, { source: name, error }, onListenerError);
        return { value, source: name };
      } catch (failure) {
        errors.push(failure);
        if (signal?.aborted) break;
      }
    }
    throw new FallbackFailedError(thrown, errors);
  }
}
