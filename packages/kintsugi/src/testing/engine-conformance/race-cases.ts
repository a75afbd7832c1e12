import assert from "node:assert/strict";

import { defineWorkflow } from "../../workflow/index.ts";
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
  untilItWaits,
  viewOf,
} from "./bench.ts";

export const raceCases: EngineCases = {
  "gives what the first branch returns that settles": (open) =>
    comesTo(
      open,
      defineWorkflow("first", (ctx) =>
        ctx.race<string>([
          (side) => side.step("slow", forever),
          async (side) => {
            await side.sleep(5);
            return side.step("quick", () => "quick");
          },
          (side) => side.sleep("1h").then(() => "late"),
        ]),
      ),
      "quick",
    ),

  "throws what the first branch throws that settles": async (open) => {
    const workflow = defineWorkflow("first to fail", (ctx) =>
      ctx.race([
        (side) => side.sleep("1h"),
        (side) =>
          side.step("bad", () => {
            throw new Error("no luck");
          }),
      ]),
    );
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined);
      assert.equal((await failureOf(settle(bench, handle.result()))).message, "no luck");
      assert.equal((await viewOf(bench, handle.id)).error?.step, "bad");
    });
  },

  "needs a branch": async (open) => {
    const workflow = defineWorkflow("none", (ctx) => ctx.race([]));
    await onEngine(open, [workflow], async (bench) => {
      const error = await failureOf(resultOf(bench, workflow, undefined));
      assert.equal(error.message, "ctx.race needs at least one branch, got none");
    });
  },

  "ends the signals of the losers' steps and lets none of their calls begin": async (open) => {
    const heard: string[] = [];
    const workflow = defineWorkflow("losers", async (ctx) => {
      const won = await ctx.race([
        (side) => side.step("quick", () => "quick"),
        async (side) => {
          side.signal.addEventListener("abort", () => heard.push("branch"));
          const hung = side.step("hung", ({ signal }) => {
            signal.addEventListener("abort", () => heard.push((signal.reason as Error).name));
            return new Promise<string>((_, reject) => {
              signal.addEventListener("abort", () => reject(signal.reason));
            });
          });
          return hung.catch(() => side.step("never", () => String(heard.push("never"))));
        },
      ]);
      await ctx.sleep(5);
      return won;
    });
    await onEngine(open, [workflow], async (bench) => {
      assert.equal(await resultOf(bench, workflow, undefined), "quick");
      assert.deepEqual(heard.sort(), ["BranchLostError", "branch"]);
    });
  },

  "shows what was in flight in the losers as abandoned": async (open) => {
    const workflow = defineWorkflow("shown", async (ctx) => {
      await ctx.race([
        (side) => side.step("hung", forever),
        (side) => side.sleep("1h"),
        (side) => side.waitFor("go"),
        (side) => side.step("quick", () => null),
      ]);
    });
    await onEngine(open, [workflow], async (bench) => {
      const { id } = await start(bench, workflow, undefined);
      await until(bench, async () => (await viewOf(bench, id)).status === "completed");
      const views = await settle(bench, bench.engine.steps(id, 10));
      assert.deepEqual(
        views.map(({ kind, name, state }) => [kind, name, state]),
        [
          ["race", "", "recorded"],
          ["step", "hung", "abandoned"],
          ["sleep", "", "abandoned"],
          ["wait", "go", "abandoned"],
          ["step", "quick", "recorded"],
        ],
      );
    });
  },

  "waits on when only the losers were busy": async (open) => {
    const workflow = defineWorkflow("waits on", async (ctx) => {
      await ctx.race([(side) => side.step("hung", forever), (side) => side.sleep(1)]);
      return ctx.waitFor("go");
    });
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined);
      await untilItWaits(bench, handle.id);
      await settle(bench, handle.signal("go", "gone"));
      assert.equal(await settle(bench, handle.result()), "gone");
    });
  },

  "cancels the children of losers": async (open) => {
    const child = defineWorkflow("child", (ctx) => ctx.sleep("1h"));
    const workflow = defineWorkflow("parent", (ctx) =>
      ctx.race<unknown>([
        (side) => side.child(child, undefined, { id: "lost child" }),
        async (side) => {
          await side.waitFor("go");
          return "won";
        },
      ]),
    );
    await onEngine(open, [workflow, child], async (bench) => {
      const handle = await start(bench, workflow, undefined);
      await until(bench, async () => (await bench.engine.get("lost child"))?.waiting === true);
      await settle(bench, handle.signal("go"));
      assert.equal(await settle(bench, handle.result()), "won");
      await until(bench, async () => (await viewOf(bench, "lost child")).status === "cancelled");
    });
  },

  "leaves a signal that a loser took to the next who asks": async (open) => {
    const workflow = defineWorkflow("letters", async (ctx) => {
      await ctx.race<unknown>([(side) => side.waitFor("late"), (side) => side.waitFor("go")]);
      return [await ctx.waitFor("late"), await ctx.waitFor("late")];
    });
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined);
      await untilItWaits(bench, handle.id);
      await settle(bench, Promise.all([handle.signal("go"), handle.signal("late", 1)]));
      await settle(bench, handle.signal("late", 2));
      assert.deepEqual(await settle(bench, handle.result()), [1, 2]);
    });
  },

  "is open again when the run is rewound to before its end, and stays decided after it": async (
    open,
  ) => {
    const { open: door, workflow } = doors();
    await onEngine(open, [workflow], async (bench) => {
      if (!bench.engine.can.rewind) return;
      door.a.resolve();
      assert.equal(await resultOf(bench, workflow, undefined, "doors"), "a");
      door.a = Promise.withResolvers();
      door.b.resolve();
      for (const [fromStep, expected] of [
        ["after", "a"],
        ["last a", "b"],
      ] as const) {
        const again = await settle(bench, bench.engine.rewind("doors", { fromStep }));
        assert.equal(await settle(bench, again.result()), expected);
      }
    });
  },

  "stands inside ctx.all, and ctx.all inside it": async (open) => {
    const workflow = defineWorkflow("nested", (ctx) =>
      ctx.all(
        [0, 1].map(
          (lane) => (inner) =>
            inner.race<readonly string[]>([
              (side) =>
                side.all([0, 1].map((at) => (own) => own.step("work", () => `${lane}.${at}`))),
              async (side) => {
                await side.race([(last) => last.step("hung", forever), (last) => last.sleep("1h")]);
                return [];
              },
            ]),
        ),
      ),
    );
    await onEngine(open, [workflow], async (bench) => {
      const result = await resultOf(bench, workflow, undefined, "nested run");
      assert.deepEqual(result, [
        ["0.0", "0.1"],
        ["1.0", "1.1"],
      ]);
      const views = await settle(bench, bench.engine.steps("nested run", 50));
      const abandoned = views.filter(({ state }) => state === "abandoned").map(({ kind }) => kind);
      assert.deepEqual(abandoned.sort(), ["race", "race", "sleep", "sleep", "step", "step"]);
    });
  },
};

