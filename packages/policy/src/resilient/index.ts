/** Policies in front of functions and methods. */

export { type PlainCall, type ResilientDecorator, resilient } from "./resilient.ts";
export { bothSignals, type Resilience, type Runner, runnerOf } from "./runner.ts";
