import assert from "node:assert/strict";

import { defineWorkflow, type WorkflowContext } from "../../workflow/index.ts";
import {
  comesTo,
  type EngineCases,
  failureOf,
  forever,
  onEngine,
  resultOf,
  settle,
  start,
  until,
  viewOf,
} from "./bench.ts";
import { ID, onCrash } from "./reopened.ts";

const countTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

const echo = <T>(ctx: WorkflowContext, name: string, value: T): Promise<T> =>
  ctx.step(name, () => value);

const fails = (ctx: WorkflowContext, message: string): Promise<never> =>
  ctx.step(message, () => {
    throw new Error(message);
  });

export const branchCases: EngineCases = {
  "are none, in Promise.all and in ctx.all": (open) =>
    comesTo(
      open,
      defineWorkflow("none", async (ctx) => {
        const natively: unknown[] = await Promise.all([]);
        return [...natively, ...(await ctx.all([])), await echo(ctx, "after", "after")];
      }),
      ["after"],
    ),

  "settle as Promise.allSettled, Promise.race and Promise.any would have it": async (open) => {
    const workflow = defineWorkflow("natives", async (ctx) => {
      const settled = await Promise.allSettled([echo(ctx, "one", 1), fails(ctx, "two")]);
      const first = await Promise.race([echo(ctx, "quick", "quick"), ctx.sleep("1h")]);
      const any = await Promise.any([fails(ctx, "three"), echo(ctx, "four", 4)]);
      return [settled.map(({ status }) => status), first, any];
    });
    await comesTo(open, workflow, [["fulfilled", "rejected"], "quick", 4]);
  },

  "stand inside one another": (open) =>
    comesTo(
      open,
      defineWorkflow("nested", (ctx) =>
        ctx.all([
          (outer) => outer.all([(inner) => echo(inner, "a", 1), (inner) => echo(inner, "b", 2)]),
          (outer) => Promise.all([echo(outer, "c", 3), echo(outer, "d", 4)]),
        ]),
      ),
      [
        [1, 2],
        [3, 4],
      ],
    ),

  "are a thousand, fifty at once": async (open) => {
    let atOnce = 0;
    let most = 0;
    const workflow = defineWorkflow("thousand", (ctx) => {
      const branches = countTo(1_000).map((index) => (side: WorkflowContext) => {
        return side.step(`${index}`, async () => {
          atOnce += 1;
          most = Math.max(most, atOnce);
          await Promise.resolve();
          atOnce -= 1;
          return index;
        });
      });
      return ctx.all(branches, { concurrency: 50 });
    });
    await comesTo(open, workflow, countTo(1_000));
    assert.ok(most <= 50, `${most} ran at once`);
  },

  "have 1,200 steps in one run, which is no bound": async (open) => {
    const chains = countTo(40).map((index) => async (ctx: WorkflowContext) => {
      let sum = 0;
      for (const number of countTo(30)) sum += await echo(ctx, `step ${index}`, number);
      return sum;
    });
    const workflow = defineWorkflow("long", async (ctx) => {
      const sums = await ctx.all(chains);
      return sums.reduce((all, sum) => all + sum, 0);
    });
    await onEngine(open, [workflow], async (bench) => {
      assert.equal(await resultOf(bench, workflow, undefined, "long"), 40 * 435);
      assert.equal((await viewOf(bench, "long")).stepsRecorded, 1_200);
    });
  },

  "throw the error of the first in their order, not in time": async (open) => {
    const door = Promise.withResolvers<void>();
    const workflow = defineWorkflow("errors", (ctx) =>
      ctx.all([
        (side) =>
          side.step("late", async () => {
            await door.promise;
            throw new Error("the first branch");
          }),
        (side) => fails(side, "the second branch"),
      ]),
    );
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined);
      await until(bench, async () => (await viewOf(bench, handle.id)).stepsRecorded === 1);
      door.resolve();
      const error = await failureOf(settle(bench, handle.result()));
      assert.equal(error.message, "the first branch");
    });
  },

  "are refused when none of them may run": async (open) => {
    const workflow = defineWorkflow("nobody", (ctx) =>
      ctx.all([(side) => echo(side, "never", 1)], { concurrency: 0 }),
    );
    await onEngine(open, [workflow], async (bench) => {
      const error = await failureOf(resultOf(bench, workflow, undefined));
      assert.equal(error.name, "RangeError");
      assert.match(error.message, /^concurrency .*got 0/);
    });
  },

  "need not be awaited: what they do is recorded, and how they fail ends nothing": async (open) => {
    const workflow = defineWorkflow("careless", async (ctx) => {
      void fails(ctx, "forgotten");
      void ctx.all([(side) => fails(side, "in a branch")]);
      await ctx.sleep(20);
      return "fine";
    });
    await onEngine(open, [workflow], async (bench) => {
      assert.equal(await resultOf(bench, workflow, undefined, "careless"), "fine");
      const steps = await settle(bench, bench.engine.steps("careless", 10));
      assert.deepEqual(
        steps.map(({ name, state }) => [name, state]),
        [
          ["forgotten", "failed"],
          ["in a branch", "failed"],
          ["", "recorded"],
        ],
      );
    });
  },

  "come to nothing when the run has returned without them": async (open) => {
    let late: Promise<unknown> | undefined;
    let context: WorkflowContext | undefined;
    const workflow = defineWorkflow("returned", async (ctx) => {
      context = ctx;
      return "done";
    });
    await onEngine(open, [workflow], async (bench) => {
      await resultOf(bench, workflow, undefined, "returned");
      let ran = false;
      late = context?.step("late", () => {
        ran = true;
      });
      let isSettled = false;
      late?.then(
        () => (isSettled = true),
        () => (isSettled = true),
      );
      await bench.pass(20);
      assert.deepEqual([ran, isSettled], [false, false]);
      assert.deepEqual(await settle(bench, bench.engine.steps("returned", 10)), []);
    });
  },
};

