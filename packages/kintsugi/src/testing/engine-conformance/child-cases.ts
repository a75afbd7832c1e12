import assert from "node:assert/strict";

import { defineWorkflow } from "../../workflow/index.ts";
import {
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
import { ID, onCrash } from "./reopened.ts";

const numberSchema = {
  "~standard": {
    version: 1 as const,
    vendor: "test",
    validate: (value: unknown) =>
      typeof value === "number" ? { value } : { issues: [{ message: "must be a number" }] },
  },
};

const double = defineWorkflow("double", { input: numberSchema }, async (_ctx, n: number) => n * 2);

export const childCases: EngineCases = {
  "are named after the number of the step that starts them": async (open) => {
    const parent = defineWorkflow("parent", async (ctx) => {
      await ctx.step("before", () => {});
      return ctx.all([3, 1, 2].map((n) => (side) => side.child(double, n)));
    });
    await onEngine(open, [double, parent], async (bench) => {
      assert.deepEqual(await resultOf(bench, parent, undefined, "p"), [6, 2, 4]);
      for (const [at, id] of ["p/1", "p/2", "p/3"].entries()) {
        const child = await viewOf(bench, id);
        assert.deepEqual([child.parentId, child.workflow], ["p", "double"]);
        const [step] = (await settle(bench, bench.engine.steps("p", 3 - at))) ?? [];
        assert.equal(step?.childId, id);
      }
    });
  },

  "are a hundred at once, each a run": async (open) => {
    const numbers = Array.from({ length: 100 }, (_, number) => number);
    const parent = defineWorkflow("many", (ctx) =>
      ctx.all(numbers.map((n) => (side) => side.child(double, n))),
    );
    await onEngine(open, [double, parent], async (bench) => {
      assert.deepEqual(
        await resultOf(bench, parent, undefined, "p"),
        numbers.map((n) => n * 2),
      );
      const filter = { parentId: "p", status: "completed" } as const;
      assert.equal(await settle(bench, bench.engine.count(filter)), 100);
    });
  },

  "are one run when two parents give them one id": async (open) => {
    let ran = 0;
    const shared = defineWorkflow("shared", (ctx) =>
      ctx.step("work", () => {
        ran += 1;
        return "shared";
      }),
    );
    const parent = defineWorkflow("parent", (ctx) => ctx.child(shared, undefined, { id: "one" }));
    await onEngine(open, [shared, parent], async (bench) => {
      const [a, b] = await Promise.all(["a", "b"].map((id) => start(bench, parent, undefined, id)));
      assert.equal(await settle(bench, a?.result() ?? forever()), "shared");
      assert.equal(await settle(bench, b?.result() ?? forever()), "shared");
      assert.equal(ran, 1);
    });
  },

  "are refused an id that a run of another workflow has": async (open) => {
    const other = defineWorkflow("other", async () => 1);
    const parent = defineWorkflow("parent", (ctx) => ctx.child(double, 1, { id: "taken" }));
    await onEngine(open, [double, other, parent], async (bench) => {
      await resultOf(bench, other, undefined, "taken");
      const error = await failureOf(resultOf(bench, parent, undefined));
      assert.equal(error.code, "KINTSUGI_RUN_ID_TAKEN");
      assert.equal(
        error.message,
        '"taken" is a run of workflow "other", so no run of "double" can have that id',
      );
    });
  },

  "are refused input that does not fit, and tell their parent": async (open) => {
    const parent = defineWorkflow("parent", (ctx) =>
      ctx.child(double, "much" as never).catch((error: Error) => error.message),
    );
    await onEngine(open, [double, parent], async (bench) => {
      const told = await resultOf(bench, parent, undefined, "p");
      assert.equal(told, 'The input of workflow "double" was refused: must be a number');
      assert.equal(await settle(bench, bench.engine.get("p/0")), undefined);
    });
  },

  "hand their error to their parent, which may go on without them": async (open) => {
    const child = defineWorkflow("child", (ctx) =>
      ctx.step("lift", () => {
        throw Object.assign(new RangeError("too heavy"), { code: "E_LIFT" });
      }),
    );
    const parent = defineWorkflow("parent", (ctx) =>
      ctx
        .child(child, undefined)
        .catch((error: Error & { code?: string }) => [error.name, error.message, error.code]),
    );
    await onEngine(open, [child, parent], async (bench) => {
      const told = await resultOf(bench, parent, undefined, "p");
      assert.deepEqual(told, ["RangeError", "too heavy", "E_LIFT"]);
      assert.equal((await viewOf(bench, "p/0")).status, "dead");
    });
  },

  "are replayed with the parent that died of them, down to the one that failed": async (open) => {
    let isMended = false;
    const ran: string[] = [];
    const leaf = defineWorkflow("leaf", async (ctx) => {
      await ctx.step("kept", () => ran.push("kept"));
      return ctx.step("broken", () => {
        ran.push("broken");
        if (!isMended) throw new Error("broken");
        return "mended";
      });
    });
    const middle = defineWorkflow("middle", (ctx) => ctx.child(leaf, undefined));
    const root = defineWorkflow("root", (ctx) => ctx.child(middle, undefined));
    await onEngine(open, [leaf, middle, root], async (bench) => {
      if (!bench.engine.can.replayDead) return;
      await failureOf(resultOf(bench, root, undefined, "run"));
      isMended = true;
      const handle = await settle(bench, bench.engine.replay("run"));
      assert.equal(await settle(bench, handle.result()), "mended");
      assert.deepEqual(ran, ["kept", "broken", "broken"]);
    });
  },

  "hear signals of their own": async (open) => {
    const child = defineWorkflow("child", (ctx) => ctx.waitFor("go"));
    const parent = defineWorkflow("parent", (ctx) =>
      Promise.all([ctx.waitFor("go"), ctx.child(child, undefined)]),
    );
    await onEngine(open, [child, parent], async (bench) => {
      const handle = await start(bench, parent, undefined, "p");
      await until(bench, async () => (await bench.engine.get("p/1"))?.waiting ?? false);
      const childHandle = await settle(bench, bench.engine.handle("p/1"));
      await settle(bench, childHandle?.signal("go", "for the child") ?? forever());
      await settle(bench, handle.signal("go", "for the parent"));
      assert.deepEqual(await settle(bench, handle.result()), ["for the parent", "for the child"]);
    });
  },
};

export const childCrashCases: EngineCases = {
  "that have ended are not started again": async (open) => {
    let ran = 0;
    let isSecondLife = false;
    const child = defineWorkflow("child", (ctx) =>
      ctx.step("once", () => {
        ran += 1;
        return ran;
      }),
    );
    const parent = defineWorkflow("parent", async (ctx) => {
      const result = await ctx.child(child, undefined);
      await ctx.step("hang", () => (isSecondLife ? undefined : forever()));
      return result;
    });
    await onCrash(open, [parent, child], async (bench) => {
      await until(bench, async () => (await viewOf(bench, ID)).stepsRecorded === 1);
      isSecondLife = true;
      await bench.reopen("crash");
      assert.equal(await bench.result(), 1);
      assert.equal(await settle(bench, bench.engine.count({ parentId: ID })), 1);
    });
  },

  "wake their parent when they end in a later life": async (open) => {
    const child = defineWorkflow("child", (ctx) => ctx.waitFor("go"));
    const parent = defineWorkflow("parent", (ctx) => ctx.child(child, undefined));
    await onCrash(open, [parent, child], async (bench) => {
      await until(bench, async () => (await bench.engine.get(`${ID}/0`))?.waiting ?? false);
      await bench.reopen("stop");
      await untilItWaits(bench, ID);
      const handle = await settle(bench, bench.engine.handle(`${ID}/0`));
      await settle(bench, handle?.signal("go", "gone") ?? forever());
      assert.equal(await bench.result(), "gone");
    });
  },

  "that died stay dead, and so does what their parent made of it": async (open) => {
    let isSecondLife = false;
    let failures = 0;
    const child = defineWorkflow("child", (ctx) =>
      ctx.step("fail", () => {
        failures += 1;
        throw new Error("dead");
      }),
    );
    const parent = defineWorkflow("parent", async (ctx) => {
      const told = await ctx.child(child, undefined).catch((error: Error) => error.message);
      await ctx.step("hang", () => (isSecondLife ? undefined : forever()));
      return told;
    });
    await onCrash(open, [parent, child], async (bench) => {
      await until(bench, async () => (await viewOf(bench, ID)).stepsRecorded === 1);
      isSecondLife = true;
      await bench.reopen("crash");
      assert.equal(await bench.result(), "dead");
      assert.equal(failures, 1);
    });
  },
};
