/** Policies in front of undici's requests. */

import {
  aFunction,
  aNumber,
  checkOptions,
  type Needs,
  numberBetween,
  oneOf,
  wholeNumber,
} from "../base/index.ts";
import { HttpError, isIdempotent, isTurnedAway, neverLeft, Sending } from "../fetch/index.ts";
import { type Resilience, type Runner, runnerOf } from "../resilient/index.ts";
import type { Dispatch, DispatchInterceptor, DispatchRequest } from "./dispatch.ts";
import { Exchange, type ExchangeRules } from "./exchange.ts";

export interface ResilientDispatchOptions {
  /**
   * By what requests are told apart, where the policies are made for each key.
   * @defaultValue the origin
   */
  readonly keyOf?: (request: DispatchRequest) => string;
  /**
   * How many keys are known at once, a whole number from 1; the one that was not used for longest is
   * forgotten, with the state of its policies. @defaultValue 1_000
   */
  readonly maxKeys?: number;
  /**
   * Whether a request may be sent again whatever became of it. A body that can be read once only is never
   * sent twice. @defaultValue as its `idempotent` says; else idempotent methods, and requests with an
   * `Idempotency-Key`
   */
  readonly isRepeatable?: (request: DispatchRequest) => boolean;
  /**
   * Milliseconds, a whole number from 1 to 1e9, that the body of an answer may be silent: undici's own
   * `bodyTimeout`, for requests that set none. @defaultValue undici's 300_000
   */
  readonly bodyIdleTimeoutMs?: number;
  /**
   * When a request has succeeded for its policies: with the headers of the answer, or at its end. Then
   * limits hold their place for as long, circuits hear of answers that break off, and a time-out bounds
   * the whole. @defaultValue "headers"
   */
  readonly holdUntil?: ExchangeRules["holdUntil"];
  /**
   * What becomes of an answer that is a failure (408, 425, 429 and from 500 up) and is not followed by
   * another attempt: an `HttpError`, or the answer itself where its body has at most 65,536 bytes.
   * @defaultValue "throw"
   */
  readonly failures?: ExchangeRules["failures"];
}

const needs: Needs<ResilientDispatchOptions> = {
  keyOf: aFunction,
  maxKeys: aNumber,
  isRepeatable: aFunction,
  bodyIdleTimeoutMs: aNumber,
  holdUntil: oneOf(["headers", "end"]),
  failures: oneOf(["throw", "answer"]),
};

/**
 * An interceptor for `compose` of undici's dispatchers: each request runs under an executor or policies,
 * one for all, or one for each origin where a function makes them.
 *
 * What may have had its effect is not sent again, and nothing that its reader has seen the beginning of;
 * a body that is a stream or an iterable is sent once. An abort ends waits and attempts at once, and so
 * does a reader that throws: it is told of its own error, and policies take it for one who has left.
 * Upgrades and CONNECT pass by, as they have no answer to judge.
 *
 * @throws {@link RangeError} when an option is out of its range, and {@link TypeError} when there is
 * nothing that a call can be made through. Requests fail with {@link HttpError}, with what the policies
 * throw, or as undici's do.
 * @example
 * const agent = new Agent().compose(
 *   resilient((origin) => [new RetryPolicy(), new CircuitBreaker({ name: origin })]),
 * );
 * const { statusCode, body } = await request("https://weather.example/today", { dispatcher: agent });
 */
export function resilient(
  resilience: Resilience | ((key: string) => Resilience),
  options: ResilientDispatchOptions = {},
): DispatchInterceptor {
  checkOptions("resilient()", options, needs);
  const { keyOf = originOf, isRepeatable, bodyIdleTimeoutMs } = options;
  const { holdUntil = "headers", failures = "throw" } = options;
  if (bodyIdleTimeoutMs !== undefined) {
    wholeNumber(
      "bodyIdleTimeoutMs",
      numberBetween("bodyIdleTimeoutMs", bodyIdleTimeoutMs, 1, 1e9),
      1,
    );
  }
  const maxKeys = wholeNumber("maxKeys", options.maxKeys ?? 1_000, 1);
  const runners = typeof resilience === "function" ? new Runners(resilience, maxKeys) : undefined;
  const shared = typeof resilience === "function" ? undefined : runnerOf(resilience);
  const intercept =
    (dispatch: Dispatch): Dispatch =>
    (request, reader) => {
      if (request.method === "CONNECT" || request.upgrade) return dispatch(request, reader);
      const run = shared ?? (runners as Runners).of(keyOf(request)); // There is one or the other.
      const sending = sendingOf(request, isRepeatable);
      const bodyTimeout = request.bodyTimeout ?? bodyIdleTimeoutMs;
      const timed = bodyTimeout === undefined ? request : { ...request, bodyTimeout };
      void new Exchange(dispatch, timed, reader, { sending, holdUntil, failures }).begin(run);
      return true;
    };
  return intercept as DispatchInterceptor; // The dispatchers of all versions take more than we read.
}

/** A runner for each key, the one that was used last at the end. */
class Runners {
  readonly #make: (key: string) => Resilience;
  readonly #most: number;
  readonly #known = new Map<string, Runner>();

  constructor(make: (key: string) => Resilience, most: number) {
    this.#make = make;
    this.#most = most;
  }

  of(key: string): Runner {
    const run = this.#known.get(key) ?? runnerOf(this.#make(key));
    this.#known.delete(key);
    this.#known.set(key, run);
    if (this.#known.size > this.#most) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    return run;
  }
}

const originOf = ({ origin }: DispatchRequest): string => String(origin ?? "");

function sendingOf(
  request: DispatchRequest,
  isRepeatable: ResilientDispatchOptions["isRepeatable"],
): Sending {
  if (isReadOnce(request.body)) return new Sending(false, () => false);
  const isSafe =
    isRepeatable?.(request) ??
    request.idempotent ??
    isIdempotent(request.method, plainHeaders(request.headers));
  return new Sending(isSafe, hadNoEffect);
}

const hadNoEffect = (thrown: unknown): boolean =>
  thrown instanceof HttpError ? isTurnedAway(thrown) : neverLeft(thrown);

/** Streams and iterables: nobody knows whether they can begin anew. */
function isReadOnce(body: unknown): boolean {
  if (typeof body !== "object" || body === null) return false;
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return false;
  const { [Symbol.toStringTag]: tag } = body as { readonly [Symbol.toStringTag]?: unknown };
  return tag !== "FormData" && tag !== "Blob" && tag !== "File";
}

/** In one of the forms that undici takes: names and values in turn, pairs, or an object. */
function plainHeaders(headers: unknown): unknown {
  if (!Array.isArray(headers)) {
    const isPairs = typeof headers === "object" && headers !== null && Symbol.iterator in headers;
    return isPairs ? Object.fromEntries(headers as Iterable<[string, unknown]>) : headers;
  }
  const pairs = headers.flatMap((name: unknown, place) =>
    place % 2 === 0 ? [[String(name), headers[place + 1]] as const] : [],
  );
  return Object.fromEntries(pairs);
}
