/** Figures of a running program: Prometheus text, and the last minutes for screens. */

export { Recorder } from "./recorder.ts";
export type { Series } from "./types.ts";
