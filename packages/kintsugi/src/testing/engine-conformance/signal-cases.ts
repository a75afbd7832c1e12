import assert from "node:assert/strict";

import { defineWorkflow } from "../../workflow/index.ts";
import {
  type EngineCases,
  failureOf,
  forever,
  onEngine,
  settle,
  start,
  until,
  untilItWaits,
  viewOf,
} from "./bench.ts";
import { ID, onCrash } from "./reopened.ts";

export const signalCases: EngineCases = {
  "go one to each of two waits for one name, in the order of the waits": async (open) => {
    const workflow = defineWorkflow("two waits", (ctx) =>
      Promise.all([ctx.waitFor("go"), ctx.waitFor("go")]),
    );
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined);
      await untilItWaits(bench, handle.id);
      for (const payload of ["first", "second"]) {
        await settle(bench, handle.signal("go", payload));
      }
      assert.deepEqual(await settle(bench, handle.result()), ["first", "second"]);
    });
  },

  "are kept for the next wait when the one before has run out of time": async (open) => {
    const door = Promise.withResolvers<void>();
    const workflow = defineWorkflow("too late", async (ctx) => {
      const first = await ctx.waitFor("go", { timeout: 10 });
      await ctx.step("between", () => door.promise);
      return [first, await ctx.waitFor("go", { timeout: "1h" })];
    });
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined);
      await until(bench, async () => (await viewOf(bench, handle.id)).stepsRecorded === 1);
      await settle(bench, handle.signal("go", "late"));
      door.resolve();
      assert.deepEqual(await settle(bench, handle.result()), [null, "late"]);
    });
  },

  "do not wake waits for other names": async (open) => {
    const workflow = defineWorkflow("deaf", (ctx) => ctx.waitFor("mine"));
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined);
      await untilItWaits(bench, handle.id);
      for (const name of ["Mine", "mine ", "", "__proto__"]) {
        await settle(bench, handle.signal(name, name));
      }
      await bench.pass(10);
      assert.equal((await viewOf(bench, handle.id)).waiting, true);
      await settle(bench, handle.signal("mine", "at last"));
      assert.equal(await settle(bench, handle.result()), "at last");
    });
  },

  "have names of any characters": async (open) => {
    const names = ["", " ", "a/b", "__proto__", "ja: 漢字 🙂", "\ud800", "line\nbreak", "'; --"];
    const workflow = defineWorkflow("names", async (ctx) => {
      const found: unknown[] = [];
      for (const name of names) found.push(await ctx.waitFor(name));
      return found;
    });
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined);
      for (const name of names.toReversed()) await settle(bench, handle.signal(name, { name }));
      assert.deepEqual(
        await settle(bench, handle.result()),
        names.map((name) => ({ name })),
      );
    });
  },

  "that carry nothing are no time that is up": async (open) => {
    const workflow = defineWorkflow("empty", (ctx) => ctx.waitFor("go", { timeout: "1h" }));
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined);
      await settle(bench, handle.signal("go"));
      assert.equal(await settle(bench, handle.result()), undefined);
    });
  },

  "carry a copy, which the sender cannot change any more": async (open) => {
    const workflow = defineWorkflow("copy", (ctx) => ctx.waitFor("go"));
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined);
      const payload = { list: [1] };
      const sent = settle(bench, handle.signal("go", payload));
      payload.list.push(2);
      await sent;
      assert.deepEqual(await settle(bench, handle.result()), { list: [1] });
    });
  },

  "are refused when they cannot be recorded, and the run waits on": async (open) => {
    const workflow = defineWorkflow("careful", (ctx) => ctx.waitFor("go"));
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined);
      const error = await failureOf(settle(bench, handle.signal("go", { to: [Symbol("x")] })));
      assert.equal(error.code, "KINTSUGI_UNRECORDABLE");
      assert.match(error.message, /^payload\.to\[0\] of signal "go" to run ".*" is a symbol/);
      await settle(bench, handle.signal("go", "fine"));
      assert.equal(await settle(bench, handle.result()), "fine");
    });
  },

  "are a thousand that nobody asked for, and no more": async (open) => {
    const workflow = defineWorkflow("flooded", (ctx) => ctx.waitFor("go"));
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined, "flooded");
      const sent = Array.from({ length: 1_000 }, (_, at) => handle.signal("noise", at));
      await settle(bench, Promise.all(sent));
      const error = await failureOf(settle(bench, handle.signal("noise", "one too many")));
      assert.equal(error.code, "KINTSUGI_SIGNALS_FULL");
      assert.equal(
        error.message,
        'Run "flooded" has 1000 signals that it has not asked for, and takes no more',
      );
    });
  },

  "can come from a step of another run": async (open) => {
    const receiver = defineWorkflow("receiver", (ctx) => ctx.waitFor("news"));
    await onEngine(open, [receiver], async (bench) => {
      const sender = defineWorkflow("sender", (ctx) =>
        ctx.step("send", async () => {
          await (await bench.engine.handle("receiver"))?.signal("news", ctx.runId);
        }),
      );
      const handle = await start(bench, receiver, undefined, "receiver");
      const sent = await start(bench, sender, undefined, "sender");
      await settle(bench, sent.result());
      assert.equal(await settle(bench, handle.result()), "sender");
    });
  },
};

export const signalCrashCases: EngineCases = {
  "go before a time that was up while nobody was there": async (open) => {
    const workflow = defineWorkflow("in time", (ctx) => ctx.waitFor("go", { timeout: 120 }));
    await onCrash(open, [workflow], async (bench) => {
      await untilItWaits(bench, ID);
      const handle = await settle(bench, bench.engine.handle(ID));
      assert.ok(handle);
      const crashed = handle.signal("go", "in time").then(() => bench.reopen("crash", []));
      await settle(bench, crashed);
      await bench.pass(150);
      bench.engine.register(workflow);
      assert.equal(await bench.result(), "in time");
    });
  },

  "are taken once, and a replay finds the same ones": async (open) => {
    let isSecondLife = false;
    const workflow = defineWorkflow("taken", async (ctx) => {
      const first = await ctx.waitFor("go");
      const second = await ctx.waitFor("go");
      await ctx.step("hang", () => (isSecondLife ? undefined : forever()));
      return [first, second, await ctx.waitFor("go")];
    });
    await onCrash(open, [workflow], async (bench) => {
      const handle = await settle(bench, bench.engine.handle(ID));
      for (const payload of [1, 2, 3])
        await settle(bench, handle?.signal("go", payload) ?? forever());
      await until(bench, async () => (await viewOf(bench, ID)).stepsRecorded === 2);
      isSecondLife = true;
      await bench.reopen("crash");
      assert.deepEqual(await bench.result(), [1, 2, 3]);
    });
  },

  "that a run was too late for stay null to it": async (open) => {
    let isSecondLife = false;
    const workflow = defineWorkflow("null", async (ctx) => {
      const gone = await ctx.waitFor("go", { timeout: 5 });
      await ctx.step("hang", () => (isSecondLife ? undefined : forever()));
      return gone;
    });
    await onCrash(open, [workflow], async (bench) => {
      await until(bench, async () => (await viewOf(bench, ID)).stepsRecorded === 1);
      const handle = await settle(bench, bench.engine.handle(ID));
      await settle(bench, handle?.signal("go", "late") ?? forever());
      isSecondLife = true;
      await bench.reopen("crash");
      assert.equal(await bench.result(), null);
    });
  },
};
