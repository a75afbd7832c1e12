/** How much retrying a dependency bears: what all retries of one dependency share. */

import {
  aClock,
  aName,
  aNumber,
  type Clock,
  checkOptions,
  type ErrorCode,
  type Guard,
  type Needs,
  numberBetween,
  oneOf,
  RejectedError,
  systemClock,
  type Verdict,
} from "../base/index.ts";
import { mayRetry, TOKEN, type TokenLimits, tokensAfter } from "./budget-state.ts";
import { RecentAttempts } from "./recent-attempts.ts";

/**
 * When a dependency is down, each call that fails becomes `maxAttempts` calls, and that load keeps it
 * down. A budget lets single failures be retried and many not.
 */
export interface RetryBudget {
  /** Names it in the refusal. */
  readonly name: string;
  /** An attempt begins. */
  attempt(): void;
  /** An attempt has succeeded. */
  succeed(): void;
  /**
   * An attempt has failed in such a way that another might succeed, or a server said that none should
   * follow; with what is known of it. The budgets of this house count such failures alike: what an attempt
   * has cost is for a limiter, or for a budget of one's own.
   */
  fail(verdict: Verdict): void;
  /** A retry that was spent for has succeeded, besides being an attempt that did. */
  repay(): void;
  /** Takes one retry, where there is one; else it counts as refused. */
  trySpend(): boolean;
  stats(): RetryBudgetStats;
}

/** Counted since the budget was made, but for what is left now. */
export interface RetryBudgetStats {
  readonly name: string;
  /** Retries that might start now. */
  readonly left: number;
  readonly spent: number;
  readonly refused: number;
}

export interface TokenRetryBudgetOptions {
  /** Names the budget in errors: `"search"`. */
  readonly name: string;
  /** Tokens at the start, and the most that can be saved up, 1 to 1_000_000. @defaultValue 10 */
  readonly maxTokens?: number;
  /** Tokens that each success earns, 0.001 to 1_000. @defaultValue 0.1 */
  readonly tokenRatio?: number;
  /**
   * What a token is taken for. `failures`: every failure that may be tried again costs one, and retries
   * start while more than half are left, so that a dependency that fails gets none at all. `retries`:
   * every retry costs one, which comes back where it succeeds. @defaultValue "failures"
   */
  readonly charge?: "failures" | "retries";
}

export interface RatioRetryBudgetOptions {
  /** Names the budget in errors: `"search"`. */
  readonly name: string;
  /** Retries for each recent call, 0 to 10: 0.2 is one for every five calls. @defaultValue 0.2 */
  readonly ratio?: number;
  /** Retries that any window bears, however few calls there are, 0 to 1_000_000. @defaultValue 3 */
  readonly minRetries?: number;
  /** Milliseconds that count as recent, 10 to 3_600_000. @defaultValue 10_000 */
  readonly windowMs?: number;
  /** Tells what is recent. @defaultValue the system's */
  readonly clock?: Clock;
}

const tokenNeeds: Needs<TokenRetryBudgetOptions> = {
  name: aName,
  maxTokens: aNumber,
  tokenRatio: aNumber,
  charge: oneOf(["failures", "retries"]),
};

const ratioNeeds: Needs<RatioRetryBudgetOptions> = {
  name: aName,
  ratio: aNumber,
  minRetries: aNumber,
  windowMs: aNumber,
  clock: aClock,
};

/** No retry was left: the attempt that would have followed never ran. See {@link retryEndOf}. */
export class BudgetExhaustedError extends RejectedError {
  override readonly name = "BudgetExhaustedError";
  readonly code: ErrorCode = "KINTSUGI_BUDGET_EXHAUSTED";
  readonly budget: string;

  constructor(budget: string) {
    super(`The retry budget "${budget}" has nothing left`, 0);
    this.budget = budget;
  }
}

/**
 * A budget of tokens.
 *
 * Sources: gRPC's proposal A6, "Throttling Retry Attempts and Hedged RPCs" (`failures`, and the 10 and 0.1
 * of its example), and the retry quota of AWS's SDKs, "standard" mode (`retries`).
 *
 * @example
 * const budget = new TokenRetryBudget({ name: "search", maxTokens: 100 });
 * const reads = new RetryPolicy({ budget });
 * const writes = new RetryPolicy({ maxAttempts: 2, budget });
 */
