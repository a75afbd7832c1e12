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
  until,
  viewOf,
} from "./bench.ts";
import { ID, onCrash } from "./reopened.ts";

type Told = Error & { readonly code?: unknown; readonly step?: unknown };

/** What the code of a workflow catches when a step throws this. */
const caught = (thrown: () => unknown) =>
  defineWorkflow("catches", async (ctx) => {
    const failing = ctx.step("fail", () => {
      throw thrown();
    });
    return failing.then(
      () => "nothing was thrown",
      (error: Told) => error,
    );
  });

export const errorCases: EngineCases = {
  "keep their code, be it text or a number": async (open) => {
    for (const code of ["ECONNRESET", 429]) {
      const workflow = caught(() => Object.assign(new Error("no"), { code }));
      await onEngine(open, [workflow], async (bench) => {
        const error = (await resultOf(bench, workflow, undefined)) as Told;
        assert.deepEqual([error.message, error.code, error.step], ["no", code, "fail"]);
      });
    }
  },

  "keep their causes, and the causes of those": async (open) => {
    const root = Object.assign(new TypeError("root"), { code: "E_ROOT" });
    const workflow = caught(
      () => new Error("top", { cause: new Error("middle", { cause: root }) }),
    );
    await onEngine(open, [workflow], async (bench) => {
      const top = (await resultOf(bench, workflow, undefined)) as Told;
      const middle = top.cause as Told;
      const found = middle.cause as Told;
      assert.deepEqual([top.message, middle.message, found.message], ["top", "middle", "root"]);
      assert.deepEqual([found.name, found.code], ["TypeError", "E_ROOT"]);
    });
  },

  "are errors also when something else was thrown": async (open) => {
    const thrown: [unknown, string][] = [
      ["a text", "a text"],
      [42, "42"],
      [undefined, "undefined"],
      [null, "null"],
      [{ message: "an object", status: 500 }, "an object"],
      [Object.create(null), "Something was thrown that has no text"],
      [Symbol("sign"), "Symbol(sign)"],
    ];
    const workflow = defineWorkflow("strange", async (ctx) => {
      const told: unknown[] = [];
      for (const [at, [value]] of thrown.entries()) {
        const fail = (): never => {
          throw value;
        };
        await ctx.step(`${at}`, fail).catch((error: Error) => {
          told.push(error instanceof Error && error.message);
        });
      }
      return told;
    });
    await comesTo(
      open,
      workflow,
      thrown.map(([, message]) => message),
    );
  },

  "are the same whether they are thrown or rejected with": async (open) => {
    const workflow = defineWorkflow("both", async (ctx) => {
      const thrown = ctx.step("thrown", () => {
        throw new RangeError("no");
      });
      const rejected = ctx.step("rejected", () => Promise.reject(new RangeError("no")));
      const ends = await Promise.allSettled([thrown, rejected]);
      return ends.map((end) => end.status === "rejected" && `${end.reason}`);
    });
    await comesTo(open, workflow, ["RangeError: no", "RangeError: no"]);
  },

  "may be long, and have any characters": async (open) => {
    const message = `${"x".repeat(60_000)} \u0000 漢 🙂 "\\ \u2028`;
    const workflow = caught(() => new Error(message));
    await onEngine(open, [workflow], async (bench) => {
      const error = (await resultOf(bench, workflow, undefined)) as Told;
      assert.equal(error.message, message);
    });
  },

  "that are caught do not fail the run": (open) =>
    comesTo(
      open,
      defineWorkflow("plan b", async (ctx) => {
        const failing = ctx.step("plan a", () => {
          throw new Error("no");
        });
        return failing.catch(() => ctx.step("plan b", () => "worked"));
      }),
      "worked",
    ),

  "name the step they came out of, also inside an error of the run's own": async (open) => {
    const workflow = defineWorkflow("wraps", async (ctx) => {
      try {
        await ctx.step("load", () => {
          throw new Error("no such file");
        });
      } catch (cause) {
        throw new Error("The report was not made", { cause });
      }
    });
    await onEngine(open, [workflow], async (bench) => {
      const error = await failureOf(resultOf(bench, workflow, undefined, "wraps"));
      assert.equal(error.message, "The report was not made");
      assert.equal((error.cause as Error).message, "no such file");
      const { error: shown } = await viewOf(bench, "wraps");
      assert.deepEqual(shown, { name: "Error", message: "The report was not made", step: "load" });
    });
  },

  "name no step when the code itself threw them": async (open) => {
    const workflow = defineWorkflow("itself", async (ctx) => {
      await ctx.step("fine", () => 1);
      throw new TypeError("x is undefined");
    });
    await onEngine(open, [workflow], async (bench) => {
      const error = await failureOf(resultOf(bench, workflow, undefined, "itself"));
      assert.deepEqual([error.name, error.message], ["TypeError", "x is undefined"]);
      const { error: shown, status } = await viewOf(bench, "itself");
      assert.deepEqual(shown, { name: "TypeError", message: "x is undefined", step: null });
      assert.equal(status, "dead");
    });
  },

  "are told as well when the code throws before its first call": async (open) => {
    const workflow = defineWorkflow("at once", () => {
      throw new Error("not even a promise");
    });
    await onEngine(open, [workflow], async (bench) => {
      const error = await failureOf(resultOf(bench, workflow, undefined));
      assert.equal(error.message, "not even a promise");
    });
  },

  "say which option of a step means nothing": async (open) => {
    const workflow = defineWorkflow("options", async (ctx) => {
      const wrong = [
        { maxAttempts: 0 },
        { timeout: "soon" as "1s" },
        { retryDelay: -1, maxAttempts: 2 },
      ];
      const told: string[] = [];
      for (const [at, options] of wrong.entries()) {
        const work = (): never => assert.fail("must not run");
        await ctx.step(`${at}`, work, options).catch((error: Error) => told.push(error.message));
      }
      return told;
    });
    await onEngine(open, [workflow], async (bench) => {
      const told = await resultOf(bench, workflow, undefined);
      assert.deepEqual(
        told.map((message) => /got .*/.exec(message)?.[0]),
        ["got 0", 'got "soon"', "got -1"],
      );
    });
  },
};

