/** Spans and sizes as people write them: `"30s"`, `"150MB"`. */

import { shown } from "./options.ts";

/** A span: milliseconds, or a number with a unit (`ms`, `s`, `m`, `h`, `d`). */
export type Duration = number | string;

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** As those who size memory mean it, and PM2 does: 1 KB is 1,024 bytes. */
const UNIT_BYTES: Readonly<Record<string, number>> = {
  b: 1,
  kb: 2 ** 10,
  mb: 2 ** 20,
  gb: 2 ** 30,
  tb: 2 ** 40,
};

/**
 * Milliseconds of a span.
 *
 * @throws {@link RangeError} when the text is no span, or the span is negative or not finite.
 */
export function durationMs(duration: Duration): number {
  const ms = measure(duration, UNIT_MS);
  if (ms !== undefined) return ms;
  throw new RangeError(
    `A duration is milliseconds or text like "250ms" or "30s", got ${shown(duration)}`,
  );
}

/**
 * Bytes of a size: a number of bytes, or a number with a unit (`B`, `KB`, `MB`, `GB`, `TB`; 1,024 a step).
 *
 * @throws {@link RangeError} when the text is no size, or the size is negative or not finite.
 */
export function sizeBytes(size: number | string): number {
  const bytes = measure(size, UNIT_BYTES);
  if (bytes !== undefined) return Math.round(bytes);
  throw new RangeError(`A size is bytes or text like "512KB" or "150MB", got ${shown(size)}`);
}

function measure(
  value: number | string,
  units: Readonly<Record<string, number>>,
): number | undefined {
  if (typeof value !== "string") return Number.isFinite(value) && value >= 0 ? value : undefined;
  const [, amount, unit] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(value) ?? [];
  if (amount === undefined) return undefined;
  if (unit === "" || unit === undefined) return Number(amount);
  const name = unit.toLowerCase();
  return Object.hasOwn(units, name) ? Number(amount) * Number(units[name]) : undefined;
}
