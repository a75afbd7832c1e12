/** What tests need to stand in for the machine: time that is moved by hand, and a simulated world. */

export { type ReplayVerdict, type RunHistory, replayHistory } from "../workflow/index.ts";
export type {
  CheckpointMedium,
  OpenCheckpointMedium,
} from "./checkpoint-conformance/medium.ts";
export {
  type CheckpointStoreConformanceOptions,
  checkpointStoreConformance,
} from "./checkpoint-store-conformance.ts";
export type { AnyWorkflow, EngineBench, OpenEngine } from "./engine-conformance/bench.ts";
export { type EngineConformanceOptions, engineConformance } from "./engine-conformance.ts";
export { exportHistory } from "./history.ts";
export { type ManualClock, type ManualClockOptions, manualClock } from "./manual-clock.ts";
export type {
  Medium,
  MediumOptions,
  OpenMedium,
} from "./store-conformance/medium.ts";
export { type StoreConformanceOptions, storeConformance } from "./store-conformance.ts";
export { type TestEngine, type TestEngineOptions, testEngine } from "./test-engine.ts";
export type { ProgramBody, SimulatedProcess } from "./world/simulated-process.ts";
export {
  type SimulatedHost,
  type SimulatedHostOptions,
  type SimulatedWorld,
  type SimulatedWorldOptions,
  simulatedWorld,
} from "./world/simulated-world.ts";
