/** The runtime: where the parts meet. */

export type { Kernels } from "./components.ts";
export { createKintsugi, type KintsugiOptions } from "./create-kintsugi.ts";
export { resilienceSettings, updateResilienceConfig } from "./default/default-runtime.ts";
export { getHealthStatus, type ProcessHealth } from "./default/health-status.ts";
export {
  type NodeContext,
  NodesFailedError,
  type NodeWorkflow,
  type WorkflowNode,
} from "./default/nodes.ts";
export {
  type NodeQueueRun,
  type PlainWorkflow,
  type QueueRun,
  resilientQueueRun,
} from "./default/queue-run.ts";
export type {
  CheckpointingUpdate,
  ResilienceConfigUpdate,
  ResilienceSettings,
} from "./default/resilience-settings.ts";
export {
  type RecordedStep,
  WorkflowCheckpoint,
  type WorkflowCheckpointOptions,
} from "./default/workflow-checkpoint.ts";
export type { Events, Kintsugi, PublishedEvent } from "./kintsugi.ts";
export { ModuleUnusableError } from "./modules.ts";
export type { Runs } from "./runs.ts";
export { FolderOwnedError, type System } from "./system.ts";
export { UnknownWorkflowError } from "./unknown-workflow.ts";
