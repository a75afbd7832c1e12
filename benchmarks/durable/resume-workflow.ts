/** Runs to be found again: three steps are recorded, then the run sleeps for long, or its fourth step is open. */

import { systemClock, systemRandom } from "@kintsugi/policy/base";
import { openSqliteStore, type Store } from "kintsugi/store";
import {
  defineWorkflow,
  type Engine,
  embeddedEngine,
  type Workflow,
  workflowTables,
} from "kintsugi/workflow";

import { outputOf } from "./engine.ts";

export type Rest = "open" | "sleeping";

const RECORDED = 3;

export interface Opened {
  readonly store: Store;
  readonly engine: Engine;
  readonly workflow: Workflow<unknown, number>;
}

function workflowOf(rest: Rest, last: () => Promise<number> | number): Workflow<unknown, number> {
  return defineWorkflow("rests", async (ctx) => {
    for (let step = 0; step < RECORDED; step += 1) {
      await ctx.step(`step ${step}`, () => outputOf(step));
    }
    if (rest === "sleeping") await ctx.sleep("30d");
    return ctx.step("last", last);
  });
}

/** The engine, not yet started. */
export async function openRuns(
  file: string,
  rest: Rest,
  last: () => Promise<number> | number,
  more: { readonly durability: "power" | "process"; readonly maxLive?: number },
): Promise<Opened> {
  const { durability, ...limits } = more;
  const clock = systemClock;
  const store = await openSqliteStore({ file, tables: workflowTables, clock, durability });
  const engine = embeddedEngine({ store, clock, random: systemRandom, ...limits });
  const workflow = workflowOf(rest, last);
  engine.register(workflow);
  return { store, engine, workflow };
}
