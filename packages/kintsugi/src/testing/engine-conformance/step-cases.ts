import assert from "node:assert/strict";

import { CircuitOpenError } from "@kintsugi/policy";

import { defineWorkflow } from "../../workflow/index.ts";
import {
  comesTo,
  type EngineCases,
  failureOf,
  onEngine,
  resultOf,
  settle,
  start,
  until,
  viewOf,
} from "./bench.ts";

/** Doors that are opened in another order than the one in which somebody waits before them. */
function doors(count: number): { readonly pass: (index: number) => Promise<number>; open(): void } {
  const all = Array.from({ length: count }, () => Promise.withResolvers<void>());
  let next = count - 1;
  return {
    pass: async (index) => {
      await all[index]?.promise;
      return index;
    },
    open: () => {
      all[next]?.resolve();
      next -= 1;
    },
  };
}

export const stepCases: EngineCases = {
  "run once, in order": async (open) => {
    const ran: number[] = [];
    const workflow = defineWorkflow("sums", async (ctx, count: number) => {
      let sum = 0;
      for (let index = 0; index < count; index += 1) {
        sum += await ctx.step(`add ${index}`, () => {
          ran.push(index);
          return index;
        });
      }
      return sum;
    });
    await onEngine(open, [workflow], async (bench) => {
      assert.equal(await resultOf(bench, workflow, 5), 10);
      assert.deepEqual(ran, [0, 1, 2, 3, 4]);
    });
  },

  "give rich values back as they were": (open) => {
    const rich = {
      date: new Date(0),
      map: new Map([["a", 1n]]),
      set: new Set([1]),
      bytes: new Uint8Array([1, 2]),
      missing: undefined,
      numbers: [Number.NaN, Infinity, -0],
    };
    const workflow = defineWorkflow("rich", (ctx) => ctx.step("make", () => rich));
    return comesTo(open, workflow, rich);
  },

  "fail with the name and message of the last attempt": async (open) => {
    const attempts: number[] = [];
    const workflow = defineWorkflow("fails", async (ctx) => {
      const bad = ctx.step(
        "bad",
        ({ attempt }) => {
          attempts.push(attempt);
          throw Object.assign(new Error(`boom ${attempt}`), { name: "BoomError" });
        },
        { maxAttempts: 3, retryDelay: 5 },
      );
      return bad.catch((error: Error) => [error.name, error.message]);
    });
    await comesTo(open, workflow, ["BoomError", "boom 3"]);
    assert.deepEqual(attempts, [1, 2, 3]);
  },

  "are tried again only when that can end better, or nobody knows": async (open) => {
    const failures = [
      Object.assign(new Error("wrong key"), { status: 401 }),
      Object.assign(new Error("too long"), { code: "context_length_exceeded" }),
      new TypeError("x is not a function"),
      Object.assign(new Error("reset"), { code: "ECONNRESET" }),
      Object.assign(new Error("gone"), { status: 404 }),
      new Error("nobody knows"),
      new CircuitOpenError("model", 1, false),
    ];
    const calls = failures.map(() => 0);
    const workflow = defineWorkflow("classes", async (ctx) => {
      for (const [index, failure] of failures.entries()) {
        const fail = (): never => {
          calls[index] = (calls[index] ?? 0) + 1;
          throw failure;
        };
        await ctx.step(`${index}`, fail, { maxAttempts: 3, retryDelay: 1 }).catch(() => {});
      }
    });
    await comesTo(open, workflow, undefined);
    assert.deepEqual(calls, [1, 1, 1, 3, 3, 3, 3]);
  },

  "see the same error that a later process would see": async (open) => {
    class OwnError extends Error {
      readonly code = "E_OWN";
    }
    const workflow = defineWorkflow("own error", async (ctx) => {
      const failing = ctx.step("fail", () => {
        throw new OwnError("no", { cause: new Error("because") });
      });
      const error = await failing.catch((thrown: OwnError) => thrown);
      return [error instanceof OwnError, error.code, (error.cause as Error).message];
    });
    await comesTo(open, workflow, [false, "E_OWN", "because"]);
  },

  "fail when their time is up, and hear of it by their signal": async (open) => {
    let reason: unknown;
    const workflow = defineWorkflow("slow", async (ctx) => {
      const slow = ctx.step(
        "slow",
        ({ signal }) =>
          new Promise<void>(() => {
            signal.addEventListener("abort", () => {
              reason = signal.reason;
            });
          }),
        { timeout: 30 },
      );
      return slow.catch((error: Error) => error.name);
    });
    await comesTo(open, workflow, "TimeoutError");
    assert.ok(reason instanceof Error);
  },

  "fail at once when their result cannot be recorded, naming where it stands": async (open) => {
    let ran = 0;
    const workflow = defineWorkflow("unrecordable", async (ctx) => {
      const bad = ctx.step(
        "bad",
        () => {
          ran += 1;
          return { items: [{ callback: () => {} }] };
        },
        { maxAttempts: 3, retryDelay: 1 },
      );
      return bad.then(
        () => "",
        (error: Error) => error.message,
      );
    });
    await onEngine(open, [workflow], async (bench) => {
      const message = await resultOf(bench, workflow, undefined);
      assert.match(message, /^result\.items\[0\]\.callback of step "bad" is a function/);
      assert.equal(ran, 1);
    });
  },

  "run under a policy as one step": async (open) => {
    const workflow = defineWorkflow("policy", async (ctx) => {
      const attempts: number[] = [];
      const policy = {
        async execute<T>(
          call: (context: { signal: AbortSignal; attempt: number }) => Promise<T> | T,
        ): Promise<T> {
          const { signal } = new AbortController();
          await call({ signal, attempt: 1 });
          return call({ signal, attempt: 2 });
        },
      };
      await ctx.step("twice", ({ attempt }) => void attempts.push(attempt), { policy });
      return attempts;
    });
    await comesTo(open, workflow, [1, 2]);
  },

  "run side by side in ctx.all, results in the order of the branches": async (open) => {
    const { pass, open: openNext } = doors(5);
    const workflow = defineWorkflow("all", (ctx) =>
      ctx.all([0, 1, 2, 3, 4].map((index) => () => ctx.step(`p${index}`, () => pass(index)))),
    );
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined);
      for (let index = 0; index < 5; index += 1) {
        openNext();
        await bench.pass(5);
      }
      assert.deepEqual(await settle(bench, handle.result()), [0, 1, 2, 3, 4]);
    });
  },

  "run no more at once than ctx.all allows, and all of them when one fails": async (open) => {
    let atOnce = 0;
    let most = 0;
    let ran = 0;
    const workflow = defineWorkflow("lanes", (ctx) => {
      const branch = (index: number) => () =>
        ctx.step(`lane ${index}`, async () => {
          atOnce += 1;
          ran += 1;
          most = Math.max(most, atOnce);
          await Promise.resolve();
          atOnce -= 1;
          if (index % 3 === 1) throw new Error(`branch ${index}`);
        });
      return ctx.all([0, 1, 2, 3, 4, 5].map(branch), { concurrency: 2 });
    });
    await onEngine(open, [workflow], async (bench) => {
      const error = await failureOf(resultOf(bench, workflow, undefined));
      assert.equal(error.message, "branch 1");
      assert.deepEqual([most, ran], [2, 6]);
    });
  },

  "run side by side in Promise.all, also as chains": async (open) => {
    const { pass, open: openNext } = doors(3);
    const workflow = defineWorkflow("chains", (ctx) =>
      Promise.all(
        [0, 1, 2].map(async (index) => {
          const found = await ctx.step("find", () => pass(index));
          return ctx.step("double", () => found * 2);
        }),
      ),
    );
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined);
      for (let index = 0; index < 3; index += 1) {
        openNext();
        await bench.pass(5);
      }
      assert.deepEqual(await settle(bench, handle.result()), [0, 2, 4]);
    });
  },

  "record time and chance": async (open) => {
    const workflow = defineWorkflow("chance", async (ctx) => {
      const number = await ctx.random();
      const uuid = await ctx.uuid();
      return [typeof (await ctx.now()), number >= 0 && number < 1, uuid.length];
    });
    await comesTo(open, workflow, ["number", true, 36]);
  },

  "show how far the run is": async (open) => {
    const door = Promise.withResolvers<void>();
    const workflow = defineWorkflow("progress", async (ctx) => {
      ctx.progress(3, 10, "three");
      await ctx.step("wait", () => door.promise);
    });
    await onEngine(open, [workflow], async (bench) => {
      if (!bench.engine.can.progress) return;
      const handle = await start(bench, workflow, undefined);
      const progressOf = async () => (await viewOf(bench, handle.id)).progress;
      await until(bench, async () => (await progressOf()) !== null);
      assert.deepEqual(await progressOf(), { done: 3, total: 10, note: "three" });
      door.resolve();
      await settle(bench, handle.result());
      assert.deepEqual(await progressOf(), { done: 3, total: 10, note: "three" });
    });
  },
};
