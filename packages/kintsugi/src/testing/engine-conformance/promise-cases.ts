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
  viewOf,
} from "./bench.ts";
import { ID, onCrash } from "./reopened.ts";

const echo = defineWorkflow("echo", (ctx, value: unknown) => ctx.step("echo", () => value));

/** Looks that are taken without any time passing. */
const LOOKS = 2_000;

export const promiseCases: EngineCases = {
  "has an id of any characters, and is found by it": async (open) => {
    const ids = [
      "../../etc/passwd",
      "..\\..\\windows",
      "a\u0000b",
      "a",
      " ",
      "%2e%2e/",
      "'; drop table runs; --",
      "__proto__",
      "CON",
      "漢 🙂",
      "e\u0301",
      "\u00e9",
      "x".repeat(10_000),
    ];
    await onEngine(open, [echo], async (bench) => {
      for (const id of ids) assert.equal(await resultOf(bench, echo, id, id), id);
      for (const id of ids) assert.equal((await viewOf(bench, id)).id, id);
      const listed = await settle(bench, bench.engine.list());
      assert.deepEqual(new Set(listed.map(({ id }) => id)), new Set(ids));
    });
  },

  "is another one each time, without an id": (open) =>
    onEngine(open, [echo], async (bench) => {
      const handles = await Promise.all([1, 2, 3].map((value) => start(bench, echo, value)));
      assert.equal(new Set(handles.map(({ id }) => id)).size, 3);
      const results = handles.map((handle) => settle(bench, handle.result()));
      assert.deepEqual(await Promise.all(results), [1, 2, 3]);
    }),

  "tells its result though nobody looks for it again and again": async (open) => {
    const door = Promise.withResolvers<string>();
    const workflow = defineWorkflow("told", (ctx) => ctx.step("wait", () => door.promise));
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined);
      let told: unknown;
      void handle.result().then((result) => {
        told = result;
      });
      door.resolve("at once");
      for (let look = 0; look < LOOKS && told === undefined; look += 1) await bench.pass(0);
      assert.equal(told, "at once");
    });
  },

  "tells all who ask, before its end and after it": async (open) => {
    const door = Promise.withResolvers<string>();
    const workflow = defineWorkflow("told", (ctx) => ctx.step("wait", () => door.promise));
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined, "run");
      const other = await settle(bench, bench.engine.handle("run"));
      const early = [handle, handle, other].map((one) => one?.result());
      door.resolve("told");
      const results = await settle(bench, Promise.all(early));
      assert.deepEqual(results, ["told", "told", "told"]);
      assert.equal(await settle(bench, handle.result()), "told");
    });
  },

  "goes on when somebody no longer wants to wait for its result": async (open) => {
    const door = Promise.withResolvers<string>();
    const workflow = defineWorkflow("goes on", (ctx) => ctx.step("wait", () => door.promise));
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined);
      const { signal, abort } = ((controller: AbortController) => ({
        signal: controller.signal,
        abort: () => controller.abort(new Error("enough")),
      }))(new AbortController());
      const given = failureOf(handle.result(signal));
      abort();
      assert.equal((await settle(bench, given)).message, "enough");
      door.resolve("still");
      assert.equal(await settle(bench, handle.result()), "still");
    });
  },

  "gives its results as copies, to each who asks": (open) =>
    onEngine(open, [echo], async (bench) => {
      const handle = await start(bench, echo, { list: [1] });
      const first = (await settle(bench, handle.result())) as { list: number[] };
      first.list.push(2);
      assert.deepEqual(await settle(bench, handle.result()), { list: [1] });
    }),

  "hands each step a key of its own, the same for each attempt": async (open) => {
    const keys: string[] = [];
    const workflow = defineWorkflow("keys", async (ctx) => {
      for (const name of ["same name", "same name"]) {
        await ctx.step(
          name,
          ({ attempt, idempotencyKey }) => {
            keys.push(idempotencyKey);
            if (attempt === 1) throw new Error("again");
          },
          { maxAttempts: 2, retryDelay: 1 },
        );
      }
    });
    await onEngine(open, [workflow], async (bench) => {
      for (const id of ["a", "b"]) await resultOf(bench, workflow, undefined, id);
      assert.equal(keys.length, 8);
      assert.equal(new Set(keys).size, 4);
      for (const at of [0, 2, 4, 6]) assert.equal(keys[at], keys[at + 1]);
    });
  },

  "cannot be begun, sent to or cancelled when the engine has stopped, and says so": async (
    open,
  ) => {
    const sleeper = defineWorkflow("sleeper", (ctx) => ctx.sleep("10h"));
    await onEngine(open, [echo, sleeper], async (bench) => {
      const handle = await start(bench, sleeper, undefined);
      await settle(bench, bench.engine.stop());
      const asked = [
        () => bench.engine.run(echo, 1),
        () => handle.signal("go"),
        () => handle.cancel(),
        () => handle.result(),
      ];
      for (const ask of asked) {
        const error = await failureOf(settle<unknown>(bench, ask()));
        assert.equal(error.message, "The workflow engine is not running");
      }
    });
  },

  "belongs to one workflow of its name and version, not to two": async (open) => {
    const twin = defineWorkflow("echo", async () => 2);
    await onEngine(open, [echo], async (bench) => {
      const error = await failureOf(start(bench, twin, undefined));
      assert.equal(error.code, "KINTSUGI_WORKFLOW_NAME_TAKEN");
      assert.equal(error.message, 'Another workflow is registered as version 1 of "echo"');
    });
  },
};

