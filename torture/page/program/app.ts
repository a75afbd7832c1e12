/** The workflows of the program that the page shows in its suite. */

import { setTimeout as sleep } from "node:timers/promises";
import { ResilientExecutorFactory } from "@kintsugi/policy";
import { defineWorkflow, type Workflow } from "kintsugi/workflow";

import { hostileMarkup, hostileText } from "../hostile.ts";

interface WalkInput {
  readonly steps: number;
  readonly everyMs: number;
}

/** Long work: a step each while, with progress. */
export const walk: Workflow<WalkInput, number> = defineWorkflow(
  "walk",
  async (ctx, { steps, everyMs }: WalkInput): Promise<number> => {
    for (let done = 0; done < steps; done += 1) {
      ctx.progress(done, steps, `stone ${done + 1}`);
      await ctx.step(`stone ${done + 1}`, ({ signal }) => sleep(everyMs, done, { signal }));
    }
    ctx.progress(steps, steps, "there");
    return steps;
  },
);

/** Dies of an error whose words come from a stranger. */
export const wail: Workflow<unknown, never> = defineWorkflow(
  "wail",
  async (ctx): Promise<never> => {
    ctx.progress(1, 2, hostileText);
    await ctx.step(`before ${hostileMarkup}`, () => 1);
    return ctx.step(`at ${hostileMarkup}`, (): never => {
      throw new Error(hostileText);
    });
  },
);

/** The least work that makes facts: it starts, and is done. */
export const blink: Workflow<unknown, number> = defineWorkflow("blink", (ctx) =>
  ctx.step("blink", () => 1),
);

/** Twice as many facts as `runs`, as fast as they come. */
export const flock: Workflow<number, number> = defineWorkflow(
  "flock",
  async (ctx, runs: number): Promise<number> => {
    await ctx.all(Array.from({ length: runs }, () => () => ctx.child(blink, null)));
    return runs;
  },
);

/** Calls one dependency that is well and one that is down, until the circuit of the second is open. */
export const ask: Workflow<number, number> = defineWorkflow(
  "ask",
  async (ctx, times: number): Promise<number> => {
    for (let time = 0; time < times; time += 1) {
      await ctx.step(`ask ${time + 1}`, async () => {
        await ResilientExecutorFactory.forAPI("steady").execute(({ signal }) =>
          sleep(20, "well", { signal }),
        );
        await ResilientExecutorFactory.forAPI("broken").execute(() => {
          throw Object.assign(new Error("Nobody answers"), { code: "ECONNREFUSED" });
        });
        return sleep(50, time);
      });
    }
    return times;
  },
);
