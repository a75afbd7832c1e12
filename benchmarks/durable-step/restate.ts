import { serve, type WorkflowContext, workflow } from "@restatedev/restate-sdk";
import { connect } from "@restatedev/restate-sdk-clients";

import { contestRuns, outputOf, type Runner, STEPS } from "./drive.ts";
import { freePort } from "./ports.ts";

await contestRuns(async ({ ingress, admin }, onStep): Promise<Runner> => {
  const ten = workflow({
    name: "ten",
    handlers: {
      run: async (ctx: WorkflowContext) => {
        let done = 0;
        for (let step = 0; step < STEPS; step += 1) {
          const startedMs = performance.now();
          const output = await ctx.run(`step ${step}`, async () => outputOf(step));
          onStep(performance.now() - startedMs);
          done += output.ok ? 1 : 0;
        }
        return done;
      },
    },
  });
  const port = await freePort();
  await serve({ services: [ten], port, logger: () => {} });
  const deployment = await fetch(`${admin}/deployments`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ uri: `http://127.0.0.1:${port}`, force: true }),
  });
  if (!deployment.ok) throw new Error(`It refused the service: ${await deployment.text()}`);
  const server = connect({ url: String(ingress) });
  return {
    async run(id) {
      const client = server.workflowClient<typeof ten>({ name: "ten" }, id);
      await client.workflowSubmit();
      await client.workflowAttach();
    },
    stop: async () => {},
  };
});
