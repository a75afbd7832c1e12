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

export const runCases: EngineCases = {
  "is the same run under the same id": async (open) => {
    let ran = 0;
    const workflow = defineWorkflow("once", (ctx, n: number) =>
      ctx.step("count", () => {
        ran += 1;
        return n;
      }),
    );
    await onEngine(open, [workflow], async (bench) => {
      const both = [start(bench, workflow, 7, "same"), start(bench, workflow, 8, "same")];
      const [first, second] = await Promise.all(both);
      assert.equal(await settle(bench, first?.result() ?? forever()), 7);
      assert.equal(await settle(bench, second?.result() ?? forever()), 7);
      assert.equal(await resultOf(bench, workflow, 9, "same"), 7);
      assert.equal(ran, 1);
      assert.equal(await settle(bench, bench.engine.count({ workflow: "once" })), 1);
    });
  },

  "refuses its id to another workflow": async (open) => {
    const one = defineWorkflow("one", async () => 1);
    const two = defineWorkflow("two", async () => 2);
    await onEngine(open, [one, two], async (bench) => {
      await resultOf(bench, one, undefined, "taken");
      const error = await failureOf(start(bench, two, undefined, "taken"));
      assert.equal(error.code, "KINTSUGI_RUN_ID_TAKEN");
    });
  },

  "is not accepted under an empty id, or one with half a character": async (open) => {
    const workflow = defineWorkflow("nameless", async () => 1);
    await onEngine(open, [workflow], async (bench) => {
      const error = await failureOf(start(bench, workflow, undefined, ""));
      assert.equal(error.message, "A run needs an id, got an empty text");
      const half = await failureOf(start(bench, workflow, undefined, "a\ud800"));
      assert.equal(half.message, 'A run\'s id must be well-formed Unicode, got "a\\ud800"');
    });
  },

  "is not accepted when its input does not fit": async (open) => {
    const schema = {
      "~standard": {
        version: 1 as const,
        vendor: "test",
        validate: (value: unknown) =>
          typeof value === "number"
            ? { value: value * 2 }
            : { issues: [{ message: "must be a number", path: ["amount"] }] },
      },
    };
    const workflow = defineWorkflow("pay", { input: schema }, async (_ctx, n: number) => n);
    await onEngine(open, [workflow], async (bench) => {
      assert.equal(await resultOf(bench, workflow, 4), 8);
      const error = await failureOf(start(bench, workflow, "much" as never));
      assert.equal(error.code, "KINTSUGI_INPUT_REFUSED");
      assert.match(error.message, /"pay" was refused: amount: must be a number/);
      assert.equal(await settle(bench, bench.engine.count()), 1);
    });
  },

  "hands its error to the caller, and is a dead letter that says which step": async (open) => {
    const workflow = defineWorkflow("throws", async (ctx) => {
      await ctx.step("fine", () => 1);
      await ctx.step("up", () => {
        throw new RangeError("too high");
      });
    });
    await onEngine(open, [workflow], async (bench) => {
      const error = await failureOf(resultOf(bench, workflow, undefined, "dead"));
      assert.deepEqual([error.name, error.message], ["RangeError", "too high"]);
      const view = await viewOf(bench, "dead");
      assert.equal(view.status, "dead");
      assert.equal(view.deadReason, "failed");
      assert.deepEqual(view.error, { name: "RangeError", message: "too high", step: "up" });
      const dead = await settle(bench, bench.engine.list({ status: "dead" }));
      assert.deepEqual(
        dead.map(({ id }) => id),
        ["dead"],
      );
    });
  },

  "runs again from the step that failed, when it is replayed": async (open) => {
    const ran: string[] = [];
    let isMended = false;
    const work = (name: string, canFail: boolean) => () => {
      ran.push(name);
      if (canFail && !isMended) throw new Error(name);
      return name;
    };
    const workflow = defineWorkflow("mend", async (ctx) => {
      const caught = await ctx.step("caught", work("caught", true)).catch(() => "caught before");
      await ctx.step("first", work("first", false));
      const names = ["left", "right", "fine"];
      const branches = names.map((name) => () => ctx.step(name, work(name, name !== "fine")));
      return [caught, ...(await ctx.all(branches))];
    });
    await onEngine(open, [workflow], async (bench) => {
      if (!bench.engine.can.replayDead) return;
      await failureOf(resultOf(bench, workflow, undefined, "mended"));
      assert.deepEqual(ran.splice(0), ["caught", "first", "left", "right", "fine"]);
      isMended = true;
      const handle = await settle(bench, bench.engine.replay("mended"));
      const result = await settle(bench, handle.result());
      assert.deepEqual(result, ["caught before", "left", "right", "fine"]);
      assert.deepEqual(ran, ["left", "right"]);
      const again = await failureOf(settle(bench, bench.engine.replay("mended")));
      assert.equal(again.code, "KINTSUGI_RUN_STATUS");
    });
  },

  "waits for its children, each a run of its own": async (open) => {
    const child = defineWorkflow("child", (ctx, n: number) => ctx.step("double", () => n * 2));
    const parent = defineWorkflow("parent", async (ctx) => [
      await ctx.child(child, 21),
      await ctx.child(child, 4, { id: "named" }),
    ]);
    await onEngine(open, [child, parent], async (bench) => {
      assert.deepEqual(await resultOf(bench, parent, undefined, "p"), [42, 8]);
      const children = await settle(bench, bench.engine.list({ parentId: "p" }));
      assert.deepEqual(children.map(({ id }) => id).sort(), ["named", "p/0"]);
    });
  },

  "fails of a child that failed, and can be replayed with it": async (open) => {
    let isMended = false;
    const child = defineWorkflow("weak", (ctx) =>
      ctx.step("lift", () => {
        if (!isMended) throw new Error("too heavy");
        return "lifted";
      }),
    );
    const parent = defineWorkflow("strong", (ctx) => ctx.child(child, undefined));
    await onEngine(open, [child, parent], async (bench) => {
      const error = await failureOf(resultOf(bench, parent, undefined, "p"));
      assert.equal(error.message, "too heavy");
      if (!bench.engine.can.replayDead) return;
      isMended = true;
      const handle = await settle(bench, bench.engine.replay("p"));
      assert.equal(await settle(bench, handle.result()), "lifted");
    });
  },

  "ends at once when it is cancelled while it sleeps": async (open) => {
    const heard: string[] = [];
    const workflow = defineWorkflow("long", async (ctx) => {
      await ctx.step("one", () => 1);
      await ctx.sleep("10h").catch((error: Error) => heard.push(error.name));
      await ctx.step("never", () => heard.push("must not run"));
    });
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined);
      await untilItWaits(bench, handle.id);
      await settle(bench, handle.cancel());
      const error = await failureOf(settle(bench, handle.result()));
      assert.equal(error.code, "KINTSUGI_RUN_CANCELLED");
      assert.equal(await settle(bench, handle.status()), "cancelled");
      await until(bench, () => heard.length > 0);
      assert.deepEqual(heard, ["RunCancelledError"]);
      await settle(bench, handle.cancel());
    });
  },

  "tells a running step by its signal that it is cancelled, and does nothing after": async (
    open,
  ) => {
    const heard: string[] = [];
    const workflow = defineWorkflow("busy", async (ctx) => {
      try {
        await ctx.step("work", ({ signal }) => {
          heard.push("work");
          return new Promise((_, reject) => {
            signal.addEventListener("abort", () => reject(signal.reason));
          });
        });
      } catch (error) {
        heard.push((error as Error).name);
        await ctx.step("clean up", () => heard.push("must not run")).catch(() => {});
      }
    });
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined);
      await until(bench, () => heard.length === 1);
      await settle(bench, handle.cancel());
      await failureOf(settle(bench, handle.result()));
      await until(bench, () => heard.length > 1);
      assert.deepEqual(heard, ["work", "RunCancelledError"]);
    });
  },

  "is shown as cancelled, and said to be, when that outlasts a crash and not before": async (
    open,
  ) => {
    const workflow = defineWorkflow("doubted", (ctx) => ctx.waitFor("never"));
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined, "doubted");
      await untilItWaits(bench, "doubted");
      const told: string[] = [];
      const tell = (word: string) => (): void => void told.push(word);
      // All in one turn: nothing of it can be on the disk yet.
      const first = handle.cancel().then(tell("first"));
      const second = handle.cancel().then(tell("second"));
      const seen = handle.status();
      await settle(bench, seen.then(tell("seen")));
      assert.equal(await seen, "running");
      await settle(bench, Promise.all([first, second]));
      assert.deepEqual(told, ["seen", "first", "second"]);
      assert.equal((await viewOf(bench, "doubted")).status, "cancelled");
    });
  },

  "takes its children along when it is cancelled": async (open) => {
    const child = defineWorkflow("sleeper", (ctx) => ctx.sleep("10h"));
    const parent = defineWorkflow("guardian", (ctx) => ctx.child(child, undefined));
    await onEngine(open, [child, parent], async (bench) => {
      const handle = await start(bench, parent, undefined, "p");
      await until(bench, async () => (await bench.engine.get("p/0"))?.waiting ?? false);
      await settle(bench, handle.cancel());
      assert.equal((await viewOf(bench, "p/0")).status, "cancelled");
    });
  },

  "gives nothing back for an id that it does not know": (open) =>
    onEngine(open, [], async (bench) => {
      assert.equal(await settle(bench, bench.engine.get("nobody")), undefined);
      assert.equal(await settle(bench, bench.engine.handle("nobody")), undefined);
    }),

  "returns nothing as well as something": async (open) => {
    await comesTo(
      open,
      defineWorkflow("nothing", async () => {}),
      undefined,
    );
  },
};
