/** Faults on purpose, so that healing is seen to work. */

export { type Chaos, type ChaosOptions, createChaos } from "./chaos.ts";
export { tables } from "./tables.ts";
export type { ChaosEntry, ChaosFault } from "./types.ts";
