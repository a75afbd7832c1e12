/** What a language model of the AI SDK is, as far as it is needed: types of our own, as of its version 4. */

/** What a model is asked; more stands there than is read here. */
export interface ModelRequest {
  readonly abortSignal?: AbortSignal | undefined;
  readonly prompt?: unknown;
  readonly maxOutputTokens?: number | undefined;
}

/** Tokens of one side: a number where the SDK's older models say it, else with its parts. */
type TokenCount = number | undefined | { readonly total: number | undefined };

export interface ModelUsage {
  readonly inputTokens: TokenCount;
  readonly outputTokens: TokenCount;
}

interface Answered {
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ModelAnswer {
  readonly usage: ModelUsage;
  readonly response?: Answered;
}

/** One part of a streamed answer; parts of type `error` and `finish` carry what their names say. */
export interface ModelPart {
  readonly type: string;
}

export interface ModelStream<P extends ModelPart = ModelPart> {
  readonly stream: ReadableStream<P>;
  readonly response?: Answered;
}

/** Any language model of the SDK: what `provider("model")` returns. */
export interface FallbackTarget {
  readonly modelId: string;
  doGenerate(request: never): PromiseLike<unknown>;
  doStream(request: never): PromiseLike<unknown>;
}

/** What `wrapLanguageModel` takes. */
export interface ModelMiddleware {
  readonly specificationVersion: "v4";
  wrapGenerate<Q extends ModelRequest, A extends ModelAnswer>(options: {
    readonly params: Q;
    readonly model: { readonly modelId: string; doGenerate(request: Q): PromiseLike<A> };
  }): Promise<A>;
  wrapStream<Q extends ModelRequest, P extends ModelPart, S extends ModelStream<P>>(options: {
    readonly params: Q;
    readonly model: { readonly modelId: string; doStream(request: Q): PromiseLike<S> };
  }): Promise<S>;
}

/** Tokens in all; undefined where the model does not say. */
export function tokensOf(usage: ModelUsage | undefined): number | undefined {
  const counts = [countOf(usage?.inputTokens), countOf(usage?.outputTokens)];
  // A model that does not know says NaN or null as well; its answer is not to be lost for that.
  const known = counts.filter(
    (count): count is number => Number.isFinite(count) && Number(count) >= 0,
  );
  return known.length === 0 ? undefined : known.reduce((sum, count) => sum + count, 0);
}

const countOf = (count: TokenCount): number | undefined =>
  typeof count === "object" ? count?.total : count;

/** What comes before anything was said: whoever has read no more can still be given another answer. */
const preludes: ReadonlySet<string> = new Set([
  "stream-start",
  "response-metadata",
  "raw",
  "ping",
  "text-start",
  "reasoning-start",
  "tool-input-start",
]);

export function isPrelude(part: ModelPart): boolean {
  const { type, delta } = part as ModelPart & { readonly delta?: unknown };
  return preludes.has(type) || delta === "";
}

/** What went wrong, where the part says so. */
export function errorIn(part: ModelPart): { readonly reason: unknown } | undefined {
  if (part.type !== "error") return undefined;
  return { reason: (part as ModelPart & { readonly error?: unknown }).error };
}

export const usageIn = (part: ModelPart): ModelUsage | undefined =>
  part.type === "finish" ? (part as ModelPart & { readonly usage?: ModelUsage }).usage : undefined;

/**
 * Says that the retries are over. The SDK tries again what calls itself retryable, unless it is told
 * `maxRetries: 0`; its attempts and ours would multiply.
 */
export function endRetries(thrown: unknown): unknown {
  if (typeof thrown === "object" && thrown !== null && "isRetryable" in thrown) {
    Reflect.defineProperty(thrown, "isRetryable", { value: false, configurable: true });
  }
  return thrown;
}
