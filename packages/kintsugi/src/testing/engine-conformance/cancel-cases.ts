import assert from "node:assert/strict";

import { defineWorkflow } from "../../workflow/index.ts";
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
import { ID, onCrash } from "./reopened.ts";

async function cancelled(bench: EngineBench, id: string): Promise<void> {
  const handle = await settle(bench, bench.engine.handle(id));
  assert.ok(handle);
  await settle(bench, handle.cancel());
  const error = await failureOf(settle(bench, handle.result()));
  assert.equal(error.code, "KINTSUGI_RUN_CANCELLED");
  assert.equal(error.message, `Run "${id}" was cancelled`);
}

export const cancelCases: EngineCases = {
  "ends at once while it waits for a signal": async (open) => {
    const workflow = defineWorkflow("waits", (ctx) => ctx.waitFor("never"));
    await onEngine(open, [workflow], async (bench) => {
      await start(bench, workflow, undefined, "run");
      await untilItWaits(bench, "run");
      await cancelled(bench, "run");
    });
  },

  "ends at once between two attempts, and there is no other": async (open) => {
    let attempts = 0;
    const workflow = defineWorkflow("retries", (ctx) =>
      ctx.step(
        "flaky",
        () => {
          attempts += 1;
          throw new Error("not yet");
        },
        { maxAttempts: 5, retryDelay: "10m" },
      ),
    );
    await onEngine(open, [workflow], async (bench) => {
      await start(bench, workflow, undefined, "run");
      await until(bench, () => attempts === 1);
      await cancelled(bench, "run");
      await bench.pass(20);
      assert.equal(attempts, 1);
    });
  },

  "ends at once though a step does not heed its signal, and records nothing of it": async (
    open,
  ) => {
    const door = Promise.withResolvers<string>();
    let begun = false;
    const workflow = defineWorkflow("deaf", (ctx) =>
      ctx.step("deaf", () => {
        begun = true;
        return door.promise;
      }),
    );
    await onEngine(open, [workflow], async (bench) => {
      await start(bench, workflow, undefined, "run");
      await until(bench, () => begun);
      await cancelled(bench, "run");
      door.resolve("too late");
      await bench.pass(20);
      assert.deepEqual(await settle(bench, bench.engine.steps("run", 10)), []);
      assert.equal((await viewOf(bench, "run")).status, "cancelled");
    });
  },

  "hears of it by ctx.signal as well": async (open) => {
    let reason: unknown;
    const workflow = defineWorkflow("hears", async (ctx) => {
      ctx.signal.addEventListener("abort", () => {
        reason = ctx.signal.reason;
      });
      await ctx.sleep("10h");
    });
    await onEngine(open, [workflow], async (bench) => {
      await start(bench, workflow, undefined, "run");
      await untilItWaits(bench, "run");
      await cancelled(bench, "run");
      await until(bench, () => reason !== undefined);
      assert.equal((reason as Error).name, "RunCancelledError");
    });
  },

  "ends once, with all branches that it had": async (open) => {
    const heard: string[] = [];
    const workflow = defineWorkflow("branches", (ctx) =>
      ctx.all(
        ["a", "b", "c"].map((name) => async (side) => {
          try {
            await side.waitFor(name);
          } catch (error) {
            heard.push(`${name}: ${(error as Error).name}`);
            throw error;
          }
        }),
      ),
    );
    await onEngine(open, [workflow], async (bench) => {
      await start(bench, workflow, undefined, "run");
      await untilItWaits(bench, "run");
      await Promise.all([cancelled(bench, "run"), cancelled(bench, "run")]);
      await until(bench, () => heard.length === 3);
      assert.deepEqual(
        heard,
        ["a", "b", "c"].map((name) => `${name}: RunCancelledError`),
      );
    });
  },

  "takes its children along, and theirs": async (open) => {
    const leaf = defineWorkflow("leaf", (ctx) => ctx.waitFor("never"));
    const middle = defineWorkflow("middle", (ctx) =>
      ctx.all([(side) => side.child(leaf, undefined), (side) => side.child(leaf, undefined)]),
    );
    const root = defineWorkflow("root", (ctx) => ctx.child(middle, undefined));
    await onEngine(open, [leaf, middle, root], async (bench) => {
      await start(bench, root, undefined, "run");
      await until(bench, async () => (await bench.engine.get("run/0/1"))?.waiting ?? false);
      await cancelled(bench, "run");
      for (const id of ["run/0", "run/0/0", "run/0/1"]) {
        assert.equal((await viewOf(bench, id)).status, "cancelled", id);
      }
    });
  },

  "tells its parent, which may go on without it": async (open) => {
    const child = defineWorkflow("child", (ctx) => ctx.waitFor("never"));
    const parent = defineWorkflow("parent", (ctx) =>
      ctx.child(child, undefined).catch((error: Error & { code?: string }) => error.code),
    );
    await onEngine(open, [child, parent], async (bench) => {
      const handle = await start(bench, parent, undefined, "run");
      await until(bench, async () => (await bench.engine.get("run/0"))?.waiting ?? false);
      await cancelled(bench, "run/0");
      assert.equal(await settle(bench, handle.result()), "KINTSUGI_RUN_CANCELLED");
    });
  },

  "stays as it ended, when that was before": async (open) => {
    const fine = defineWorkflow("fine", async () => "result");
    const broken = defineWorkflow("broken", async () => {
      throw new Error("no");
    });
    await onEngine(open, [fine, broken], async (bench) => {
      assert.equal(await resultOf(bench, fine, undefined, "fine"), "result");
      await failureOf(resultOf(bench, broken, undefined, "broken"));
      for (const [id, status] of [
        ["fine", "completed"],
        ["broken", "dead"],
      ] as const) {
        const handle = await settle(bench, bench.engine.handle(id));
        await settle(bench, handle?.cancel() ?? forever());
        assert.equal((await viewOf(bench, id)).status, status);
      }
    });
  },

  "takes no signals any more, and is no dead letter": async (open) => {
    const workflow = defineWorkflow("waits", (ctx) => ctx.waitFor("never"));
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined, "run");
      await cancelled(bench, "run");
      const error = await failureOf(settle(bench, handle.signal("never")));
      assert.equal(error.message, 'Run "run" is cancelled: it cannot take signals');
      assert.equal(await settle(bench, bench.engine.count({ status: "dead" })), 0);
      const { error: shown, deadReason } = await viewOf(bench, "run");
      assert.deepEqual([shown, deadReason], [null, null]);
    });
  },
};

