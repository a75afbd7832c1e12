import { describe, expect, it } from "vitest";

import { testEngine } from "../../testing/index.ts";
import { defineWorkflow } from "../define.ts";
import type { WorkflowContext } from "../types.ts";

type Code = (ctx: WorkflowContext) => Promise<unknown>;

/** What the check says of this code; its result when it has nothing to say. */
async function saidOf(code: Code, replayCheck = true): Promise<unknown> {
  const checked = defineWorkflow("checked", code);
  await using test = await testEngine({ workflows: [checked], replayCheck });
  return await test
    .run(checked, undefined, { id: "run" })
    .catch((error: Error) => error.message.replace(/: code between .*/, ""));
}

const step = (ctx: WorkflowContext, name: string): Promise<string> => ctx.step(name, () => name);

/** Another value each time that the code comes by. */
function impure(...values: readonly string[]): () => string {
  let at = 0;
  return () => values[at++ % values.length] ?? "";
}

describe("the replay check of code that hangs on what is not recorded", () => {
  it("names the step and both names where the code takes another way", async () => {
    const way = impure("heads", "tails");
    expect(await saidOf((ctx) => step(ctx, way()))).toBe(
      'Step 0 of run "run" was recorded as step "heads", and the code now asks for step "tails"',
    );
  });

  it("names the step behind the end", async () => {
    const way = impure("ends", "goes on");
    const code: Code = async (ctx) => {
      await step(ctx, "first");
      if (way() === "goes on") await step(ctx, "second");
    };
    expect(await saidOf(code)).toBe(
      'Step 1 of run "run" was recorded as the end of the run, and the code now asks for step "second"',
    );
  });

  it("names the step that the code leaves out", async () => {
    const way = impure("goes on", "ends");
    const code: Code = async (ctx) => {
      await step(ctx, "first");
      if (way() === "goes on") await step(ctx, "second");
    };
    expect(await saidOf(code)).toBe(
      'Step 1 of run "run" was recorded as step "second", and the code now asks for the end of the run',
    );
  });

  it("names both results", async () => {
    const time = impure("noon", "midnight");
    const code: Code = async (ctx) => `${await step(ctx, "first")} at ${time()}`;
    expect(await saidOf(code)).toBe(
      'Step 1 of run "run" was recorded as its end with "first at noon", and the code now asks for "first at midnight"',
    );
  });

  it("finds a step inside a step", async () => {
    const code: Code = (ctx) => ctx.step("outer", () => step(ctx, "inner"));
    expect(await saidOf(code)).toBe(
      'Step 1 of run "run" was recorded as step "inner", and the code now asks for the end of the run',
    );
  });

  it("finds it in code that throws, too", async () => {
    const time = impure("noon", "midnight");
    const code: Code = async () => {
      throw new Error(`failed at ${time()}`);
    };
    expect(await saidOf(code)).toContain("failed at midnight");
  });

  it("says nothing where it is off", async () => {
    const way = impure("heads", "tails");
    expect(await saidOf((ctx) => step(ctx, way()), false)).toBe("heads");
  });
});

describe("the replay check of pure code", () => {
  it("has nothing to say of any kind of call", async () => {
    const code: Code = async (ctx) => {
      const failed = ctx.step("fails", () => {
        throw new Error("no");
      });
      const caught = await failed.catch((error: Error) => error.message);
      void ctx.sleep("10d");
      const winner = await ctx.race([
        (side) => side.step("quick", () => "quick"),
        async (side) => {
          await side.step("slow", () => new Promise(() => {}));
          return "slow";
        },
      ]);
      const first = await Promise.race([step(ctx, "natively"), ctx.waitFor("never")]);
      await ctx.emit("half", { way: true });
      await ctx.tag({ customer: "Ada" });
      if (await ctx.patched("new way")) await step(ctx, "the new way");
      const times = await ctx.all([(side) => side.now(), (side) => side.random()]);
      await ctx.sleep(times.length);
      return [caught, winner, first, await ctx.waitFor("never", { timeout: 1 })];
    };
    expect(await saidOf(code)).toEqual(["no", "quick", "natively", null]);
  });

  it("does no step twice, and lets errors through as they are", async () => {
    let ran = 0;
    const code: Code = async (ctx) => {
      await ctx.step("count", () => {
        ran += 1;
      });
      throw new Error("its own");
    };
    expect(await saidOf(code)).toBe("its own");
    expect(ran).toBe(1);
  });

  it("does not mind calls that nobody awaits, and that go on after the end", async () => {
    const code: Code = async (ctx) => {
      const chain = async (): Promise<void> => {
        for (let at = 0; at < 50; at += 1) await step(ctx, `chain ${at}`);
      };
      void chain();
      return step(ctx, "last");
    };
    expect(await saidOf(code)).toBe("last");
  });
});
