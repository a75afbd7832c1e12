/** Faults on purpose. */

export {
  ChaosError,
  type ChaosEvent,
  type ChaosOptions,
  ChaosPolicy,
  type ChaosStats,
  chaosNeeds,
} from "./chaos-policy.ts";