export const branchCrashCases: EngineCases = {
  "go on from where each of them stood": async (open) => {
    const ran: string[] = [];
    let isSecondLife = false;
    const workflow = defineWorkflow("uneven", (ctx) =>
      ctx.all(
        countTo(20).map((branch) => async (side: WorkflowContext) => {
          for (const depth of countTo(4)) {
            await side.step(`${branch}/${depth}`, () => {
              ran.push(`${branch}/${depth}`);
              return depth < branch % 4 || isSecondLife ? undefined : forever();
            });
          }
          return branch;
        }),
      ),
    );
    await onCrash(open, [workflow], async (bench) => {
      const recorded = 5 * (0 + 1 + 2 + 3);
      await until(bench, () => ran.length === recorded + 20);
      await until(bench, async () => (await viewOf(bench, ID)).stepsRecorded === recorded);
      isSecondLife = true;
      ran.length = 0;
      await bench.reopen("crash");
      assert.deepEqual(await bench.result(), countTo(20));
      assert.equal(ran.length, 80 - recorded);
      assert.equal(new Set(ran).size, ran.length);
    });
  },

  "are won by the same of them in Promise.race, however quick a replay is": async (open) => {
    const doors = countTo(3).map(() => Promise.withResolvers<void>());
    let isSecondLife = false;
    const workflow = defineWorkflow("natively", async (ctx) => {
      const winner = await Promise.race(
        countTo(3).map(async (index) => {
          await ctx.step(`runner ${index}`, () => doors[index]?.promise);
          return index;
        }),
      );
      await ctx.step("hang", () => (isSecondLife ? undefined : forever()));
      return winner;
    });
    await onCrash(open, [workflow], async (bench) => {
      for (const index of [2, 0, 1]) {
        doors[index]?.resolve();
        await bench.pass(5);
      }
      await until(bench, async () => (await viewOf(bench, ID)).stepsRecorded === 3);
      isSecondLife = true;
      await bench.reopen("crash");
      assert.equal(await bench.result(), 2);
    });
  },

  "are replayed again when the replay itself is cut short": async (open) => {
    const ran: string[] = [];
    let lives = 1;
    const workflow = defineWorkflow("again", async (ctx) => {
      const names = ["a", "b", "c"];
      await ctx.all(names.map((name) => (side) => side.step(name, () => void ran.push(name))));
      return ctx.step("last", () => (lives === 4 ? "done" : forever()));
    });
    await onCrash(open, [workflow], async (bench) => {
      await until(bench, async () => (await viewOf(bench, ID)).stepsRecorded === 3);
      for (lives = 2; lives <= 4; lives += 1) await bench.reopen("crash");
      lives = 4;
      assert.equal(await bench.result(), "done");
      assert.deepEqual(ran, ["a", "b", "c"]);
    });
  },
};
