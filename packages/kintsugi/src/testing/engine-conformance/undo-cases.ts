import assert from "node:assert/strict";

import { defineWorkflow, type WorkflowContext } from "../../workflow/index.ts";
import {
  type EngineBench,
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

const ID = "saga";

/** What was done and undone, as the other side sees it. */
class Ledger {
  readonly lines: string[] = [];
  readonly keys = new Set<string>();

  /** A step that books `name`, and can take that back. */
  book(ctx: WorkflowContext, name: string): Promise<string> {
    return ctx.step(name, {
      run: ({ idempotencyKey }) => {
        this.keys.add(idempotencyKey);
        this.lines.push(`+${name}`);
        return `receipt of ${name}`;
      },
      undo: (result, { idempotencyKey }) => {
        assert.equal(result, `receipt of ${name}`);
        assert.ok(!this.keys.has(idempotencyKey), "an undo has a key of its own");
        this.lines.push(`-${name}`);
      },
    });
  }
}

const fail = (message: string) => (): never => {
  throw new Error(message);
};

async function replay(bench: EngineBench): Promise<unknown> {
  const handle = await settle(bench, bench.engine.replay(ID));
  return settle(bench, handle.result());
}

export const undoCases: EngineCases = {
  "undoes what was done, the last first, and then dies of its error": async (open) => {
    const ledger = new Ledger();
    const workflow = defineWorkflow("saga", async (ctx) => {
      await ledger.book(ctx, "hotel");
      await ctx.step("no undo", () => null);
      await ledger.book(ctx, "flight");
      await ctx.step("pay", fail("no money"));
    });
    await onEngine(open, [workflow], async (bench) => {
      const error = await failureOf(resultOf(bench, workflow, undefined, ID));
      assert.equal(error.message, "no money");
      assert.deepEqual(ledger.lines, ["+hotel", "+flight", "-flight", "-hotel"]);
      const view = await viewOf(bench, ID);
      assert.deepEqual([view.status, view.deadReason, view.ending], ["dead", "failed", null]);
      assert.equal(view.error?.step, "pay");
      const undos = (await settle(bench, bench.engine.steps(ID, 10))).slice(-2);
      assert.deepEqual(
        undos.map(({ kind, name, state, undoes }) => [kind, name, state, undoes]),
        [
          ["undo", "flight", "recorded", 2],
          ["undo", "hotel", "recorded", 0],
        ],
      );
    });
  },

  "undoes nothing when the run completes, and nothing that threw": async (open) => {
    const ledger = new Ledger();
    const workflow = defineWorkflow("saga", async (ctx) => {
      await ledger.book(ctx, "hotel");
      const work = { run: fail("no seat"), undo: fail("undone") };
      await ctx.step("flight", work).catch(() => {});
    });
    await onEngine(open, [workflow], async (bench) => {
      await resultOf(bench, workflow, undefined, ID);
      assert.deepEqual(ledger.lines, ["+hotel"]);
    });
  },

  "undoes parallel steps in reverse order of their outcomes": async (open) => {
    const ledger = new Ledger();
    const doors = { a: Promise.withResolvers<void>(), b: Promise.withResolvers<void>() };
    const workflow = defineWorkflow("saga", async (ctx) => {
      await ctx.all(
        (["a", "b"] as const).map(
          (name) => () =>
            ctx.step(name, {
              run: () => doors[name].promise,
              undo: () => void ledger.lines.push(`-${name}`),
            }),
        ),
      );
      throw new Error("too late");
    });
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined, ID);
      doors.b.resolve();
      await until(bench, async () => (await viewOf(bench, ID)).stepsRecorded === 1);
      doors.a.resolve();
      await failureOf(settle(bench, handle.result()));
      assert.deepEqual(ledger.lines, ["-a", "-b"]);
    });
  },

  "undoes a run that is cancelled, wherever it is": async (open) => {
    const ledger = new Ledger();
    const workflow = defineWorkflow("saga", async (ctx) => {
      await ledger.book(ctx, "hotel");
      await ctx.waitFor("never");
    });
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined, ID);
      await untilItWaits(bench, ID);
      await settle(bench, handle.cancel());
      const error = await failureOf(settle(bench, handle.result()));
      assert.equal(error.code, "KINTSUGI_RUN_CANCELLED");
      assert.deepEqual(ledger.lines, ["+hotel", "-hotel"]);
      assert.equal((await viewOf(bench, ID)).status, "cancelled");
    });
  },

  "undoes a run whose deadline comes": async (open) => {
    const ledger = new Ledger();
    const workflow = defineWorkflow("saga", async (ctx) => {
      await ledger.book(ctx, "hotel");
      await ctx.step("hung", forever);
    });
    await onEngine(open, [workflow], async (bench) => {
      const options = { id: ID, deadline: 80 };
      const handle = await settle(bench, bench.engine.run(workflow, undefined, options));
      const error = await failureOf(settle(bench, handle.result()));
      assert.equal(error.code, "KINTSUGI_RUN_DEADLINE");
      assert.deepEqual(ledger.lines, ["+hotel", "-hotel"]);
      assert.equal((await viewOf(bench, ID)).deadReason, "deadline");
    });
  },

  "shows that it ends, and why, while it is undone": async (open) => {
    const door = Promise.withResolvers<void>();
    const workflow = defineWorkflow("saga", async (ctx) => {
      await ctx.step("hotel", { run: () => null, undo: () => door.promise });
      throw new Error("no money");
    });
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined, ID);
      await until(bench, async () => (await viewOf(bench, ID)).ending === "failed");
      const view = await viewOf(bench, ID);
      assert.deepEqual([view.status, view.error?.message], ["running", "no money"]);
      door.resolve();
      await failureOf(settle(bench, handle.result()));
    });
  },

  "tries an undo as often as its step, dies of it, and a replay goes on with undoing": async (
    open,
  ) => {
    const ledger = new Ledger();
    let isBroken = true;
    const workflow = defineWorkflow("saga", async (ctx) => {
      await ledger.book(ctx, "hotel");
      const undo = (): void => {
        ledger.lines.push("-flight");
        if (isBroken) throw new Error("line is dead");
      };
      const work = { run: () => ledger.lines.push("+flight"), undo };
      await ctx.step("flight", work, { maxAttempts: 2, retryDelay: 1 });
      await ledger.book(ctx, "car");
      throw new Error("no money");
    });
    await onEngine(open, [workflow], async (bench) => {
      const error = await failureOf(resultOf(bench, workflow, undefined, ID));
      assert.equal(error.code, "KINTSUGI_UNDO_FAILED");
      assert.equal(
        error.message,
        'Run "saga" failed (no money) and could not be undone: the undo of step 1 "flight" failed' +
          ' (line is dead). Undone: step 2 "car". Not undone: step 1 "flight", step 0 "hotel"',
      );
      const done = ["+hotel", "+flight", "+car", "-car", "-flight", "-flight"];
      assert.deepEqual(ledger.lines, done);
      assert.equal((await viewOf(bench, ID)).deadReason, "undo");
      isBroken = false;
      const last = await failureOf(replay(bench));
      assert.equal(last.message, "no money");
      assert.deepEqual(ledger.lines, [...done, "-flight", "-hotel"]);
      assert.equal((await viewOf(bench, ID)).deadReason, "failed");
    });
  },

  "does again what was undone, with new keys, when it is replayed": async (open) => {
    const ledger = new Ledger();
    let isPoor = true;
    const workflow = defineWorkflow("saga", async (ctx) => {
      await ctx.step("before", () => void ledger.lines.push("before"));
      const receipt = await ledger.book(ctx, "hotel");
      await ctx.step("pay", () => (isPoor ? fail("no money")() : null));
      return receipt;
    });
    await onEngine(open, [workflow], async (bench) => {
      await failureOf(resultOf(bench, workflow, undefined, ID));
      isPoor = false;
      assert.equal(await replay(bench), "receipt of hotel");
      assert.deepEqual(ledger.lines, ["before", "+hotel", "-hotel", "+hotel"]);
      assert.equal(ledger.keys.size, 2);
    });
  },

  "undoes a child that has completed by the undo that its parent has for it": async (open) => {
    const ledger = new Ledger();
    const child = defineWorkflow("child", (ctx) => ledger.book(ctx, "child's own"));
    const workflow = defineWorkflow("saga", async (ctx) => {
      const undo = (receipt: string): void => void ledger.lines.push(`-child: ${receipt}`);
      await ctx.child(child, undefined, { undo });
      throw new Error("no money");
    });
    await onEngine(open, [workflow, child], async (bench) => {
      await failureOf(resultOf(bench, workflow, undefined, ID));
      assert.deepEqual(ledger.lines, ["+child's own", "-child: receipt of child's own"]);
    });
  },
};

