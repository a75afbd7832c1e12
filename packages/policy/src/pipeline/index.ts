/** Policies one inside the other. */

export { frameOf } from "./compile.ts";
export { PipelineError } from "./order.ts";
export { type AlternativeOf, Pipeline, type PipelineOptions, pipeline } from "./pipeline.ts";
