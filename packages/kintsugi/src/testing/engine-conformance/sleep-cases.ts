import assert from "node:assert/strict";

import { defineWorkflow } from "../../workflow/index.ts";
import {
  comesTo,
  type EngineCases,
  failureOf,
  onEngine,
  resultOf,
  settle,
  start,
  until,
  untilItWaits,
  viewOf,
} from "./bench.ts";
import { ID, onCrash } from "./reopened.ts";

export const sleepCases: EngineCases = {
  "may have no length at all": (open) =>
    comesTo(
      open,
      defineWorkflow("no sleep", async (ctx) => {
        await ctx.sleep(0);
        return "awake";
      }),
      "awake",
    ),

  "go on side by side": async (open) => {
    const workflow = defineWorkflow("side by side", async (ctx) => {
      const woken: string[] = [];
      const sleeper = (name: string, ms: number) => async (): Promise<void> => {
        await ctx.sleep(ms);
        woken.push(name);
      };
      await ctx.all([sleeper("long", 60), sleeper("short", 5), sleeper("middle", 30)]);
      return woken;
    });
    await comesTo(open, workflow, ["short", "middle", "long"]);
  },

  "last longer than a timer of the platform can": async (open) => {
    const workflow = defineWorkflow("two months", (ctx) => ctx.sleep("60d"));
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined);
      await untilItWaits(bench, handle.id);
      await bench.pass(30);
      const { status, waiting, stepsRecorded } = await viewOf(bench, handle.id);
      assert.deepEqual([status, waiting, stepsRecorded], ["running", true, 0]);
    });
  },

  "are refused a length that means nothing, by name": async (open) => {
    const workflow = defineWorkflow("wrong", async (ctx, length: unknown) => {
      await ctx.sleep(length as number);
    });
    await onEngine(open, [workflow], async (bench) => {
      for (const [length, shown] of [
        ["soon", '"soon"'],
        [-1, "-1"],
        [Number.NaN, "NaN"],
      ] as const) {
        const error = await failureOf(resultOf(bench, workflow, length));
        assert.equal(
          error.message,
          `A duration is milliseconds or text like "250ms" or "30s", got ${shown}`,
        );
      }
    });
  },

  "of many runs end each in its time": async (open) => {
    const workflow = defineWorkflow("alarm", async (ctx, ms: number) => {
      const beforeMs = await ctx.now();
      await ctx.sleep(ms);
      return (await ctx.now()) - beforeMs >= ms;
    });
    await onEngine(open, [workflow], async (bench) => {
      const lengths = Array.from({ length: 40 }, (_, at) => (at * 7) % 50);
      const results = lengths.map((ms) => resultOf(bench, workflow, ms));
      assert.deepEqual(new Set(await Promise.all(results)), new Set([true]));
    });
  },
};

export const sleepCrashCases: EngineCases = {
  "that have ended are not slept again": async (open) => {
    const workflow = defineWorkflow("once", async (ctx) => {
      const beforeMs = await ctx.now();
      await ctx.sleep(50);
      await ctx.waitFor("go");
      return (await ctx.now()) - beforeMs;
    });
    await onCrash(open, [workflow], async (bench) => {
      await until(bench, async () => (await viewOf(bench, ID)).stepsRecorded === 2);
      await bench.reopen("crash");
      const handle = await settle(bench, bench.engine.handle(ID));
      assert.ok(handle);
      await settle(bench, handle.signal("go"));
      assert.ok(((await bench.result()) as number) >= 50);
      const steps = await settle(bench, bench.engine.steps(ID, 10));
      assert.equal(steps.filter(({ kind }) => kind === "sleep").length, 1);
    });
  },

  "that ended while nobody was there are over at once": async (open) => {
    const workflow = defineWorkflow("overslept", (ctx) =>
      ctx.all([10, 20, 30].map((ms) => (side) => side.sleep(ms))),
    );
    await onCrash(open, [workflow], async (bench) => {
      await untilItWaits(bench, ID);
      await bench.reopen("crash", []);
      await bench.pass(60);
      bench.engine.register(workflow);
      await bench.result();
      const steps = await settle(bench, bench.engine.steps(ID, 10));
      assert.deepEqual(
        steps.map(({ state }) => state),
        ["recorded", "recorded", "recorded"],
      );
    });
  },
};

/** For engines whose wall clock a test can set. */
export const clockCases: EngineCases = {
  "does not end a sleep early when it is set back, nor let it last for ever": async (open) => {
    const workflow = defineWorkflow("sleeper", async (ctx) => {
      await ctx.sleep("1m");
      return "awake";
    });
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined);
      await untilItWaits(bench, handle.id);
      bench.setClock?.(-3_600_000);
      await bench.pass(60_000);
      assert.equal((await viewOf(bench, handle.id)).status, "running");
      await bench.pass(3_600_000);
      assert.equal(await settle(bench, handle.result()), "awake");
    });
  },

  "ends a sleep no later than it was long when it is set on": async (open) => {
    const workflow = defineWorkflow("sleeper", async (ctx) => {
      await ctx.sleep("1h");
      return "awake";
    });
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined);
      await untilItWaits(bench, handle.id);
      bench.setClock?.(86_400_000);
      await bench.pass(3_600_000);
      assert.equal(await settle(bench, handle.result()), "awake");
    });
  },

  "leaves the time limit of a step and its waits between attempts alone": async (open) => {
    const attempts: number[] = [];
    const workflow = defineWorkflow("limits", (ctx) =>
      ctx.step(
        "slow",
        ({ attempt }) => {
          attempts.push(attempt);
          return attempt === 3 ? "in time" : new Promise<string>(() => {});
        },
        { maxAttempts: 3, retryDelay: "1s", timeout: "10s" },
      ),
    );
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined);
      await until(bench, () => attempts.length === 1);
      bench.setClock?.(-86_400_000);
      await bench.pass(11_000);
      assert.deepEqual(attempts, [1, 2]);
      bench.setClock?.(172_800_000);
      await bench.pass(12_000);
      assert.equal(await settle(bench, handle.result()), "in time");
    });
  },
};
