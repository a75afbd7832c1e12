/** How a real provider lets its callers down, from a seed: the same seed, the same bad day. */

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

/**
 * Of the calls that fail, half are limited, two fifths break, a tenth is never answered. One in
 * twenty of the others is slow by ten times.
 */
export function createMoods(seed: string, life: number): (temper: Temper) => Mood {
  const random = seededRandom(`${seed}/${life}`);
  return ({ failureRate, delayMs }) => {
    const [fails, how, slow] = [random.next(), random.next(), random.next()];
    if (fails < failureRate) {
      if (how < 0.5) return { kind: "rate-limited", retryAfterMs: 100 + Math.round(how * 400) };
      return how < 0.9 ? { kind: "broken" } : { kind: "silent" };
    }
    const stretch = slow < 0.05 ? 10 : 0.5 + slow;
    return { kind: "well", delayMs: Math.round(delayMs * stretch) };
  };
}
