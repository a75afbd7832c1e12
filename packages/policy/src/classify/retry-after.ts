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
  for (const name of MILLISECOND_HEADERS) {
    const ms = amount(headerOf(headers, name));
    if (ms !== undefined) return Math.ceil(ms);
  }
  const text = headerOf(headers, "retry-after");
  const seconds = amount(text);
  if (seconds !== undefined) return Math.ceil(seconds * 1_000);
  // Date.parse takes nearly anything for a date, "-5" too; an HTTP date begins with its weekday.
  const dateMs = /^[A-Z][a-z]+,? /.test(text ?? "") ? Date.parse(text ?? "") : Number.NaN;
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - clock.epochMs());
}

/** The value of a header, by its name in lower case. */
export function headerOf(headers: HeaderSource, name: string): string | undefined {
  if (typeof headers !== "object" || headers === null) return undefined;
  const { get } = headers as { readonly get?: unknown };
  const value =
    typeof get === "function"
      ? (get.call(headers, name) as unknown)
      : Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  if (typeof value === "number") return String(value);
  return typeof value === "string" ? value.trim() : undefined;
}

function amount(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}
