/**
 * What cockatiel 4.0.0 exports, on the engine of our policies: a program that uses it changes its import.
 * How it differs is in docs/migration-cockatiel.md.
 */

export {
  ConstantBackoff,
  DelegateBackoff,
  type DelegateBackoffFn,
  decorrelatedJitterGenerator,
  ExponentialBackoff,
  fullJitterGenerator,
  type GeneratorFn,
  halfJitterGenerator,
  type IBackoff,
  type IBackoffFactory,
  type IExponentialBackoffOptions,
  IterableBackoff,
  noJitterGenerator,
} from "./backoff.ts";
export {
  ConsecutiveBreaker,
  CountBreaker,
  type IBreaker,
  type ICountBreakerOptions,
  type ISamplingBreakerOptions,
  SamplingBreaker,
} from "./breakers.ts";
export { BulkheadPolicy } from "./bulkhead.ts";
export { CircuitBreakerPolicy, type ICircuitBreakerOptions } from "./circuit-breaker.ts";
export { CircuitState } from "./circuit-state.ts";
export type {
  FailureReason,
  IDefaultPolicyContext,
  IFailureEvent,
  IMergedPolicy,
  IPolicy,
  ISuccessEvent,
} from "./contract.ts";
export {
  BrokenCircuitError,
  BulkheadRejectedError,
  HydratingCircuitError,
  IsolatedCircuitError,
  isBrokenCircuitError,
  isBulkheadRejectedError,
  isHydratingCircuitError,
  isIsolatedCircuitError,
  isTaskCancelledError,
  TaskCancelledError,
} from "./errors.ts";
export { Event, EventEmitter, type IDisposable } from "./event.ts";
export { bulkhead, circuitBreaker, fallback, retry, timeout } from "./factories.ts";
export { FallbackPolicy } from "./fallback.ts";
export {
  handleAll,
  handleResultType,
  handleType,
  handleWhen,
  handleWhenResult,
  type IBasePolicyOptions,
  Policy,
} from "./filters.ts";
export type { IHalfOpenAfterBackoffContext, IHalfOpenSamplingOptions } from "./judged-circuit.ts";
export { NoopPolicy, noop } from "./noop.ts";
export {
  type IRetryBackoffContext,
  type IRetryContext,
  type IRetryPolicyConfig,
  RetryPolicy,
} from "./retry.ts";
export {
  type ICancellationContext,
  type ITimeoutOptions,
  TimeoutPolicy,
  TimeoutStrategy,
} from "./timeout.ts";
export { usePolicy } from "./use-policy.ts";
export { wrap } from "./wrap.ts";
