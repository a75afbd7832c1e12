/** When a limit that is used up is there again, by the headers that tell of limits. */

import type { Clock } from "../base/index.ts";
import { headerOf } from "./retry-after.ts";

/**
 * What is left of a limit, and when all of it is there again: OpenAI's names, which Azure, Groq and others
 * use too; GitHub's, and most others'; those of the older drafts for `RateLimit`; Anthropic's.
 */
const limits: readonly (readonly [remaining: string, reset: string])[] = [
  ...["-requests", "-tokens", ""].map(
    (what) => [`x-ratelimit-remaining${what}`, `x-ratelimit-reset${what}`] as const,
  ),
  ["ratelimit-remaining", "ratelimit-reset"],
  ...["requests", "tokens", "input-tokens", "output-tokens"].map(
    (what) =>
      [`anthropic-ratelimit-${what}-remaining`, `anthropic-ratelimit-${what}-reset`] as const,
  ),
];

/**
 * Milliseconds until the limits that are used up are there again; the longest, where there are several.
 * Undefined where none is: what a limit says that has something left is no reason to wait.
 */
export function limitResetMs(headers: unknown, clock: Clock): number | undefined {
  const resets = limits
    .filter(([remaining]) => headerOf(headers, remaining) === "0")
    .flatMap(([, reset]) => resetMs(headerOf(headers, reset), clock) ?? []);
  return resets.length > 0 ? Math.ceil(Math.max(...resets)) : undefined;
}

const unitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** From here on a number of seconds is a moment and no span: 2001-09-09. */
const FIRST_EPOCH_SECOND = 1e9;

/**
 * Milliseconds until a reset: a span in Go's form (`6m0s`, `120ms`), a moment (RFC 3339, or epoch seconds as
 * GitHub has it), or seconds. One that has passed is now.
 */
export function resetMs(text: string | undefined, clock: Clock): number | undefined {
  if (text === undefined) return undefined;
  if (/^(\d+(\.\d+)?(ms|[smhd]))+$/.test(text)) {
    const parts = text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g);
    return [...parts].reduce((sum, [, n, unit]) => sum + Number(n) * (unitsMs[unit ?? ""] ?? 0), 0);
  }
  if (/^\d{1,10}(\.\d+)?$/.test(text)) {
    const ms = Number(text) * 1_000;
    return Number(text) < FIRST_EPOCH_SECOND ? ms : Math.max(0, ms - clock.epochMs());
  }
  const atMs = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - clock.epochMs());
}