/** A race between `a` and `b`, of which the one wins whose door opens, and what comes after. */
function doors() {
  const open = { a: Promise.withResolvers<void>(), b: Promise.withResolvers<void>() };
  const workflow = defineWorkflow("doors", async (ctx) => {
    const won = await ctx.race(
      (["a", "b"] as const).map((name) => async (side) => {
        await side.step(`first ${name}`, () => null);
        await side.step(`last ${name}`, () => open[name].promise);
        return name;
      }),
    );
    return ctx.step("after", () => won);
  });
  return { open, workflow };
}

export const raceCrashCases: EngineCases = {
  "runs nothing of the losers again": async (open) => {
    const ran: string[] = [];
    const door = Promise.withResolvers<void>();
    let isSecondLife = false;
    const workflow = defineWorkflow("race", async (ctx) => {
      const won = await ctx.race<string>([
        async (side) => {
          await side.step("early", () => ran.push("early"));
          await side.all(
            [0, 1].map(
              (at) => (own) =>
                own.step(`lost ${at}`, async () => {
                  ran.push(`lost ${at}`);
                  await forever();
                }),
            ),
          );
          return "loser";
        },
        (side) => side.step("win", () => door.promise.then(() => "winner")),
      ]);
      await ctx.step("after", () => (isSecondLife ? ran.push("after") : forever()));
      return won;
    });
    await onEngine(open, [workflow], async (bench) => {
      await start(bench, workflow, undefined, "race");
      await until(bench, () => ran.length === 3);
      door.resolve();
      await until(bench, async () => (await viewOf(bench, "race")).stepsRecorded === 3);
      isSecondLife = true;
      await bench.reopen?.("crash", [workflow]);
      const handle = await settle(bench, bench.engine.handle("race"));
      assert.equal(await settle(bench, handle?.result() ?? forever()), "winner");
      assert.deepEqual(ran, ["early", "lost 0", "lost 1", "after"]);
    });
  },

  "starts the branches again when nobody had won": async (open) => {
    const ran: string[] = [];
    let isSecondLife = false;
    const workflow = defineWorkflow("open race", (ctx) =>
      ctx.race(
        ["a", "b"].map(
          (name) => (side) =>
            side.step(name, async () => {
              ran.push(name);
              return isSecondLife && name === "b" ? name : forever();
            }),
        ),
      ),
    );
    await onEngine(open, [workflow], async (bench) => {
      await start(bench, workflow, undefined, "race");
      await until(bench, () => ran.length === 2);
      isSecondLife = true;
      await bench.reopen?.("crash", [workflow]);
      const handle = await settle(bench, bench.engine.handle("race"));
      assert.equal(await settle(bench, handle?.result() ?? forever()), "b");
      assert.deepEqual(ran, ["a", "b", "a", "b"]);
    });
  },
};
