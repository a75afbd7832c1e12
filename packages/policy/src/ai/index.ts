/** Policies in front of language models of the AI SDK. */

export type {
  FallbackTarget,
  ModelAnswer,
  ModelMiddleware,
  ModelPart,
  ModelRequest,
  ModelStream,
  ModelUsage,
} from "./model.ts";
export {
  type BrokenStream,
  type FallbackModel,
  type ModelFallback,
  type ResilientModelOptions,
  resilientModel,
} from "./resilient-model.ts";
