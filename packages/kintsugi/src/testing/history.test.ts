import { describe, expect, it } from "vitest";

import {
  defineWorkflow,
  type RunHistory,
  replayHistory,
  type Workflow,
} from "../workflow/index.ts";
import { exportHistory, type TestEngine, testEngine } from "./index.ts";

const order = defineWorkflow("order", async (ctx, item: string) => {
  const price = await ctx.step("price", () => item.length);
  await ctx.sleep("3d");
  await ctx.step("ship", () => {});
  return price;
});

/** A run of `order` that sleeps, and what is recorded of it. */
async function asleep(test: TestEngine): Promise<RunHistory> {
  await test.start(order, "book", { id: "order 1" });
  await test.skip("1d");
  return JSON.parse(JSON.stringify(await exportHistory(test.engine, "order 1"))) as RunHistory;
}

const mustNotRun = (): never => {
  throw new Error("a step must not run in a replay");
};

const verdictOf = async (workflow: Workflow<string, unknown>): Promise<unknown> => {
  await using test = await testEngine({ workflows: [order] });
  const verdict = await replayHistory(workflow, await asleep(test));
  return verdict.kind === "breaks" ? verdict.error.message : verdict;
};

describe("the history of a run that sleeps", () => {
  it("goes on with code that has changed only behind it, and does nothing", async () => {
    const longer = defineWorkflow("order", async (ctx, item: string) => {
      await ctx.step("price", mustNotRun);
      await ctx.sleep("5d");
      await ctx.step("wrap", mustNotRun);
      return item;
    });
    expect(await verdictOf(order)).toEqual({ kind: "goes on", step: 2 });
    expect(await verdictOf(longer)).toEqual({ kind: "goes on", step: 2 });
  });

  it("breaks with code that asks for another step, and says which", async () => {
    const renamed = defineWorkflow("order", (ctx) => ctx.step("cost", mustNotRun));
    expect(await verdictOf(renamed)).toMatch(
      /^Step 0 of run "order 1" was recorded as step "price", and the code now asks for step "cost":/,
    );
  });

  it("breaks with code that ends before it", async () => {
    const shorter = defineWorkflow("order", (ctx) => ctx.step("price", mustNotRun));
    expect(await verdictOf(shorter)).toMatch(
      /^Step 1 of run "order 1" was recorded as a sleep, and the code now asks for the end of the run:/,
    );
  });

  it("breaks with code that waits for what is no call of its context", async () => {
    const stuck = defineWorkflow("order", async (ctx) => {
      await ctx.step("price", mustNotRun);
      await new Promise(() => {});
    });
    expect(await verdictOf(stuck)).toMatch(
      /^Step 1 of run "order 1" was recorded as a sleep, and the code now asks for nothing more:/,
    );
  });
});

describe("the history of a run", () => {
  it("that has ended comes to its end", async () => {
    await using test = await testEngine({ workflows: [order] });
    await test.run(order, "book", { id: "order 1" });
    const history = await exportHistory(test.engine, "order 1");
    expect(await replayHistory(order, history)).toEqual({ kind: "ends" });
    const longer = defineWorkflow("order", async (ctx, item: string) => {
      await order.run(ctx, item);
      await ctx.step("thank", mustNotRun);
    });
    expect(await replayHistory(longer, history)).toEqual({ kind: "goes on", step: 4 });
  });

  it("that died of its code comes to its end", async () => {
    const broken = defineWorkflow("broken", async (ctx) => {
      await ctx.step("fail", () => {
        throw new Error("no");
      });
    });
    await using test = await testEngine({ workflows: [broken] });
    await expect(test.run(broken, undefined, { id: "run" })).rejects.toThrow("no");
    const history = await exportHistory(test.engine, "run");
    expect(await replayHistory(broken, history)).toEqual({ kind: "ends" });
  });

  it("is none where nobody knows the run", async () => {
    await using test = await testEngine();
    const asked = exportHistory(test.engine, "nobody");
    await expect(asked).rejects.toThrow('There is no run "nobody"');
  });

  it("is refused where it is of a later version, or something else", async () => {
    await using test = await testEngine({ workflows: [order] });
    const history = await asleep(test);
    const refused: readonly (readonly [unknown, string])[] = [
      [{ ...history, version: 2 }, "it is of version 2, and this engine reads versions up to 1"],
      [{ ...history, format: "csv" }, 'its format is "csv", not "kintsugi-run-history"'],
      [undefined, 'its format is undefined, not "kintsugi-run-history"'],
      [{ ...history, run: {} }, "it holds no run with its steps"],
    ];
    for (const [what, why] of refused) {
      const replayed = replayHistory(order, what as RunHistory);
      await expect(replayed).rejects.toThrow(`This history cannot be replayed: ${why}`);
    }
  });
});
