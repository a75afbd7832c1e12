/** Policies one inside the other. */

export { type AlternativeOf, Pipeline, PipelineError, pipeline } from "./pipeline.ts";
