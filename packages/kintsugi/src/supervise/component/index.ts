/** For programs that run under a supervisor. */

export { type ComponentOptions, connectComponent, type SupervisedComponent } from "./component.ts";
export type { CallFault } from "./faults.ts";
export type { Program } from "./program.ts";
