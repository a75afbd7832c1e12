/** What servers say about their limits in the headers of an answer. */

import type { Clock } from "../base/index.ts";
import { headerOf, resetMs, retryAfterMs } from "../classify/index.ts";
import type { Budget } from "./rate-state.ts";

/** One limit, as far as the server told it. */
export interface ToldLimit {
  readonly unit: Budget["unit"];
  readonly limit: number | undefined;
  readonly remaining: number | undefined;
  /** Milliseconds until all of it is there again. */
  readonly resetMs: number | undefined;
}

export interface RateHeaders {
  readonly limits: readonly ToldLimit[];
  readonly retryAfterMs: number | undefined;
}

/**
 * OpenAI's names, which Azure, Groq and others use too, then Anthropic's. Anthropic's `tokens` stand for
 * the limit that is nearest; where they are missing, those of the input are taken.
 */
const families: readonly {
  readonly unit: Budget["unit"];
  readonly name: (field: "limit" | "remaining" | "reset") => string;
}[] = [
  { unit: "requests", name: (field) => `x-ratelimit-${field}-requests` },
  { unit: "tokens", name: (field) => `x-ratelimit-${field}-tokens` },
  { unit: "requests", name: (field) => `anthropic-ratelimit-requests-${field}` },
  { unit: "tokens", name: (field) => `anthropic-ratelimit-tokens-${field}` },
  { unit: "tokens", name: (field) => `anthropic-ratelimit-input-tokens-${field}` },
];

/** Headers as `fetch` gives them, or a plain object with names in any case. What makes no sense is left out. */
export function readRateHeaders(headers: unknown, clock: Clock): RateHeaders {
  const told = families
    .map(({ unit, name }) => ({
      unit,
      limit: whole(headerOf(headers, name("limit")), 1),
      remaining: whole(headerOf(headers, name("remaining")), 0),
      resetMs: resetMs(headerOf(headers, name("reset")), clock),
    }))
    .filter(({ limit, remaining }) => limit !== undefined || remaining !== undefined);
  const limits = told.filter(
    ({ unit }, place) => told.findIndex((other) => other.unit === unit) === place,
  );
  return { limits, retryAfterMs: retryAfterMs(headers, clock) };
}

function whole(text: string | undefined, min: number): number | undefined {
  if (text === undefined || !/^\d{1,15}$/.test(text)) return undefined;
  return Number(text) >= min ? Number(text) : undefined;
}
