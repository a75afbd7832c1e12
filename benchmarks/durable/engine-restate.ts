import { serve, type WorkflowContext, workflow } from "@restatedev/restate-sdk";
import { connect } from "@restatedev/restate-sdk-clients";

import { type OpenEngine, STEPS } from "./engine.ts";
import { freePort } from "./ports.ts";

/** The server knows the service by the port, so the next process has to take the same one. */
export const open: OpenEngine = async (settings, { step: work, onStep }) => {
  const { ingress, admin, port = await freePort(), life } = settings;
  const ten = workflow({
    name: "ten",
    handlers: {
      run: async (ctx: WorkflowContext) => {
        let done = 0;
        for (let step = 0; step < STEPS; step += 1) {
          const startedMs = performance.now();
          const output = await ctx.run(`step ${step}`, async () => work(step));
          onStep?.(performance.now() - startedMs);
          done += output.ok ? 1 : 0;
        }
        return done;
      },
    },
  });
  await serve({ services: [ten], port: Number(port), logger: () => {} });
  if (life !== "second") await announce(String(admin), Number(port));
  const server = connect({ url: String(ingress) });
  return {
    async run(id) {
      const client = server.workflowClient<typeof ten>({ name: "ten" }, id);
      await client.workflowSubmit();
      await client.workflowAttach();
    },
    stop: async () => {},
  };
};

async function announce(admin: string, port: number): Promise<void> {
  const answer = await fetch(`${admin}/deployments`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ uri: `http://127.0.0.1:${port}`, force: true }),
  });
  if (!answer.ok) throw new Error(`It refused the service: ${await answer.text()}`);
}
