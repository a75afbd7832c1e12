/** Policies in front of a language model of the AI SDK. */

import {
  aClassifier,
  aClock,
  aFunction,
  aList,
  aNumber,
  type CallContext,
  type Clock,
  checkOptions,
  type ErrorReporter,
  having,
  type Listener,
  type Needs,
  notify,
  numberBetween,
  oneOf,
  reportError,
  required,
  toError,
} from "../base/index.ts";
import { type Classifier, createClassifier, type ErrorClass, judge } from "../classify/index.ts";
import { FallbackFailedError } from "../fallback/index.ts";
import { SentOnceError, unmarked } from "../fetch/index.ts";
import type { RateLimiter, Reservation } from "../rate-limit/index.ts";
import { bothSignals, type Resilience, type Runner, runnerOf } from "../resilient/index.ts";
import { IdleLimit } from "../timeout/index.ts";
import {
  endRetries,
  type FallbackTarget,
  type ModelAnswer,
  type ModelMiddleware,
  type ModelPart,
  type ModelRequest,
  type ModelStream,
  tokensOf,
} from "./model.ts";
import { type OpenedStream, opened } from "./opened-stream.ts";

/** A model that is asked when those before it have failed. */
export interface FallbackModel {
  readonly model: FallbackTarget;
  /** What stands in front of it. @defaultValue nothing: one attempt */
  readonly resilience?: Resilience;
}

export interface ResilientModelOptions {
  /** Asked one after the other when the model has failed for good. @defaultValue none */
  readonly fallbacks?: readonly FallbackModel[];
  /**
   * Milliseconds, above 0, that a stream may be silent, before its first part as between two.
   * @defaultValue no limit
   */
  readonly idleTimeoutMs?: number;
  /** Reserves tokens for each attempt, and settles what it has cost. @defaultValue none */
  readonly limiter?: RateLimiter;
  /** Tokens to reserve, a whole number from 0. @defaultValue the `cost` of the limiter */
  readonly estimate?: (request: ModelRequest) => number;
  /**
   * When a stream has succeeded for its policies: with the first content, or at its end. Then limits hold
   * their place for as long, circuits hear of streams that break, and a time-out bounds the whole.
   * @defaultValue "content"
   */
  readonly holdUntil?: "content" | "end";
  /** Hears of every model that is asked because another failed. */
  readonly onFallback?: Listener<ModelFallback>;
  /**
   * Hears of every stream that breaks after its first content, which nobody can ask for anew; not of one
   * whose caller has left.
   */
  readonly onBroken?: Listener<BrokenStream>;
  /** Hears of what a listener throws. @defaultValue the platform's `reportError`, or a warning */
  readonly onListenerError?: ErrorReporter;
  /** @defaultValue the tables of `@kintsugi/policy/classify` */
  readonly classifier?: Classifier;
  readonly clock?: Clock;
}

const needs: Needs<ResilientModelOptions> = {
  fallbacks: aList,
  idleTimeoutMs: aNumber,
  limiter: having("reserve", "observe", "pause"),
  estimate: aFunction,
  holdUntil: oneOf(["content", "end"]),
  onFallback: aFunction,
  onBroken: aFunction,
  onListenerError: aFunction,
  classifier: aClassifier,
  clock: aClock,
};

const fallbackNeeds: Needs<FallbackModel> = {
  model: required(having("doGenerate", "doStream")),
  // Looked at where the call is made ready.
  resilience: {
    words: "an executor, a policy or a list of policies",
    fits: (value) => value !== null,
  },
};

export interface ModelFallback {
  /** The model that failed, and the one that is asked now. */
  readonly from: string;
  readonly to: string;
  readonly error: Error;
}

export interface BrokenStream {
  readonly model: string;
  readonly errorClass: ErrorClass;
  readonly error: Error;
}

/**
 * Middleware for `wrapLanguageModel`: each call of the model runs under an executor or policies.
 *
 * An error inside a stream, before anything was said, is a failure like any other, and is tried again;
 * after the first content nothing is, and the error is passed on. What is thrown in the end no longer
 * calls itself retryable, so that the SDK's own retries do not multiply ours; `maxRetries: 0` says the
 * same to the SDK. An abort ends waits and attempts at once.
 *
 * @throws {@link RangeError} when an option is out of its range, and {@link TypeError} when there is
 * nothing that a call can be made through. Calls throw what the model and the policies throw, or
 * {@link FallbackFailedError} when every fallback has failed as well.
 * @example
 * const model = wrapLanguageModel({
 *   model: provider("large"),
 *   middleware: resilientModel(ResilientExecutorFactory.forLLM("provider")),
 * });
 * const { text } = await generateText({ model, prompt, maxRetries: 0 });
 */
