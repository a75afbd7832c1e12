/** The runtime: where the parts meet. */

export type { Kernels } from "./components.ts";
export { createKintsugi, type KintsugiOptions } from "./create-kintsugi.ts";
export type { DeadLetters, Events, Kintsugi, PublishedEvent } from "./kintsugi.ts";
export { ModuleUnusableError } from "./modules.ts";
export { FolderOwnedError, type System } from "./system.ts";
export { UnknownWorkflowError } from "./unknown-workflow.ts";
