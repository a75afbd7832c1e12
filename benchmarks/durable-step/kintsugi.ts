import { join } from "node:path";
import { systemClock, systemRandom } from "@kintsugi/policy/base";
import { openSqliteStore } from "kintsugi/store";
import { defineWorkflow, embeddedEngine, workflowTables } from "kintsugi/workflow";

import { contestRuns, outputOf, type Runner, STEPS } from "./drive.ts";

await contestRuns(async ({ folder }, onStep): Promise<Runner> => {
  const ten = defineWorkflow("ten", async (ctx) => {
    for (let step = 0; step < STEPS; step += 1) {
      const startedMs = performance.now();
      await ctx.step(`step ${step}`, () => outputOf(step));
      onStep(performance.now() - startedMs);
    }
    return 1;
  });
  const store = await openSqliteStore({
    file: join(folder, `kintsugi-${process.pid}.sqlite`),
    tables: workflowTables,
    clock: systemClock,
    durability: "power",
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
});