export const errorCrashCases: EngineCases = {
  "are the same to a later process, and no step fails twice": async (open) => {
    let failures = 0;
    let isSecondLife = false;
    const workflow = defineWorkflow("again", async (ctx) => {
      const failing = ctx.step("fail", () => {
        failures += 1;
        throw Object.assign(new SyntaxError("no", { cause: new Error("why") }), { code: "E_NO" });
      });
      const { name, message, code, cause } = await failing.catch((error: Told) => error);
      await ctx.step("hang", () => (isSecondLife ? undefined : forever()));
      return [name, message, code, (cause as Error).message];
    });
    await onCrash(open, [workflow], async (bench) => {
      await until(bench, async () => (await viewOf(bench, ID)).stepsRecorded === 1);
      isSecondLife = true;
      await bench.reopen("crash");
      assert.deepEqual(await bench.result(), ["SyntaxError", "no", "E_NO", "why"]);
      assert.equal(failures, 1);
    });
  },

  "of dead runs are told to whoever asks after a restart": async (open) => {
    const workflow = defineWorkflow("dies", async () => {
      throw Object.assign(new RangeError("for good"), { code: "E_END" });
    });
    await onCrash(open, [workflow], async (bench) => {
      await failureOf(bench.result());
      await bench.reopen("crash");
      const error = await failureOf(bench.result());
      assert.deepEqual(
        [error.name, error.message, error.code],
        ["RangeError", "for good", "E_END"],
      );
      const view = await settle(bench, bench.engine.get(ID));
      assert.equal(view?.status, "dead");
    });
  },
};
