import { systemClock, systemRandom } from "@kintsugi/policy/base";
import { type Durability, openSqliteStore } from "kintsugi/store";
import { defineWorkflow, embeddedEngine, workflowTables } from "kintsugi/workflow";

import { fileOf, type OpenEngine, STEPS } from "./engine.ts";

export const open: OpenEngine = async (settings, { step: work, onStep }) => {
  const ten = defineWorkflow("ten", async (ctx) => {
    for (let step = 0; step < STEPS; step += 1) {
      const startedMs = performance.now();
      await ctx.step(`step ${step}`, () => work(step));
      onStep?.(performance.now() - startedMs);
    }
    return 1;
  });
  const store = await openSqliteStore({
    file: fileOf(settings),
    tables: workflowTables,
    clock: systemClock,
    durability: (settings["durability"] ?? "power") as Durability,
  });
  const engine = embeddedEngine({ store, clock: systemClock, random: systemRandom });
  engine.register(ten);
  await engine.start();
  return {
    async run(id) {
      const handle = await engine.run(ten, undefined, { id });
      await handle.result();
    },
    async stop() {
      await engine.stop();
      await store.close();
    },
  };
};
