import process from "node:process";

import { seededRandom } from "@kintsugi/policy/base";
import { describe, expect, it } from "vitest";

import { memoryStore } from "../../store/index.ts";
import { manualClock } from "../../testing/index.ts";
import { defineWorkflow } from "../define.ts";
import { workflowTables } from "../tables.ts";
import type { WorkflowContext } from "../types.ts";
import { embeddedEngine } from "./embedded.ts";

/** What nobody caught while this code ran as a workflow, and was perhaps cancelled. */
async function uncaughtOf(
  code: (ctx: WorkflowContext) => Promise<unknown>,
  end: "by itself" | "cancelled",
) {
  const clock = manualClock();
  const store = memoryStore({ clock, tables: workflowTables });
  const engine = embeddedEngine({ store, clock, random: seededRandom(1) });
  void engine.start();
  await clock.advance(0);
  const uncaught: unknown[] = [];
  const hear = (error: unknown): void => void uncaught.push(error);
  process.on("unhandledRejection", hear);
  try {
    const running = engine.run(defineWorkflow("careless", code), undefined, { id: "run" });
    await clock.advance(0);
    const handle = await running;
    await clock.advance(10);
    if (end === "cancelled") void handle.cancel();
    await clock.advance(1_000);
    return { uncaught, status: await handle.status() };
  } finally {
    process.off("unhandledRejection", hear);
  }
}

const fails = (): never => {
  throw new Error("no");
};

describe("a call that fails while the code awaits another one", () => {
  it("ends no process, and is still thrown to whoever awaits it later", async () => {
    const caught: unknown[] = [];
    const ended = await uncaughtOf(async (ctx) => {
      const early = ctx.step("early", fails);
      await ctx.sleep(100);
      await early.catch((error: Error) => caught.push(error.message));
    }, "by itself");
    expect(ended).toEqual({ uncaught: [], status: "completed" });
    expect(caught).toEqual(["no"]);
  });

  it("ends no process when nobody ever awaits it", async () => {
    const child = defineWorkflow("child", async () => fails());
    const ended = await uncaughtOf(async (ctx) => {
      void ctx.step("forgotten", fails);
      void ctx.all([() => ctx.step("in a branch", fails)]);
      void ctx.child(child, undefined);
      await ctx.sleep(100);
    }, "by itself");
    expect(ended).toEqual({ uncaught: [], status: "completed" });
  });
});

describe("a run that is cancelled with calls that nobody awaits", () => {
  it("ends no process", async () => {
    const ended = await uncaughtOf(async (ctx) => {
      void ctx.waitFor("never");
      void ctx.sleep("1h");
      await ctx.step(
        "long",
        ({ signal }) => new Promise((resolve) => signal.addEventListener("abort", resolve)),
      );
      void ctx.now();
      void ctx.random();
      void ctx.uuid();
    }, "cancelled");
    expect(ended).toEqual({ uncaught: [], status: "cancelled" });
  });
});
