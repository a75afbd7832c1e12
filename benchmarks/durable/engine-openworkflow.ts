import { OpenWorkflow } from "openworkflow";
import { BackendSqlite } from "openworkflow/sqlite";

import { fileOf, type OpenEngine, STEPS } from "./engine.ts";

export const open: OpenEngine = async (settings, { step: work, onStep }) => {
  const backend = BackendSqlite.connect(fileOf(settings));
  const engine = new OpenWorkflow({ backend });
  const ten = engine.defineWorkflow({ name: "ten" }, async ({ step: steps }) => {
    for (let step = 0; step < STEPS; step += 1) {
      const startedMs = performance.now();
      await steps.run({ name: `step ${step}` }, async () => ({ ...(await work(step)) }));
      onStep?.(performance.now() - startedMs);
    }
    return 1;
  });
  const worker = engine.newWorker({ concurrency: 50 });
  await worker.start();
  return {
    async run() {
      const handle = await ten.run({});
      await handle.result();
    },
    async stop() {
      await worker.stop();
      await backend.stop();
    },
  };
};
