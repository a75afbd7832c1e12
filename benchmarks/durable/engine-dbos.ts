import { DBOS } from "@dbos-inc/dbos-sdk";

import { type OpenEngine, STEPS } from "./engine.ts";

export const open: OpenEngine = async ({ databaseUrl }, { step: work, onStep }) => {
  const ten = DBOS.registerWorkflow(
    async () => {
      for (let step = 0; step < STEPS; step += 1) {
        const startedMs = performance.now();
        await DBOS.runStep(async () => work(step), { name: `step ${step}` });
        onStep?.(performance.now() - startedMs);
      }
      return 1;
    },
    { name: "ten" },
  );
  DBOS.setConfig({
    name: "bench",
    systemDatabaseUrl: String(databaseUrl),
    logLevel: "error",
    runAdminServer: false,
  });
  await DBOS.launch();
  return {
    async run(id) {
      const handle = await DBOS.startWorkflow(ten, { workflowID: id })();
      await handle.getResult();
    },
    stop: () => DBOS.shutdown(),
  };
};
