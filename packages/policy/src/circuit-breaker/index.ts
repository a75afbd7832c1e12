/** A circuit that opens on what keeps failing. */

export type { CircuitTransition } from "./circuit.ts";
export {
  CircuitBreaker,
  type CircuitBreakerOptions,
  type CircuitStats,
  type Isolation,
} from "./circuit-breaker.ts";
export type { CircuitState, StoredCircuit } from "./circuit-state.ts";
export { CircuitOpenError } from "./open-error.ts";
export type { CircuitThresholds } from "./thresholds.ts";
