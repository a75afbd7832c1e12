/** Faults on purpose. */

export {
  ChaosError,
  type ChaosEvent,
  type ChaosOptions,
  ChaosPolicy,
  type ChaosStats,
} from "./chaos-policy.ts";
