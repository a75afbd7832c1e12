/** The same code without an engine: nothing is recorded. */

import { setImmediate as turn } from "node:timers/promises";

import { type OpenEngine, STEPS } from "./engine.ts";

export const open: OpenEngine = async (_, { step: work, onStep }) => ({
  async run() {
    for (let step = 0; step < STEPS; step += 1) {
      const startedMs = performance.now();
      await work(step);
      onStep?.(performance.now() - startedMs);
    }
    await turn(); // A run whose steps take no time must not keep timers from their turn.
  },
  stop: async () => {},
});
