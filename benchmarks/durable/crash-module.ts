/** The user's module: a workflow of ten slow steps. */

import { defineWorkflow, type Workflow } from "kintsugi/workflow";

import { slowStep } from "./crash-said.ts";
import { STEPS } from "./engine.ts";

export const ten: Workflow<unknown, number> = defineWorkflow("ten", async (ctx) => {
  for (let step = 0; step < STEPS; step += 1) {
    await ctx.step(`step ${step}`, () => slowStep(step));
  }
  return 1;
});
