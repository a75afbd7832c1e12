/**
 * How a real provider lets its callers down, from a seed. A mood depends on the document and on how often
 * that document was refused so far, and on nothing else: not on who asks first, not on the time, not on
 * which life of the server it is. So the same seed is the same bad day, however often somebody dies in it.
 */

import { seededRandom } from "@kintsugi/policy/base";

export type Mood =
  | { readonly kind: "well"; readonly delayMs: number }
  | { readonly kind: "rate-limited"; readonly retryAfterMs: number }
  | { readonly kind: "broken" }
  | { readonly kind: "silent" };

export interface Temper {
  /** Share of calls that fail, 0..1. */
  readonly failureRate: number;
  /** Ordinary time to answer. */
  readonly delayMs: number;
}

/** How much longer than ordinary a slow answer takes: well below any sensible time-out. */
const SLOW = 5;

/**
 * Of the calls that fail, half are limited, two fifths break, a tenth is never answered.
 *
 * @param failures - calls about this document that failed before this one.
 */
export function moodFor(seed: string, document: string, failures: number, temper: Temper): Mood {
  const random = seededRandom(`${seed}/${failures}/${document}`);
  const [fails, how] = [random.next(), random.next()];
  if (fails >= temper.failureRate)
    return { kind: "well", delayMs: delayFor(seed, document, temper) };
  if (how < 0.5) return { kind: "rate-limited", retryAfterMs: 100 + Math.round(how * 400) };
  return how < 0.9 ? { kind: "broken" } : { kind: "silent" };
}

/** Time to answer about a document, in milliseconds; one document in twenty is slow. */
export function delayFor(seed: string, document: string, { delayMs }: Temper): number {
  const slow = seededRandom(`${seed}/delay/${document}`).next();
  return Math.round(delayMs * (slow < 0.05 ? SLOW : 0.5 + slow));
}