export const promiseCrashCases: EngineCases = {
  "is there from the moment on at which it was accepted": async (open) => {
    await onEngine(open, [echo], async (bench) => {
      const accepted = bench.engine.run(echo, "accepted", { id: "run" });
      await settle(
        bench,
        accepted.then(() => bench.reopen?.("crash", [echo])),
      );
      const handle = await settle(bench, bench.engine.handle("run"));
      assert.equal(await settle(bench, handle?.result() ?? forever()), "accepted");
    });
  },

  "has ended for good from the moment on at which its result was told": async (open) => {
    let ran = 0;
    const workflow = defineWorkflow("once", (ctx) =>
      ctx.step("work", () => {
        ran += 1;
        return ran;
      }),
    );
    await onCrash(open, [workflow], async (bench) => {
      const handle = await settle(bench, bench.engine.handle(ID));
      const told = handle?.result().then(() => bench.reopen("crash"));
      await settle(bench, told ?? forever());
      assert.equal((await viewOf(bench, ID)).status, "completed");
      assert.equal(await bench.result(), 1);
      assert.equal(ran, 1);
    });
  },

  "knows what its code was told, from the moment on at which it was": async (open) => {
    let made = 0;
    let isTold = false;
    let isSecondLife = false;
    const workflow = defineWorkflow("told", async (ctx) => {
      const nonce = await ctx.step("make", () => {
        made += 1;
        return made;
      });
      isTold = true;
      await ctx.step("hang", () => (isSecondLife ? undefined : forever()));
      return nonce;
    });
    await onCrash(open, [workflow], async (bench) => {
      await until(bench, () => isTold);
      isSecondLife = true;
      await bench.reopen("crash");
      assert.equal(await bench.result(), 1);
      assert.equal(made, 1);
    });
  },

  "is the same run under the same id in every life": async (open) => {
    await onEngine(open, [echo], async (bench) => {
      await resultOf(bench, echo, "first", "same");
      await bench.reopen?.("crash", [echo]);
      assert.equal(await resultOf(bench, echo, "second", "same"), "first");
      await bench.reopen?.("stop", [echo]);
      assert.equal(await resultOf(bench, echo, "third", "same"), "first");
      assert.equal(await settle(bench, bench.engine.count()), 1);
    });
  },

  "is one of a hundred that all go on, each from where it was": async (open) => {
    let begun = 0;
    let isSecondLife = false;
    const workflow = defineWorkflow("many", async (ctx, number: number) => {
      const first = await ctx.step("first", () => number);
      return ctx.step("second", () => {
        begun += 1;
        return isSecondLife ? first + 1 : forever();
      });
    });
    const numbers = Array.from({ length: 100 }, (_, number) => number);
    await onEngine(open, [workflow], async (bench) => {
      await Promise.all(numbers.map((number) => start(bench, workflow, number, `run ${number}`)));
      await until(bench, () => begun === 100);
      isSecondLife = true;
      await bench.reopen?.("crash", [workflow]);
      const results = numbers.map(async (number) => {
        const handle = await settle(bench, bench.engine.handle(`run ${number}`));
        return settle(bench, handle?.result() ?? forever());
      });
      assert.deepEqual(
        await Promise.all(results),
        numbers.map((number) => number + 1),
      );
      assert.equal(begun, 200);
    });
  },
};