export const undoCrashCases: EngineCases = {
  "goes on with undoing: what is undone stays, what was in flight runs again": async (open) => {
    const ledger = new Ledger();
    let isSecondLife = false;
    const workflow = defineWorkflow("saga", async (ctx) => {
      const undo = async (): Promise<void> => {
        ledger.lines.push("-hotel");
        if (!isSecondLife) await forever();
      };
      const run = (): void => void ledger.lines.push("+hotel");
      await ctx.step("hotel", { run, undo });
      await ledger.book(ctx, "flight");
      await ctx.step("pay", fail("no money"));
    });
    await onEngine(open, [workflow], async (bench) => {
      await start(bench, workflow, undefined, ID);
      await until(bench, () => ledger.lines.includes("-hotel"));
      isSecondLife = true;
      await bench.reopen?.("crash", [workflow]);
      const handle = await settle(bench, bench.engine.handle(ID));
      const error = await failureOf(settle(bench, handle?.result() ?? forever()));
      assert.equal(error.message, "no money");
      assert.equal(ledger.lines.filter((line) => line === "-flight").length, 1);
    });
  },

  "undoes a cancelled run that no process had in memory": async (open) => {
    const ledger = new Ledger();
    const workflow = defineWorkflow("saga", async (ctx) => {
      await ledger.book(ctx, "hotel");
      await ctx.waitFor("never");
      ledger.lines.push("after the wait");
    });
    await onEngine(open, [workflow], async (bench) => {
      await start(bench, workflow, undefined, ID);
      await untilItWaits(bench, ID);
      await bench.reopen?.("crash", [workflow]);
      const handle = await settle(bench, bench.engine.handle(ID));
      await settle(bench, handle?.cancel() ?? forever());
      const error = await failureOf(settle(bench, handle?.result() ?? forever()));
      assert.equal(error.code, "KINTSUGI_RUN_CANCELLED");
      assert.deepEqual(ledger.lines, ["+hotel", "-hotel"]);
    });
  },
};
