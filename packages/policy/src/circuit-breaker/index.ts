/** A circuit that opens on what keeps failing. */

export {
  CircuitBreaker,
  type CircuitBreakerOptions,
  type CircuitStats,
  type CircuitThresholds,
  type CircuitTransition,
  type Isolation,
} from "./circuit-breaker.ts";
export type { CircuitState, StoredCircuit } from "./circuit-state.ts";
export { CircuitOpenError } from "./open-error.ts";
