/** The next best answer. */

export {
  type FallbackAnswer,
  type FallbackEvent,
  FallbackFailedError,
  type FallbackOptions,
  FallbackPolicy,
  type FallbackSource,
  type FallbackStats,
  type SourcedAnswer,
} from "./fallback-policy.ts";