export const cancelCrashCases: EngineCases = {
  "stays cancelled over a crash, and none of its code runs": async (open) => {
    let ran = 0;
    const workflow = defineWorkflow("sleeper", async (ctx) => {
      ran += 1;
      await ctx.sleep(30);
    });
    await onCrash(open, [workflow], async (bench) => {
      await untilItWaits(bench, ID);
      const handle = await settle(bench, bench.engine.handle(ID));
      const crashed = handle?.cancel().then(() => bench.reopen("crash"));
      await settle(bench, crashed ?? forever());
      await bench.pass(50);
      assert.equal((await viewOf(bench, ID)).status, "cancelled");
      assert.equal((await failureOf(bench.result())).code, "KINTSUGI_RUN_CANCELLED");
      assert.equal(ran, 1);
    });
  },

  "is cancelled as well while it is nothing but a row": async (open) => {
    const workflow = defineWorkflow("sleeper", (ctx) => ctx.sleep("10h"));
    await onCrash(open, [workflow], async (bench) => {
      await untilItWaits(bench, ID);
      await bench.reopen("stop");
      await cancelled(bench, ID);
    });
  },

  "takes its children along when none of them is in memory": async (open) => {
    const child = defineWorkflow("child", (ctx) => ctx.sleep("10h"));
    const parent = defineWorkflow("parent", (ctx) => ctx.child(child, undefined));
    await onCrash(open, [parent, child], async (bench) => {
      await until(bench, async () => (await bench.engine.get(`${ID}/0`))?.waiting ?? false);
      await bench.reopen("crash", []);
      await cancelled(bench, ID);
      assert.equal((await viewOf(bench, `${ID}/0`)).status, "cancelled");
    });
  },
};
