/** Faults on purpose, so that healing is seen to work. */

export { type Chaos, createChaos } from "./chaos.ts";
export { tables } from "./tables.ts";
