import assert from "node:assert/strict";

import { defineWorkflow } from "../../workflow/index.ts";
import {
  type EngineBench,
  type EngineCases,
  failureOf,
  forever,
  onEngine,
  settle,
  start,
  until,
  viewOf,
} from "./bench.ts";

const RUNS = 50;
const POISONED = 17;
const CRASHES = 10;

/** Starts the runs `run 0` ... `run 49` at once. */
async function startAll(
  bench: EngineBench,
  workflow: Parameters<typeof start<number, unknown>>[1],
): Promise<void> {
  const numbers = Array.from({ length: RUNS }, (_, number) => number);
  await Promise.all(numbers.map((number) => start(bench, workflow, number, `run ${number}`)));
}

export const quarantineCases: EngineCases = {
  "makes one poison step among fifty runs the only dead letter": async (open) => {
    let poisonTaken = 0;
    const workflow = defineWorkflow("work", async (ctx, number: number) => {
      const first = await ctx.step("first", () => number);
      const second = await ctx.step("second", () => {
        if (number !== POISONED) return first + 1;
        poisonTaken += 1;
        return forever(); // In place of a step that takes the process along.
      });
      return ctx.step("third", () => second + 1);
    });
    await onEngine(open, [workflow], async (bench) => {
      await startAll(bench, workflow);
      const statusOf = async () => (await viewOf(bench, `run ${POISONED}`)).status;
      for (let life = 1; life <= CRASHES; life += 1) {
        await until(bench, () => poisonTaken === life);
        await bench.reopen?.("crash", [workflow]);
      }
      await until(bench, async () => (await statusOf()) === "dead");
      await until(
        bench,
        async () => (await bench.engine.count({ status: "completed" })) === RUNS - 1,
      );

      const poisoned = await viewOf(bench, `run ${POISONED}`);
      assert.equal(poisoned.deadReason, "quarantined");
      assert.equal(poisoned.crashes, CRASHES);
      assert.equal(poisoned.error?.step, "second");
      assert.equal(await settle(bench, bench.engine.count({ status: "dead" })), 1);
      assert.equal(poisonTaken, CRASHES);

      const innocent = await settle(bench, bench.engine.list({ status: "completed" }));
      assert.deepEqual(new Set(innocent.map(({ stepsRecorded }) => stepsRecorded)), new Set([3]));
      assert.deepEqual(new Set(innocent.map(({ crashes }) => crashes)), new Set([0]));
      const handle = await settle(bench, bench.engine.handle(`run ${POISONED}`));
      const error = await failureOf(settle(bench, handle?.result() ?? forever()));
      assert.equal(error.code, "KINTSUGI_RUN_QUARANTINED");
    });
  },

  "lets all run at once after one crash, and one after another after two": async (open) => {
    const inFlight: number[] = [];
    const doors = Array.from({ length: 3 }, () => Promise.withResolvers<void>());
    let lives = 1;
    const workflow = defineWorkflow("suspects", async (ctx, number: number) => {
      await ctx.step("first", async () => {
        inFlight.push(number);
        if (lives < 3) return forever();
        await doors[number]?.promise;
      });
      await ctx.step("second", () => {});
    });
    await onEngine(open, [workflow], async (bench) => {
      for (const number of [0, 1, 2]) await start(bench, workflow, number, `run ${number}`);
      while (lives < 3) {
        await until(bench, () => inFlight.length === 3);
        inFlight.length = 0;
        lives += 1;
        await bench.reopen?.("crash", [workflow]);
      }
      for (const number of [0, 1, 2]) {
        await until(bench, () => inFlight.length === number + 1);
        await bench.pass(50);
        assert.deepEqual(inFlight, [0, 1, 2].slice(0, number + 1));
        doors[number]?.resolve();
      }
      await until(bench, async () => (await bench.engine.count({ status: "completed" })) === 3);
    });
  },

  "does not count a crash against a suspect that was not let run": async (open) => {
    let lives = 0;
    let taken = 0;
    const workflow = defineWorkflow("behind", async (ctx) => {
      await ctx.step("first", () => {
        taken += 1;
        return forever();
      });
    });
    await onEngine(open, [workflow], async (bench) => {
      await start(bench, workflow, undefined, "run 0");
      await bench.pass(20);
      await start(bench, workflow, undefined, "run 1");
      const crashes = async () => [
        (await viewOf(bench, "run 0")).crashes,
        (await viewOf(bench, "run 1")).crashes,
      ];
      for (const expected of [
        [1, 1],
        [2, 2],
        [3, 2],
        [3, 3],
      ]) {
        await until(bench, () => taken === (lives < 2 ? 2 * lives + 2 : lives + 3));
        lives += 1;
        await bench.reopen?.("crash", [workflow]);
        assert.deepEqual(await crashes(), expected);
      }
    });
  },

  "never sets aside a run that records something in each of its lives": async (open) => {
    const hung = new Set<number>();
    const workflow = defineWorkflow("slow but sure", async (ctx) => {
      for (let step = 0; step < CRASHES + 5; step += 1) {
        await ctx.step(`step ${step}`, () => {
          if (hung.has(step)) return step;
          hung.add(step);
          return forever();
        });
      }
    });
    await onEngine(open, [workflow], async (bench) => {
      await start(bench, workflow, undefined, "run 0");
      for (let life = 1; life <= CRASHES + 5; life += 1) {
        await until(bench, () => hung.size === life);
        assert.equal((await viewOf(bench, "run 0")).crashes, 0);
        await bench.reopen?.("crash", [workflow]);
      }
      await until(bench, async () => (await viewOf(bench, "run 0")).status === "completed");
    });
  },

  "counts when a step runs beside a wait, and not when the wait alone is left": async (open) => {
    let isQuick = true;
    let taken = 0;
    const workflow = defineWorkflow("beside", (ctx) =>
      Promise.all([
        ctx.waitFor("go"),
        ctx.step("work", () => {
          taken += 1;
          return isQuick ? 1 : forever();
        }),
      ]),
    );
    await onEngine(open, [workflow], async (bench) => {
      await start(bench, workflow, undefined, "quick");
      await until(bench, async () => {
        const { waiting, stepsRecorded } = await viewOf(bench, "quick");
        return waiting && stepsRecorded === 1;
      });
      isQuick = false;
      await start(bench, workflow, undefined, "slow");
      await until(bench, () => taken === 2);
      await bench.reopen?.("crash", [workflow]);
      await until(bench, () => taken === 3);
      assert.equal((await viewOf(bench, "quick")).crashes, 0);
      assert.equal((await viewOf(bench, "slow")).crashes, 1);
    });
  },
};
