/** How much hedging is too much: when everything is slow, a second call of each is what breaks it. */

import { aNumber, checkOptions, type Needs, numberBetween } from "../base/index.ts";

export interface HedgeBudgetOptions {
  /** Hedges that each call earns: 0.1 is one for every ten calls, 0.001 to 1. @defaultValue 0.1 */
  readonly ratio?: number;
  /** Hedges that can be saved up, and are there at the start, 1 to 1_000_000. @defaultValue 10 */
  readonly maxTokens?: number;
}

const needs: Needs<HedgeBudgetOptions> = { ratio: aNumber, maxTokens: aNumber };

export interface HedgeBudgetStats {
  /** Hedges that may start now. */
  readonly tokens: number;
  readonly spent: number;
  readonly refused: number;
}

/** Thousandths are whole, so that ten tenths are one. */
const TOKEN = 1_000;

/**
 * Shared by the hedges of one dependency: in any stretch of calls no more than `maxTokens` and `ratio` of
 * the calls are hedges.
 *
 * @example
 * const budget = new HedgeBudget({ ratio: 0.05 });
 * const reads = new Hedge({ delayMs: 50, budget });
 * const searches = new Hedge({ delayMs: 200, budget });
 */
export class HedgeBudget {
  readonly #earned: number;
  readonly #most: number;
  #left: number;
  #spent = 0;
  #refused = 0;

  /** @throws {@link RangeError} when an option is out of its range. */
  constructor(options: HedgeBudgetOptions = {}) {
    checkOptions("HedgeBudget", options, needs);
    this.#earned = Math.round(numberBetween("ratio", options.ratio ?? 0.1, 0.001, 1) * TOKEN);
    this.#most = numberBetween("maxTokens", options.maxTokens ?? 10, 1, 1_000_000) * TOKEN;
    this.#left = this.#most;
  }

  /** A call has begun. */
  earn(): void {
    const left = this.#left + this.#earned;
    this.#left = left < this.#most ? left : this.#most;
  }

  /** Takes a token for a hedge, where there is one. */
  trySpend(): boolean {
    if (this.#left < TOKEN) {
      this.#refused += 1;
      return false;
    }
    this.#left -= TOKEN;
    this.#spent += 1;
    return true;
  }

  stats(): HedgeBudgetStats {
    return {
      tokens: Math.floor(this.#left / TOKEN),
      spent: this.#spent,
      refused: this.#refused,
    };
  }
}
