/** What a newcomer needs, from all chapters; each chapter is also a subpath. */

export {
  CircuitBreaker,
  FallbackPolicy,
  pipeline,
  ResilientExecutor,
  ResilientExecutorFactory,
  RetryPolicy,
  TimeoutPolicy,
} from "@kintsugi/policy";
export {
  type ConfigInput,
  defaultConfig as defineConfig,
  type KintsugiConfig,
} from "./config/index.ts";
export {
  createKintsugi,
  type DeadLetters,
  type Events,
  FolderOwnedError,
  type Kernels,
  type Kintsugi,
  type KintsugiOptions,
  ModuleUnusableError,
  type PublishedEvent,
  type System,
  UnknownWorkflowError,
} from "./runtime/index.ts";
export {
  defineWorkflow,
  type RunHandle,
  type StepContext,
  type Workflow,
  type WorkflowContext,
} from "./workflow/index.ts";
