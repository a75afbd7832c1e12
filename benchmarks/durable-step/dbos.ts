import { DBOS } from "@dbos-inc/dbos-sdk";

import { contestRuns, outputOf, type Runner, STEPS } from "./drive.ts";

await contestRuns(async ({ databaseUrl }, onStep): Promise<Runner> => {
  const ten = DBOS.registerWorkflow(
    async () => {
      for (let step = 0; step < STEPS; step += 1) {
        const startedMs = performance.now();
        await DBOS.runStep(async () => outputOf(step), { name: `step ${step}` });
        onStep(performance.now() - startedMs);
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
});
