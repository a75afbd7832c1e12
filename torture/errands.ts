/** A workflow for tests of the whole program: calls under a policy, of which as many fail as its input says. */

import { callRegistry } from "@kintsugi/policy";
import { defineWorkflow, type Workflow } from "kintsugi/workflow";

export interface Errands {
  readonly well: number;
  readonly failing: number;
}

export const errands: Workflow<Errands, number> = defineWorkflow(
  "errands",
  async (ctx, { well, failing }: Errands): Promise<number> => {
    const executor = callRegistry.executor("shop", { preset: "none" });
    for (let count = 0; count < well + failing; count += 1) {
      await ctx.step(`errand ${count}`, async () => {
        const answer = await executor.execute(async () => {
          if (count >= well) throw new Error('The shop is "closed"\n');
          return "bread";
        });
        return answer.success;
      });
    }
    return well;
  },
);
