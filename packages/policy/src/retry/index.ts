/** Retry with back-off, within budgets. */

export type { Backoff } from "./backoff.ts";
export { type RetryEnd, retryEndOf } from "./nested.ts";
export {
  BudgetExhaustedError,
  RatioRetryBudget,
  type RatioRetryBudgetOptions,
  type RetryBudget,
  type RetryBudgetStats,
  TokenRetryBudget,
  type TokenRetryBudgetOptions,
} from "./retry-budget.ts";
export {
  type BackoffFunction,
  type FailedCall,
  type GiveUpEvent,
  type RetryEvent,
  type RetryOptions,
  retryNeeds,
} from "./retry-options.ts";
export { RetryPolicy } from "./retry-policy.ts";
export type { NestedAttempts, RetryEndReason } from "./retry-state.ts";
