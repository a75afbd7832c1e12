/** Components and their supervisor: what runs, how it is, and what is done when it dies. */

export {
  ComponentSpecError,
  FaultRefusedError,
  RestartFailedError,
  StillAliveError,
  UnknownComponentError,
} from "./errors.ts";
export type { Fault } from "./frames/component-frames.ts";
export type { SupervisorPaths } from "./process-body.ts";
export { createSupervisor, type Supervisor, type SupervisorOptions } from "./supervisor.ts";
export { tables } from "./tables.ts";
export type {
  ComponentKind,
  ComponentPhase,
  ComponentSample,
  ComponentSpec,
  Components,
  ComponentView,
  ExitView,
  Health,
  Kernel,
  KernelContext,
  KernelSpec,
  ProcessComponentSpec,
  RestartOptions,
  SupervisionFact,
} from "./types.ts";
