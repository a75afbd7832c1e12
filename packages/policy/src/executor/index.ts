/** Executors, and the registry in which they stand by name. */

export { type ClaimingExecutor, ResilientExecutor } from "./executor.ts";
export type {
  AnswerOf,
  CallClaim,
  ExecutorOptions,
  ExecutorStats,
  MaybeSchema,
} from "./executor-options.ts";
export {
  applyResiliencePreset,
  CircuitBreakerFactory,
  ResilientExecutorFactory,
  updateResilienceConfig,
} from "./factories.ts";
export type { GuardStats } from "./guards.ts";
export {
  type CallRegistry,
  type CircuitRegistry,
  callRegistry,
  createCallRegistry,
  type RegisteredOptions,
} from "./registry.ts";
export type { PresetUpdate, ResilienceUpdate, RetryLimitOptions } from "./resilience-update.ts";
export type {
  AnswerSource,
  CallMeasure,
  CallTotals,
  CircuitMeasure,
  ExecutionResult,
} from "./result.ts";
export type { CallPolicies, CallPreset, CallSettings, ResiliencePreset } from "./settings.ts";
export type { SharedCall } from "./shared-call.ts";