export function resilientModel(
  resilience: Resilience,
  options: ResilientModelOptions = {},
): ModelMiddleware {
  const asking = new Asking(resilience, options);
  return {
    specificationVersion: "v4",
    wrapGenerate: ({ params, model }) => asking.generate(params, model),
    wrapStream: ({ params, model }) => asking.stream(params, model),
  };
}

/** One model of a chain, and how it is called. */
interface Source<M> {
  readonly model: M;
  readonly run: Runner;
}

const direct: Runner = async (call, signal = new AbortController().signal) =>
  call({ signal, attempt: 1 });

class Asking {
  readonly #options: ResilientModelOptions;
  readonly #classifier: Classifier;
  readonly #idle: IdleLimit | undefined;
  readonly #run: Runner;
  readonly #fallbacks: readonly Source<FallbackTarget>[];
  readonly #report: ErrorReporter;

  constructor(resilience: Resilience, options: ResilientModelOptions) {
    checkOptions("resilientModel()", options, needs);
    const { idleTimeoutMs, clock, fallbacks = [] } = options;
    if (idleTimeoutMs !== undefined) {
      numberBetween("idleTimeoutMs", idleTimeoutMs, Number.MIN_VALUE, 1e12);
      this.#idle = new IdleLimit({ idleTimeoutMs, ...(clock && { clock }) });
    }
    this.#options = options;
    this.#classifier = options.classifier ?? createClassifier(clock && { clock });
    this.#report = options.onListenerError ?? reportError;
    this.#run = runnerOf(resilience);
    this.#fallbacks = fallbacks.map((fallback, place) => {
      checkOptions(`fallbacks[${place}]`, fallback, fallbackNeeds, `fallbacks[${place}].`);
      const { model, resilience: own } = fallback;
      return { model, run: own === undefined ? direct : runnerOf(own) };
    });
  }

  generate<Q extends ModelRequest, A extends ModelAnswer>(
    request: Q,
    model: { readonly modelId: string; doGenerate(request: Q): PromiseLike<A> },
  ): Promise<A> {
    return this.#each<typeof model, A>(model, request, ({ model: asked, run }) =>
      run((context) => this.#generateOnce(asked, request, context), request.abortSignal),
    );
  }

  stream<Q extends ModelRequest, P extends ModelPart, S extends ModelStream<P>>(
    request: Q,
    model: { readonly modelId: string; doStream(request: Q): PromiseLike<S> },
  ): Promise<S> {
    return this.#each<typeof model, S>(model, request, ({ model: asked, run }) =>
      this.#held(run, request, (context) => this.#streamOnce(asked, request, context)),
    );
  }

  /** The model, then its fallbacks, until one answers. */
  async #each<M extends { readonly modelId: string }, A>(
    model: M,
    request: ModelRequest,
    ask: (source: Source<M>) => Promise<A>,
  ): Promise<A> {
    // A fallback is typed by whoever wraps the models; for the SDK all of them are alike.
    const fallbacks = this.#fallbacks as unknown as readonly Source<M>[];
    const failed: { readonly name: string; readonly reason: unknown }[] = [];
    for (const source of [{ model, run: this.#run }, ...fallbacks]) {
      const last = failed.at(-1);
      if (last) this.#tellFallback(last, source.model.modelId);
      try {
        return await ask(source);
      } catch (thrown) {
        const reason = endRetries(unmarked(thrown));
        failed.push({ name: source.model.modelId, reason });
        // No other model does better for a caller that has left, or with code that is wrong.
        const { class: kind } = judge(this.#classifier, reason, request.abortSignal);
        if (request.abortSignal?.aborted || kind === "code-bug") break;
      }
    }
    const [first, ...others] = failed;
    if (others.length === 0) throw first?.reason;
    const names = others.map(({ name }) => name);
    throw new FallbackFailedError(
      first?.reason,
      others.map(({ reason }) => reason),
      names,
    );
  }

  async #generateOnce<Q extends ModelRequest, A extends ModelAnswer>(
    model: { doGenerate(request: Q): PromiseLike<A> },
    request: Q,
    { signal }: CallContext,
  ): Promise<A> {
    const reservation = await this.#reserve(request, signal);
    try {
      const answer = await model.doGenerate(withSignal(request, signal));
      this.#options.limiter?.observe(answer.response?.headers);
      reservation?.settle(tokensOf(answer.usage));
      return answer;
    } catch (thrown) {
      this.#settleFailed(reservation, thrown, signal);
      throw thrown;
    }
  }

  async #streamOnce<Q extends ModelRequest, P extends ModelPart, S extends ModelStream<P>>(
    model: { readonly modelId: string; doStream(request: Q): PromiseLike<S> },
    request: Q,
    { signal }: CallContext,
  ): Promise<{ readonly answer: S; readonly ended: Promise<unknown> }> {
    const reservation = await this.#reserve(request, signal);
    const own = bothSignals(signal, request.abortSignal);
    try {
      const answer = await model.doStream(withSignal(request, signal));
      this.#options.limiter?.observe(answer.response?.headers);
      const limits = { signal: own, caller: request.abortSignal, idle: this.#idle };
      const flow = await opened(answer.stream, limits);
      const ended = this.#atEnd(flow, model.modelId, own, reservation);
      ended.catch(() => {}); // Heard by those who hold on to it.
      return { answer: { ...answer, stream: flow.stream }, ended };
    } catch (thrown) {
      this.#settleFailed(reservation, thrown, signal);
      throw thrown;
    }
  }

  /** @throws {@link SentOnceError} around what broke the stream. */
  async #atEnd(
    { ended }: OpenedStream<ModelPart>,
    model: string,
    signal: AbortSignal,
    reservation: Reservation | undefined,
  ): Promise<void> {
    const { usage, broken } = await ended;
    reservation?.settle(tokensOf(usage));
    if (!broken) return;
    const { onBroken } = this.#options;
    if (onBroken) {
      const { class: errorClass } = judge(this.#classifier, broken.reason, signal);
      // Whoever has left broke it themselves; whoever had no more time waited for the model.
      const isLeft = signal.aborted && errorClass === "aborted";
      const event = { model, errorClass, error: toError(broken.reason) };
      if (!isLeft) notify(onBroken, event, this.#report);
    }
    throw new SentOnceError(broken.reason);
  }

  /** The answer as soon as it has begun; its policies hear of it then, or when it is over. */
  #held<S>(
    run: Runner,
    request: ModelRequest,
    open: (
      context: CallContext,
    ) => Promise<{ readonly answer: S; readonly ended: Promise<unknown> }>,
  ): Promise<S> {
    const { promise, resolve, reject } = Promise.withResolvers<S>();
    let isOpen = false;
    run(async (context) => {
      // What was given out is not asked for anew, whatever a policy thinks of how it broke.
      if (isOpen) throw new SentOnceError(new Error("The answer has begun"));
      const { answer, ended } = await open(context);
      isOpen = true;
      resolve(answer);
      if (this.#options.holdUntil === "end") await ended;
      return answer;
    }, request.abortSignal).then(resolve, reject);
    return promise;
  }

  async #reserve(request: ModelRequest, signal: AbortSignal): Promise<Reservation | undefined> {
    const { limiter, estimate } = this.#options;
    return limiter?.reserve(estimate ? { cost: estimate(request) } : {}, signal);
  }

  /** Servers count calls that failed as well, and what they say holds though the caller has left. */
  #settleFailed(reservation: Reservation | undefined, thrown: unknown, signal: AbortSignal): void {
    const { limiter } = this.#options;
    if (!limiter) return;
    if (signal.aborted && thrown === signal.reason) {
      reservation?.settle(); // It is not the server that said it.
      return;
    }
    const { retryAfterMs, cost } = judge(this.#classifier, thrown, undefined);
    reservation?.settle(cost);
    const { responseHeaders } = Object(thrown) as { readonly responseHeaders?: unknown };
    if (responseHeaders) limiter.observe(responseHeaders);
    else if (retryAfterMs !== undefined) limiter.pause(retryAfterMs);
  }

  #tellFallback(from: { readonly name: string; readonly reason: unknown }, to: string): void {
    const { onFallback } = this.#options;
    if (!onFallback) return;
    notify(onFallback, { from: from.name, to, error: toError(from.reason) }, this.#report);
  }
}

/** The caller's signal is heard as long as a stream is read; the attempt's ends with its first content. */
function withSignal<Q extends ModelRequest>(request: Q, signal: AbortSignal): Q {
  return { ...request, abortSignal: bothSignals(signal, request.abortSignal) };
}
