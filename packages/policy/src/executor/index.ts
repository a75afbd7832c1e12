/** Executors, and the registry in which they stand by name. */

export { type ExecutorOptions, ResilientExecutor, type SharedCall } from "./executor.ts";
export {
  applyResiliencePreset,
  CircuitBreakerFactory,
  ResilientExecutorFactory,
} from "./factories.ts";
export {
  type CallRegistry,
  type CircuitRegistry,
  callRegistry,
  createCallRegistry,
  type RegisteredOptions,
  RegistryFullError,
} from "./registry.ts";
export type {
  AnswerSource,
  CallMeasure,
  CallTotals,
  CircuitMeasure,
  ExecutionResult,
} from "./result.ts";
export type { CallPolicies, CallPreset, CallSettings, ResiliencePreset } from "./settings.ts";