export class TokenRetryBudget implements RetryBudget {
  readonly name: string;
  readonly #limits: TokenLimits;
  #tokens: number;
  #spent = 0;
  #refused = 0;

  /** @throws {@link RangeError} when an option is out of its range. */
  constructor(options: TokenRetryBudgetOptions) {
    checkOptions("TokenRetryBudget", options, tokenNeeds);
    const { name, maxTokens = 10, tokenRatio = 0.1, charge = "failures" } = options;
    this.name = name;
    this.#limits = {
      most: Math.round(numberBetween("maxTokens", maxTokens, 1, 1_000_000) * TOKEN),
      earned: Math.round(numberBetween("tokenRatio", tokenRatio, 0.001, 1_000) * TOKEN),
      charge,
    };
    this.#tokens = this.#limits.most;
  }

  attempt(): void {}

  succeed(): void {
    this.#tokens = tokensAfter(this.#limits, this.#tokens, "success");
  }

  fail(): void {
    this.#tokens = tokensAfter(this.#limits, this.#tokens, "failure");
  }

  repay(): void {
    this.#tokens = tokensAfter(this.#limits, this.#tokens, "retry-succeeded");
  }

  trySpend(): boolean {
    if (!mayRetry(this.#limits, this.#tokens)) {
      this.#refused += 1;
      return false;
    }
    this.#tokens = tokensAfter(this.#limits, this.#tokens, "retry");
    this.#spent += 1;
    return true;
  }

  stats(): RetryBudgetStats {
    const { most, charge } = this.#limits;
    const usable = charge === "failures" ? this.#tokens - most / 2 : this.#tokens;
    const left = charge === "failures" ? Math.ceil(usable / TOKEN) : Math.floor(usable / TOKEN);
    return { name: this.name, left: Math.max(0, left), spent: this.#spent, refused: this.#refused };
  }
}

/**
 * A budget by share: retries are so many percent of recent calls, with a floor for when there are few.
 *
 * Sources: Envoy's `retry_budget` (`budget_percent` of 20, `min_retry_concurrency` of 3), and Finagle's
 * `RetryBudget`, which counts over a span of time, of 10 seconds, as this one does.
 *
 * @example
 * const budget = new RatioRetryBudget({ name: "search", ratio: 0.1 });
 * const policy = new RetryPolicy({ budget });
 */
export class RatioRetryBudget implements RetryBudget {
  readonly name: string;
  readonly #ratio: number;
  readonly #floor: number;
  readonly #recent: RecentAttempts;
  readonly #clock: Clock;
  #spent = 0;
  #refused = 0;

  /** @throws {@link RangeError} when an option is out of its range. */
  constructor(options: RatioRetryBudgetOptions) {
    checkOptions("RatioRetryBudget", options, ratioNeeds);
    const { name, ratio = 0.2, minRetries = 3, windowMs = 10_000, clock = systemClock } = options;
    this.name = name;
    this.#ratio = numberBetween("ratio", ratio, 0, 10);
    this.#floor = numberBetween("minRetries", minRetries, 0, 1_000_000);
    this.#recent = new RecentAttempts(numberBetween("windowMs", windowMs, 10, 3_600_000));
    this.#clock = clock;
  }

  attempt(): void {
    this.#recent.addAttempt(this.#clock.monotonicMs());
  }

  succeed(): void {}

  fail(): void {}

  repay(): void {}

  trySpend(): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (this.#recent.retriesLeft(this.#ratio, this.#floor, nowMs) === 0) {
      this.#refused += 1;
      return false;
    }
    this.#recent.addRetry(nowMs);
    this.#spent += 1;
    return true;
  }

  stats(): RetryBudgetStats {
    const left = this.#recent.retriesLeft(this.#ratio, this.#floor, this.#clock.monotonicMs());
    return { name: this.name, left, spent: this.#spent, refused: this.#refused };
  }
}

/** Tells a budget of every attempt. It turns nobody away: a retry asks before it waits. */
export function listenerFor(budget: RetryBudget): Guard {
  return {
    tryAdmit() {
      budget.attempt();
      return 0;
    },
    refusal: () => new BudgetExhaustedError(budget.name),
    settle(_permit, _attempt, verdict) {
      if (!verdict) budget.succeed();
    },
  };
}
