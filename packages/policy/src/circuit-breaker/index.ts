/** A circuit that opens on what keeps failing. */

export { Circuit, type CircuitTransition } from "./circuit.ts";
export {
  breakerNeeds,
  CircuitBreaker,
  type CircuitBreakerOptions,
  type CircuitStats,
  type Isolation,
} from "./circuit-breaker.ts";
export {
  CircuitSharing,
  type CircuitSharingOptions,
} from "./circuit-sharing.ts";
export type { CircuitState, StoredCircuit } from "./circuit-state.ts";
export { type CircuitCell, type CircuitStore, MemoryCircuitStore } from "./circuit-store.ts";
export { CircuitOpenError } from "./open-error.ts";
export type { CircuitStoreFailure } from "./shared-side.ts";
export { circuitBreaker, type SmallCircuit, type SmallCircuitOptions } from "./small-circuit.ts";
export {
  type BreakerLimits,
  type CircuitThresholds,
  limitsOf,
  thresholdNeeds,
} from "./thresholds.ts";
