import assert from "node:assert/strict";

import { defineWorkflow } from "../../workflow/index.ts";
import {
  comesTo,
  type EngineCases,
  failureOf,
  onEngine,
  settle,
  start,
  untilItWaits,
} from "./bench.ts";

export const waitCases: EngineCases = {
  "sleeps at least as long as it was told": async (open) => {
    const workflow = defineWorkflow("sleepy", async (ctx) => {
      const beforeMs = await ctx.now();
      await ctx.sleep("60ms");
      return (await ctx.now()) - beforeMs >= 60;
    });
    await comesTo(open, workflow, true);
  },

  "takes a signal that comes while it waits": async (open) => {
    const workflow = defineWorkflow("approve", async (ctx) => [
      "got",
      await ctx.waitFor("approval"),
    ]);
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined);
      await untilItWaits(bench, handle.id);
      await settle(bench, handle.signal("other", 1));
      await settle(bench, handle.signal("approval", { by: "me", at: new Date(5) }));
      const expected = ["got", { by: "me", at: new Date(5) }];
      assert.deepEqual(await settle(bench, handle.result()), expected);
    });
  },

  "takes a signal that came before it waited": async (open) => {
    const door = Promise.withResolvers<void>();
    const workflow = defineWorkflow("late", async (ctx) => {
      await ctx.step("before", () => door.promise);
      return ctx.waitFor("go");
    });
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined);
      await settle(bench, handle.signal("go", 1));
      door.resolve();
      assert.equal(await settle(bench, handle.result()), 1);
    });
  },

  "takes signals of one name one after another, of two names apart": async (open) => {
    const workflow = defineWorkflow("queue", async (ctx) => [
      await ctx.waitFor("y"),
      await ctx.waitFor("x"),
      await ctx.waitFor("x", { timeout: "10s" }),
    ]);
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined);
      for (const payload of [1, 2]) await settle(bench, handle.signal("x", payload));
      await settle(bench, handle.signal("y", 3));
      assert.deepEqual(await settle(bench, handle.result()), [3, 1, 2]);
    });
  },

  "gives null when the time is up": (open) =>
    comesTo(
      open,
      defineWorkflow("never", (ctx) => ctx.waitFor("never", { timeout: "30ms" })),
      null,
    ),

  "goes on with its other branches while one of them waits": async (open) => {
    const workflow = defineWorkflow("both", (ctx) => {
      const first = ctx.waitFor("go");
      const second = ctx.step("work", () => "worked").then((done) => ctx.step("more", () => done));
      return Promise.all([first, second]);
    });
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined);
      await untilItWaits(bench, handle.id);
      await settle(bench, handle.signal("go", "gone"));
      assert.deepEqual(await settle(bench, handle.result()), ["gone", "worked"]);
    });
  },

  "takes no signals when it has ended": async (open) => {
    const workflow = defineWorkflow("short", async () => 1);
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined);
      await settle(bench, handle.result());
      const error = await failureOf(settle(bench, handle.signal("go")));
      assert.equal(error.code, "KINTSUGI_RUN_STATUS");
    });
  },
};
