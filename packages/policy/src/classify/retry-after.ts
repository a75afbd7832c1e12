/** How long a server asks to be left alone. */

import type { Clock } from "../base/index.ts";

/** Headers as `fetch` gives them, or as a plain object with names in any case. */
type HeaderSource = unknown;

/** Milliseconds, as OpenAI's and Azure's servers send them; finer than the standard's seconds. */
const MILLISECOND_HEADERS = ["retry-after-ms", "x-ms-retry-after-ms"];

/**
 * Milliseconds that the headers ask to wait: `retry-after-ms`, or `Retry-After` in seconds or as an HTTP
 * date (RFC 9110, 10.2.3). A date that has passed asks for none. Undefined where nothing is asked.
 */
export function retryAfterMs(headers: HeaderSource, clock: Clock): number | undefined {
  if (headers === undefined) return undefined;
  for (const name of MILLISECOND_HEADERS) {
    const ms = amount(headerOf(headers, name));
    if (ms !== undefined) return Math.ceil(ms);
  }
  const text = headerOf(headers, "retry-after");
  const seconds = amount(text);
  if (seconds !== undefined) return Math.ceil(seconds * 1_000);
  const dateMs = httpDateMs(text);
  if (dateMs === undefined) return undefined;
  // By the server's own clock where it tells it: ours may be wrong.
  return Math.max(0, dateMs - (httpDateMs(headerOf(headers, "date")) ?? clock.epochMs()));
}

/**
 * Milliseconds that the body of an answer asks to wait: `retry_after` in seconds (Discord; Telegram
 * under `parameters`), `retry_after_ms`, or `retryDelay` of google.rpc.RetryInfo (Gemini).
 */
export function bodyRetryAfterMs(
  body: Readonly<Record<string, unknown>> | undefined,
): number | undefined {
  const { retry_after_ms: ms, retry_after: seconds, parameters, details } = body ?? {};
  if (isAmount(ms)) return Math.ceil(ms);
  if (isAmount(seconds)) return Math.ceil(seconds * 1_000);
  const { retry_after: nested } = Object(parameters) as { readonly retry_after?: unknown };
  if (isAmount(nested)) return Math.ceil(nested * 1_000);
  if (!Array.isArray(details)) return undefined;
  for (const detail of details.slice(0, MOST_DETAILS) as readonly unknown[]) {
    const ms = delayMs((Object(detail) as { readonly retryDelay?: unknown }).retryDelay);
    if (ms !== undefined) return ms;
  }
  return undefined;
}

/** A google.protobuf.Duration: `"1.5s"` in JSON, `{ seconds, nanos }` where a client has unpacked it. */
function delayMs(delay: unknown): number | undefined {
  if (typeof delay === "string") {
    const [, text] = /^(\d+(?:\.\d+)?)s$/.exec(delay) ?? [];
    return text === undefined ? undefined : Math.ceil(Number(text) * 1_000);
  }
  if (typeof delay !== "object" || delay === null) return undefined;
  const { seconds = 0, nanos = 0 } = delay as Readonly<Record<string, unknown>>;
  const ms = Number(seconds) * 1_000 + Number(nanos) / 1e6; // A Long, too, has a number for its value.
  return isAmount(ms) ? Math.ceil(ms) : undefined;
}

const MOST_DETAILS = 10;

const isAmount = (value: unknown): value is number => Number.isFinite(value) && Number(value) >= 0;

/** The three forms of RFC 9110, 5.6.7. */
function httpDateMs(text: string | undefined): number | undefined {
  // Date.parse takes nearly anything for a date, "-5" too; an HTTP date begins with its weekday.
  if (text === undefined || !/^[A-Z][a-z]+,? /.test(text)) return undefined;
  // The oldest form has no zone, and means Greenwich; Date.parse would take it for here.
  const dateMs = Date.parse(text.includes(",") ? text : `${text} GMT`);
  return Number.isNaN(dateMs) ? undefined : dateMs;
}

/** The value of a header, by its name in lower case. */
export function headerOf(headers: HeaderSource, name: string): string | undefined {
  if (typeof headers !== "object" || headers === null) return undefined;
  const { get } = headers as { readonly get?: unknown };
  const value =
    typeof get === "function"
      ? firstOf(get.call(headers, name))
      : Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  if (typeof value === "number") return String(value);
  return typeof value === "string" ? value.trim() : undefined;
}

/** The metadata of gRPC gives a list for every name. */
const firstOf = (value: unknown): unknown => (Array.isArray(value) ? value[0] : value);

function amount(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}
