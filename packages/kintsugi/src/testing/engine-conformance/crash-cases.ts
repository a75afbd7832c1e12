import assert from "node:assert/strict";

import { defineWorkflow } from "../../workflow/index.ts";
import {
  type EngineCases,
  failureOf,
  forever,
  settle,
  until,
  untilItWaits,
  viewOf,
} from "./bench.ts";
import { ID, onCrash } from "./reopened.ts";

export const crashCases: EngineCases = {
  "goes on by itself: what is recorded stays, what was in flight runs again": async (open) => {
    const ran: [string, number, string][] = [];
    let isSecondLife = false;
    const workflow = defineWorkflow("go on", async (ctx) => {
      const first = await ctx.step("first", ({ attempt, idempotencyKey }) => {
        ran.push(["first", attempt, idempotencyKey]);
        return 1;
      });
      return ctx.step("second", ({ attempt, idempotencyKey }) => {
        ran.push(["second", attempt, idempotencyKey]);
        return isSecondLife ? first + 1 : forever();
      });
    });
    await onCrash(open, [workflow], async (bench) => {
      await until(bench, () => ran.length === 2);
      isSecondLife = true;
      await bench.reopen("crash");
      assert.equal(await bench.result(), 2);
      const second = ["second", 1, ran[1]?.[2]];
      assert.deepEqual(ran.slice(1), [second, second]);
      assert.notEqual(ran[0]?.[2], ran[1]?.[2]);
      assert.equal((await viewOf(bench, ID)).stepsRecorded, 2);
    });
  },

  "does not pay for a crash with a retry": async (open) => {
    const attempts: number[] = [];
    const workflow = defineWorkflow("retries", (ctx) =>
      ctx.step(
        "flaky",
        ({ attempt }) => {
          attempts.push(attempt);
          if (attempts.length === 2) return forever();
          if (attempt === 1) throw new Error("once more");
          return "done";
        },
        { maxAttempts: 2, retryDelay: 1 },
      ),
    );
    await onCrash(open, [workflow], async (bench) => {
      await until(bench, () => attempts.length === 2);
      await bench.reopen("crash");
      assert.equal(await bench.result(), "done");
      assert.deepEqual(attempts, [1, 2, 1, 2]);
    });
  },

  "hands outcomes out in the order in which the branches went on": async (open) => {
    const slow = Promise.withResolvers<string>();
    let started = 0;
    let isSecondLife = false;
    const workflow = defineWorkflow("chains", (ctx) =>
      Promise.all(
        ["slow", "quick", "quicker"].map(async (name) => {
          const found = await ctx.step("find", () => (name === "slow" ? slow.promise : name));
          const same = await ctx.step("check", () => found);
          return ctx.step("keep", () => {
            started += 1;
            return isSecondLife ? same : forever();
          });
        }),
      ),
    );
    await onCrash(open, [workflow], async (bench) => {
      await until(bench, () => started === 2);
      slow.resolve("slow");
      await until(bench, () => started === 3);
      isSecondLife = true;
      await bench.reopen("crash");
      assert.deepEqual(await bench.result(), ["slow", "quick", "quicker"]);
    });
  },

  "wakes when the sleep was to end, not that much later": async (open) => {
    const workflow = defineWorkflow("sleeper", async (ctx) => {
      const beforeMs = await ctx.now();
      await ctx.sleep(400);
      return (await ctx.now()) - beforeMs;
    });
    await onCrash(open, [workflow], async (bench) => {
      await untilItWaits(bench, ID);
      await bench.pass(300);
      await bench.reopen("crash");
      const sleptMs = (await bench.result()) as number;
      assert.ok(sleptMs >= 400, `slept ${sleptMs} ms`);
      assert.equal((await viewOf(bench, ID)).crashes, 0);
    });
  },

  "keeps the signals that came before, and takes those that come after": async (open) => {
    const workflow = defineWorkflow("letters", async (ctx) => [
      await ctx.waitFor("open"),
      await ctx.waitFor("a"),
      await ctx.waitFor("b"),
    ]);
    await onCrash(open, [workflow], async (bench) => {
      const handle = await settle(bench, bench.engine.handle(ID));
      assert.ok(handle);
      await settle(bench, handle.signal("b", "early"));
      await bench.reopen("crash");
      const again = await settle(bench, bench.engine.handle(ID));
      assert.ok(again);
      await settle(bench, again.signal("open", 1));
      await bench.reopen("stop");
      const third = await settle(bench, bench.engine.handle(ID));
      assert.ok(third);
      await settle(bench, third.signal("a", 2));
      assert.deepEqual(await bench.result(), [1, 2, "early"]);
    });
  },

  "wakes for a signal that was taken just before the crash": async (open) => {
    const workflow = defineWorkflow("called", (ctx) => ctx.waitFor("call"));
    await onCrash(open, [workflow], async (bench) => {
      await untilItWaits(bench, ID);
      const handle = await settle(bench, bench.engine.handle(ID));
      assert.ok(handle);
      // At the very moment at which the signal is durable: the run itself has recorded nothing of it.
      const crashed = handle.signal("call", "hello").then(() => bench.reopen("crash"));
      await settle(bench, crashed);
      assert.equal(await bench.result(), "hello");
    });
  },

  "takes its child along that was not cancelled yet when the process crashed": async (open) => {
    const child = defineWorkflow("child", (ctx) => ctx.step("long", forever));
    const parent = defineWorkflow("parent", (ctx) => ctx.child(child, undefined));
    await onCrash(open, [parent, child], async (bench) => {
      await until(bench, async () => (await bench.engine.get(`${ID}/0`)) !== undefined);
      const handle = await settle(bench, bench.engine.handle(ID));
      assert.ok(handle);
      // The parent's end is durable at this very moment, and that of the child on its way at best.
      const crashed = handle.result().catch(() => bench.reopen("crash"));
      handle.cancel().catch(() => {});
      await settle(bench, crashed);
      assert.equal((await viewOf(bench, ID)).status, "cancelled");
      await until(bench, async () => (await viewOf(bench, `${ID}/0`)).status === "cancelled");
    });
  },

  "meets its child again, which has gone on as well": async (open) => {
    let ran = 0;
    const door = Promise.withResolvers<void>();
    const child = defineWorkflow("child", async (ctx) => {
      const first = await ctx.step("once", () => {
        ran += 1;
        return "from the child";
      });
      await ctx.step("door", () => door.promise);
      return first;
    });
    const parent = defineWorkflow("parent", (ctx) => ctx.child(child, undefined));
    await onCrash(open, [parent, child], async (bench) => {
      await until(bench, async () => (await bench.engine.get(`${ID}/0`))?.stepsRecorded === 1);
      await bench.reopen("crash");
      door.resolve();
      assert.equal(await bench.result(), "from the child");
      assert.equal(ran, 1);
      assert.equal((await viewOf(bench, ID)).crashes, 0);
    });
  },

  "goes on after an end in order, too, and counts no crash": async (open) => {
    let started = 0;
    let hasCaught = false;
    const door = Promise.withResolvers<string>();
    const workflow = defineWorkflow("orderly", (ctx) => {
      const step = ctx.step("work", ({ signal }) => {
        started += 1;
        if (started === 2) return door.promise;
        return new Promise<string>((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        });
      });
      return step.catch(() => {
        hasCaught = true;
        return "caught";
      });
    });
    await onCrash(open, [workflow], async (bench) => {
      await until(bench, () => started === 1);
      const handle = await settle(bench, bench.engine.handle(ID));
      const waiting = failureOf(handle?.result() ?? forever());
      await bench.reopen("stop");
      assert.equal((await waiting).code, "KINTSUGI_ENGINE_STOPPED");
      await until(bench, () => started === 2);
      assert.equal((await viewOf(bench, ID)).crashes, 0);
      door.resolve("worked");
      assert.equal(await bench.result(), "worked");
      assert.equal(hasCaught, false, "an end in order is no failure of a step");
    });
  },

  "dies when its code has changed under it, naming both steps": async (open) => {
    const before = defineWorkflow("changed", async (ctx) => {
      await ctx.step("fetch", () => 1);
      await ctx.step("hang", forever);
    });
    const after = defineWorkflow("changed", async (ctx) => {
      await ctx.step("parse", () => 2).catch(() => "nobody may catch this");
    });
    await onCrash(open, [before], async (bench) => {
      await until(bench, async () => (await viewOf(bench, ID)).stepsRecorded === 1);
      await bench.reopen("crash", [after]);
      const error = await failureOf(bench.result());
      assert.equal(error.code, "KINTSUGI_DETERMINISM");
      for (const word of ["Step 0", `"${ID}"`, 'step "fetch"', 'step "parse"']) {
        assert.ok(error.message.includes(word), `${error.message} does not say ${word}`);
      }
      assert.equal((await viewOf(bench, ID)).deadReason, "failed");
    });
  },
};
