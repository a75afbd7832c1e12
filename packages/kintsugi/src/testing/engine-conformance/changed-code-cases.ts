import assert from "node:assert/strict";

import { defineWorkflow, type WorkflowContext } from "../../workflow/index.ts";
import { type EngineCases, failureOf, forever, type OpenEngine, until, viewOf } from "./bench.ts";
import { ID, onCrash } from "./reopened.ts";

type Code = (ctx: WorkflowContext) => Promise<unknown>;

const child = defineWorkflow("child", async () => 1);

/** Ends the process when `before` has recorded `steps` outcomes, and hands the run over to `after`. */
function onChange<T>(
  open: OpenEngine,
  steps: number,
  codes: { readonly before: Code; readonly after: Code },
  check: (result: () => Promise<unknown>) => Promise<T>,
): Promise<void> {
  let isHung = false;
  const old = defineWorkflow("changed", async (ctx) => {
    await codes.before(ctx);
    await ctx.step("hang", () => {
      isHung = true;
      return forever();
    });
  });
  const young = defineWorkflow("changed", codes.after);
  return onCrash(open, [old, child], async (bench) => {
    await until(bench, async () => isHung && (await bench.engine.steps(ID, 9)).length >= steps);
    await bench.reopen("crash", [young, child]);
    await check(() => bench.result());
    await until(bench, async () => (await viewOf(bench, ID)).status !== "running");
  });
}

/** The run dies of it, and the sentence names the number of the step and both calls. */
function breaks(
  open: OpenEngine,
  codes: { readonly before: Code; readonly after: Code },
  [number, recorded, found]: readonly [number, string, string],
): Promise<void> {
  return onChange(open, number + 1, codes, async (result) => {
    const error = await failureOf(result());
    assert.equal(error.code, "KINTSUGI_DETERMINISM");
    const sentence = `Step ${number} of run "${ID}" was recorded as ${recorded}, and the code now asks for ${found}:`;
    assert.ok(error.message.startsWith(sentence), error.message);
  });
}

const step = (ctx: WorkflowContext, name: string): Promise<string> => ctx.step(name, () => name);

async function inOrder(ctx: WorkflowContext, names: readonly string[]): Promise<string[]> {
  const results: string[] = [];
  for (const name of names) results.push(await step(ctx, name));
  return results;
}

const named =
  (...names: readonly string[]): Code =>
  (ctx) =>
    inOrder(ctx, names);

export const changedCodeCases: EngineCases = {
  "is told of a step that was taken out": (open) =>
    breaks(open, { before: named("fetch", "parse"), after: named("parse") }, [
      0,
      'step "fetch"',
      'step "parse"',
    ]),

  "is told of a step that was put in between": (open) =>
    breaks(open, { before: named("fetch", "parse"), after: named("fetch", "check", "parse") }, [
      1,
      'step "parse"',
      'step "check"',
    ]),

  "is told of a step that was given another name": (open) =>
    breaks(open, { before: named("fetch", "parse"), after: named("fetch", "read") }, [
      1,
      'step "parse"',
      'step "read"',
    ]),

  "is told of two steps that changed places": (open) =>
    breaks(open, { before: named("a", "b", "c"), after: named("a", "c", "b") }, [
      1,
      'step "b"',
      'step "c"',
    ]),

  "is told of branches that are started in another order": (open) => {
    const both = (names: readonly string[]): Code => {
      return (ctx) => ctx.all(names.map((name) => (side) => step(side, name)));
    };
    return breaks(open, { before: both(["left", "right"]), after: both(["right", "left"]) }, [
      0,
      'step "left"',
      'step "right"',
    ]);
  },

  "is told of a way that hangs on what is not recorded": (open) => {
    let coin = 0;
    const code: Code = (ctx) => {
      coin += 1;
      return step(ctx, coin === 1 ? "heads" : "tails");
    };
    return breaks(open, { before: code, after: code }, [0, 'step "heads"', 'step "tails"']);
  },

  "is told of a step inside a step, which nobody asks for again": (open) => {
    const code: Code = async (ctx) => {
      await ctx.step("outer", () => step(ctx, "inner"));
      return step(ctx, "next");
    };
    return breaks(open, { before: code, after: code }, [1, 'step "inner"', 'step "next"']);
  },

  "is told of a step in place of a sleep, which has not ended yet": (open) =>
    breaks(open, { before: async (ctx) => void ctx.sleep("10h"), after: named("work") }, [
      0,
      "a sleep",
      'step "work"',
    ]),

  "is told of a wait for another signal": (open) => {
    const wait =
      (signal: string): Code =>
      async (ctx) =>
        void ctx.waitFor(signal, { timeout: "10h" });
    return breaks(open, { before: wait("yes"), after: wait("no") }, [
      0,
      'a wait for "yes"',
      'a wait for "no"',
    ]);
  },

  "is told of chance in place of time, and of another child": async (open) => {
    await breaks(open, { before: (ctx) => ctx.now(), after: (ctx) => ctx.random() }, [
      0,
      "ctx.now()",
      "ctx.random()",
    ]);
    const other = defineWorkflow("other", async () => 2);
    const codes = {
      before: (ctx: WorkflowContext) => ctx.child(child, undefined),
      after: (ctx: WorkflowContext) => ctx.child(other, undefined),
    };
    await breaks(open, codes, [0, 'child "child"', 'child "other"']);
  },

  "cannot be kept alive by code that catches it": (open) => {
    const after: Code = async (ctx) => {
      await step(ctx, "changed").catch(() => {});
      return "alive";
    };
    return breaks(open, { before: named("fetch"), after }, [0, 'step "fetch"', 'step "changed"']);
  },

  "goes on when steps were put in behind what is recorded": (open) =>
    onChange(open, 1, { before: named("a"), after: named("a", "b", "c") }, async (result) => {
      assert.deepEqual(await result(), ["a", "b", "c"]);
    }),

  "keeps what a step returned, whatever its code does now": (open) => {
    const after: Code = (ctx) =>
      ctx.step("a", () => assert.fail("a recorded step must not run again"));
    return onChange(open, 1, { before: named("a"), after }, async (result) => {
      assert.equal(await result(), "a");
    });
  },

  "goes on with the code of the version that it began with": (open) => {
    const code = (version: number) =>
      defineWorkflow("versions", { version }, (ctx) =>
        ctx.step(`of version ${version}`, () => (isSecondLife ? version : forever())),
      );
    let isSecondLife = false;
    return onCrash(open, [code(1)], async (bench) => {
      await until(bench, async () => (await viewOf(bench, ID)).status === "running");
      isSecondLife = true;
      await bench.reopen("crash", [code(1), code(2)]);
      assert.equal(await bench.result(), 1);
      assert.equal((await viewOf(bench, ID)).version, 1);
    });
  },

  "waits for code that nobody has registered yet": (open) => {
    let isSecondLife = false;
    const workflow = defineWorkflow("unknown", (ctx) =>
      ctx.step("work", () => (isSecondLife ? "worked" : forever())),
    );
    return onCrash(open, [workflow], async (bench) => {
      isSecondLife = true;
      await bench.reopen("crash", []);
      await bench.pass(20);
      assert.equal((await viewOf(bench, ID)).status, "running");
      bench.engine.register(workflow);
      assert.equal(await bench.result(), "worked");
    });
  },
};
