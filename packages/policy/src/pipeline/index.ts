/** Policies one inside the other. */

export { frameOf } from "./compile.ts";
export { type AlternativeOf, Pipeline, PipelineError, pipeline } from "./pipeline.ts";
