/** For who writes an adapter: the suites that every adapter of a port must pass, in any test runner. */

export {
  type CircuitStoreConformanceOptions,
  type CircuitStoreMedium,
  circuitStoreConformance,
} from "./circuit-store-conformance.ts";
