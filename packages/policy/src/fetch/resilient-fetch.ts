/** `fetch` under policies. */

import {
  aClock,
  aFunction,
  aNumber,
  type Clock,
  checkOptions,
  mustBe,
  type Needs,
  numberBetween,
} from "../base/index.ts";
import { bothSignals, type Resilience, runnerOf } from "../resilient/index.ts";
import { IdleLimit, watchedStream } from "../timeout/index.ts";
import { checkResponse, HttpError } from "./http-error.ts";
import { isIdempotent, isTurnedAway, neverLeft, Sending, unmarked } from "./repeat.ts";

/** `fetch`, as the platform has it. */
export type FetchFunction = (
  input: string | URL | Request,
  init?: RequestInit,
) => Promise<Response>;

export interface ResilientFetchOptions {
  /**
   * Whether a request may be sent again whatever became of it. A body that can be read once only is never
   * sent twice. @defaultValue idempotent methods, and requests with an `Idempotency-Key`
   */
  readonly isRepeatable?: (request: {
    readonly method: string;
    readonly address: string;
  }) => boolean;
  /**
   * Milliseconds, above 0, that the body of an answer may be silent while it is read.
   * @defaultValue no limit
   */
  readonly bodyIdleTimeoutMs?: number;
  readonly clock?: Clock;
}

const needs: Needs<ResilientFetchOptions> = {
  isRepeatable: aFunction,
  bodyIdleTimeoutMs: aNumber,
  clock: aClock,
};

/**
 * A `fetch` whose requests run under an executor or policies. Its statuses 408, 425, 429 and from 500 up
 * are failures; `Retry-After` is honoured.
 *
 * What may have had its effect is not sent again: a POST is tried again only where it never left, where the
 * server says that it did not take it (408, 425, 429, or 503 with `Retry-After`), or with an
 * `Idempotency-Key`. A stream as a body, also that of a Request, can be read once only: one attempt.
 *
 * The time of an attempt ends with the headers of the answer. The caller's signal and `bodyIdleTimeoutMs`
 * hold for the body as well; to bound it otherwise, read it inside `executor.execute` and use
 * {@link checkResponse}.
 *
 * @throws {@link RangeError} at once when `send` or an option is none that it can use, and {@link TypeError}
 * when there is nothing that a call can be made through. The function throws {@link HttpError} for an
 * answer that is a failure, and whatever the policies and `send` throw.
 * @example
 * const get = resilientFetch(ResilientExecutorFactory.forAPI("weather"), fetch);
 * const response = await get("https://weather.example/today");
 */
export function resilientFetch<F = never>(
  resilience: Resilience<F>,
  send: FetchFunction,
  options: ResilientFetchOptions = {},
): (input: string | URL | Request, init?: RequestInit) => Promise<Response | F> {
  const run = runnerOf(resilience);
  mustBe("The fetch of resilientFetch()", send, aFunction);
  checkOptions("resilientFetch()", options, needs);
  const { isRepeatable } = options;
  const idle = idleLimitOf(options);
  return async (input, init = {}) => {
    const request = typeof input === "object" && "method" in input ? input : undefined;
    const caller = init.signal === undefined ? request?.signal : (init.signal ?? undefined);
    const sending = sendingOf(input, request, init, isRepeatable);
    try {
      return await run(
        ({ signal }) =>
          sending.attempt(async () => {
            const own = bothSignals(signal, caller);
            return watched(await checkResponse(await send(input, { ...init, signal: own })), idle);
          }),
        caller,
      );
    } catch (thrown) {
      throw unmarked(thrown);
    }
  };
}

function idleLimitOf({ bodyIdleTimeoutMs, clock }: ResilientFetchOptions): IdleLimit | undefined {
  if (bodyIdleTimeoutMs === undefined) return undefined;
  numberBetween("bodyIdleTimeoutMs", bodyIdleTimeoutMs, Number.MIN_VALUE, 1e12);
  return new IdleLimit({ idleTimeoutMs: bodyIdleTimeoutMs, ...(clock && { clock }) });
}

function sendingOf(
  input: string | URL | Request,
  request: Request | undefined,
  init: RequestInit,
  isRepeatable: ResilientFetchOptions["isRepeatable"],
): Sending {
  if (isReadOnce(init.body, request)) return new Sending(false, () => false);
  const method = init.method ?? request?.method ?? "GET";
  const headers = init.headers === undefined ? request?.headers : new Headers(init.headers);
  const isSafe =
    isRepeatable?.({ method, address: request?.url ?? String(input) }) ??
    isIdempotent(method, headers);
  return new Sending(isSafe, hadNoEffect);
}

const hadNoEffect = (thrown: unknown): boolean =>
  thrown instanceof HttpError ? isTurnedAway(thrown) : neverLeft(thrown);

/** A stream or an iterable that nobody can begin anew; the body of a Request is one. */
function isReadOnce(body: unknown, request: Request | undefined): boolean {
  if (body === undefined || body === null) return Boolean(request?.body);
  if (typeof body !== "object" || body instanceof URLSearchParams) return false;
  if (body instanceof FormData || body instanceof Blob) return false;
  return !(body instanceof ArrayBuffer || ArrayBuffer.isView(body));
}

/** The same answer, its body watched; what only `fetch` itself can set is carried over. */
function watched(response: Response, idle: IdleLimit | undefined): Response {
  if (!idle || !response.body) return response;
  const { status, statusText, headers, url, redirected, type } = response;
  const own = new Response(watchedStream(response.body, { wait: (part) => idle.wait(part) }), {
    status,
    statusText,
    headers,
  });
  for (const [key, value] of Object.entries({ url, redirected, type })) {
    Object.defineProperty(own, key, { value, configurable: true });
  }
  return own;
}
