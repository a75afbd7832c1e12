/** Policies that keep calls alive. What they stand on is in `./base`, the classifier in `./classify`. */

export {
  AdaptiveLimiter,
  type AdaptiveLimiterOptions,
  type AdaptiveLimiterStats,
  AdaptiveThrottle,
  type AdaptiveThrottleOptions,
  type AdaptiveThrottleStats,
  type LimitChange,
  LoadShedError,
} from "./adaptive-limit/index.ts";
export type { Call, CallContext, Outcome, Policy } from "./base/index.ts";
export { KintsugiError, RejectedError } from "./base/index.ts";
export {
  Bulkhead,
  type BulkheadFailure,
  BulkheadFullError,
  type BulkheadOptions,
  type BulkheadRejection,
  type BulkheadStats,
  type BulkheadSuccess,
  type BulkheadThresholds,
} from "./bulkhead/index.ts";
export {
  type CachedAnswer,
  type CacheEntry,
  type CacheOptions,
  CachePolicy,
  type CacheStats,
  type CacheStore,
  CallAbandonedError,
  type KeptAnswer,
  type KeyedCache,
  type StaleEvent,
} from "./cache/index.ts";
export {
  ChaosError,
  type ChaosEvent,
  type ChaosOptions,
  ChaosPolicy,
  type ChaosStats,
} from "./chaos/index.ts";
export {
  CircuitBreaker,
  type CircuitBreakerOptions,
  CircuitOpenError,
  type CircuitState,
  type CircuitStats,
  type CircuitThresholds,
  type CircuitTransition,
  type Isolation,
  type StoredCircuit,
} from "./circuit-breaker/index.ts";
export {
  type AnswerOf,
  type AnswerSource,
  applyResiliencePreset,
  type CallClaim,
  type CallMeasure,
  type CallPolicies,
  type CallPreset,
  type CallRegistry,
  type CallSettings,
  type CallTotals,
  CircuitBreakerFactory,
  type CircuitMeasure,
  type CircuitRegistry,
  type ClaimingExecutor,
  callRegistry,
  createCallRegistry,
  type ExecutionResult,
  type ExecutorOptions,
  type ExecutorStats,
  type GuardStats,
  type MaybeSchema,
  type PresetUpdate,
  type RegisteredOptions,
  type ResiliencePreset,
  type ResilienceUpdate,
  ResilientExecutor,
  ResilientExecutorFactory,
  type RetryLimitOptions,
  type SharedCall,
  updateResilienceConfig,
} from "./executor/index.ts";
export {
  type FallbackAnswer,
  type FallbackEvent,
  FallbackFailedError,
  type FallbackOptions,
  FallbackPolicy,
  type FallbackSource,
  type FallbackStats,
  type SourcedAnswer,
} from "./fallback/index.ts";
export {
  checkResponse,
  type FetchFunction,
  HttpError,
  type ResilientFetchOptions,
  resilientFetch,
} from "./fetch/index.ts";
export {
  Hedge,
  HedgeBudget,
  type HedgeBudgetOptions,
  type HedgeBudgetStats,
  type HedgeEvent,
  HedgeLostError,
  type HedgeOptions,
  type HedgeStats,
} from "./hedge/index.ts";
export { type AlternativeOf, Pipeline, PipelineError, pipeline } from "./pipeline/index.ts";
export {
  type Budget,
  type RateClaim,
  RateLimitedError,
  RateLimiter,
  type RateLimiterOptions,
  type RateLimiterStats,
  type RateLimits,
  type RatePause,
  type RateRejection,
  type Reservation,
} from "./rate-limit/index.ts";
export {
  type PlainCall,
  type Resilience,
  type ResilientDecorator,
  resilient,
} from "./resilient/index.ts";
export {
  type Backoff,
  type BackoffFunction,
  BudgetExhaustedError,
  type FailedCall,
  type GiveUpEvent,
  type NestedAttempts,
  RatioRetryBudget,
  type RatioRetryBudgetOptions,
  type RetryBudget,
  type RetryBudgetStats,
  type RetryEnd,
  type RetryEndReason,
  type RetryEvent,
  type RetryOptions,
  RetryPolicy,
  retryEndOf,
  TokenRetryBudget,
  type TokenRetryBudgetOptions,
} from "./retry/index.ts";
export {
  IdleTimeoutError,
  type IdleTimeoutOptions,
  idleTimeout,
  TimeoutError,
  type TimeoutEvent,
  type TimeoutOptions,
  TimeoutPolicy,
} from "./timeout/index.ts";
export {
  type OutputOf,
  type SchemaIssue,
  type SchemaResult,
  type StandardSchema,
  type ValidateOptions,
  ValidatePolicy,
  type ValidateStats,
  ValidationFailedError,
  type ValidationIssue,
} from "./validate/index.ts";
export type { WaitingClaim } from "./waiting/index.ts";
