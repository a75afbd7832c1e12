import assert from "node:assert/strict";

import { defineWorkflow, type WorkflowContext } from "../../workflow/index.ts";
import {
  type AnyWorkflow,
  type EngineCases,
  failureOf,
  forever,
  type OpenEngine,
  onEngine,
  resultOf,
  settle,
  start,
  until,
  viewOf,
} from "./bench.ts";

const ID = "old";

/** Runs `before` until it has recorded so many steps, crashes, and gives what it comes to with `after`. */
async function changed(
  open: OpenEngine,
  before: AnyWorkflow,
  recorded: number,
  after: readonly AnyWorkflow[],
): Promise<unknown> {
  const results: unknown[] = [];
  await onEngine(open, [before], async (bench) => {
    await start(bench, before, undefined as never, ID);
    await until(bench, async () => (await viewOf(bench, ID)).stepsRecorded === recorded);
    await bench.reopen?.("crash", after);
    const handle = await settle(bench, bench.engine.handle(ID));
    results.push(await settle(bench, handle?.result() ?? forever()));
  });
  return results[0];
}

const workflow = (version: number, run: (ctx: WorkflowContext) => Promise<unknown>): AnyWorkflow =>
  defineWorkflow("changing", { version }, (ctx: WorkflowContext) => run(ctx));

/** Two steps, with a patch in between that comes with a step of its own. */
const patched = async (ctx: WorkflowContext): Promise<unknown> => {
  const way: unknown[] = [await ctx.step("first", () => "first")];
  if (await ctx.patched("check")) way.push(await ctx.step("check", () => "check"));
  way.push(await ctx.step("second", () => "second"));
  way.push(await ctx.patched("check"));
  return way;
};

export const patchCases: EngineCases = {
  "is true for a run that begins": async (open) => {
    const code = workflow(1, patched);
    await onEngine(open, [code], async (bench) => {
      const way = await resultOf(bench, code, undefined as never);
      assert.deepEqual(way, ["first", "check", "second", true]);
    });
  },
};

export const changeCrashCases: EngineCases = {
  "goes the old way where it had passed the patch before, and the answer stays": async (open) => {
    const before = workflow(1, async (ctx) => {
      await ctx.step("first", () => "first");
      await ctx.step("second", () => "second");
      await ctx.step("hang", forever);
    });
    const way = await changed(open, before, 2, [workflow(1, patched)]);
    assert.deepEqual(way, ["first", "second", false]);
  },

  "goes the new way where it had not come to the patch": async (open) => {
    const before = workflow(1, async (ctx) => {
      await ctx.step("first", () => "first");
      await ctx.step("second", forever);
    });
    const way = await changed(open, before, 1, [workflow(1, patched)]);
    assert.deepEqual(way, ["first", "check", "second", true]);
  },

  "keeps the answer over a crash just after it": async (open) => {
    let isSecondLife = false;
    const code = workflow(1, async (ctx) => {
      const isNew = await ctx.patched("check");
      await ctx.step("hang", () => (isSecondLife ? null : forever()));
      return [isNew, await ctx.patched("check")];
    });
    const again = workflow(1, (ctx) => {
      isSecondLife = true;
      return code.run(ctx, undefined as never);
    });
    assert.deepEqual(await changed(open, code, 1, [again]), [true, true]);
  },

  "goes on with the code of its version, also when there is a newer one": async (open) => {
    let isSecondLife = false;
    const first = workflow(1, async (ctx) => {
      await ctx.step("one", () => 1);
      return ctx.step("two", () => (isSecondLife ? "version 1" : forever()));
    });
    const second = workflow(2, (ctx) => ctx.step("other", () => "version 2"));
    await onEngine(open, [first], async (bench) => {
      await start(bench, first, undefined as never, ID);
      await until(bench, async () => (await viewOf(bench, ID)).stepsRecorded === 1);
      isSecondLife = true;
      await bench.reopen?.("crash", [second, first]);
      const handle = await settle(bench, bench.engine.handle(ID));
      assert.equal(await settle(bench, handle?.result() ?? forever()), "version 1");
      assert.equal(await resultOf(bench, second, undefined as never), "version 2");
    });
  },

  "goes on with the newest code where its version is gone, and says so when that differs": async (
    open,
  ) => {
    const first = workflow(1, async (ctx) => {
      await ctx.step("one", () => 1);
      await ctx.step("hang", forever);
    });
    const same = workflow(3, (ctx) => ctx.step("one", () => 3));
    assert.equal(await changed(open, first, 1, [workflow(2, () => forever()), same]), 1);

    const other = workflow(3, (ctx) => ctx.step("other", () => 3));
    const error = await failureOf(changed(open, first, 1, [other]));
    assert.equal(
      error.message,
      'Step 0 of run "old" was recorded as step "one", and the code now asks for step "other": code' +
        " between steps must be pure, and must not change under an unfinished run. It was started" +
        " with version 1, which is not registered, and goes on with version 3",
    );
  },
};
