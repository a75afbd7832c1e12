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
  viewOf,
} from "./bench.ts";
import { ID, onCrash } from "./reopened.ts";

/** What has been lost, or has done harm, in one engine or another. */
const VALUES: readonly unknown[] = [
  undefined,
  null,
  "",
  "\ud800 alone, \u0000, 漢, 🙂",
  0,
  -0,
  Number.MAX_SAFE_INTEGER,
  Number.NaN,
  -Infinity,
  2n ** 100n,
  new Date(Number.NaN),
  new Date(-1),
  new Uint8Array(0),
  new Uint8Array([0, 255]),
  [],
  [undefined, null, [[]]],
  {},
  { $: "date", v: 1 },
  JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}'),
  { toJSON: "no function" },
  new Map<unknown, unknown>([
    [{ a: 1 }, new Set([new Map()])],
    [undefined, -0],
  ]),
  new Set([1, "1", 1n]),
];

const echo = defineWorkflow("echo", async (_ctx, value: unknown) => value);

export const valueCases: EngineCases = {
  "go in as input, and come out as a result, as they were": (open) =>
    onEngine(open, [echo], async (bench) => {
      for (const value of VALUES) {
        assert.deepStrictEqual(await resultOf(bench, echo, value), value);
      }
      assert.equal(({} as { polluted?: true }).polluted, undefined);
    }),

  "go through steps, signals and children as they were": async (open) => {
    const workflow = defineWorkflow("through", async (ctx) => {
      const found: unknown[] = [];
      for (const [at, value] of VALUES.entries()) {
        const made = await ctx.step(`${at}`, () => value);
        found.push(await ctx.child(echo, [made, await ctx.waitFor("value")]));
      }
      return found;
    });
    await onEngine(open, [workflow, echo], async (bench) => {
      const handle = await start(bench, workflow, undefined);
      for (const value of VALUES) await settle(bench, handle.signal("value", value));
      const expected = VALUES.map((value) => [value, value]);
      assert.deepStrictEqual(await settle(bench, handle.result()), expected);
    });
  },

  "are copies: nobody changes what is recorded": async (open) => {
    const shared = { list: [1] };
    const workflow = defineWorkflow("copies", async (ctx, input: { list: number[] }) => {
      const made = await ctx.step("make", () => shared);
      shared.list.push(2);
      input.list.push(3);
      return [made === shared, made.list, input.list];
    });
    await onEngine(open, [workflow], async (bench) => {
      const input = { list: [1] };
      const starting = start(bench, workflow, input);
      input.list.push(2);
      const handle = await starting;
      assert.deepEqual(await settle(bench, handle.result()), [false, [1], [1, 3]]);
      assert.deepEqual(input.list, [1, 2]);
    });
  },

  "may be a million characters long": async (open) => {
    const text = "0123456789".repeat(100_000);
    const workflow = defineWorkflow("long", async (ctx, input: string) => {
      const same = await ctx.step("same", () => input);
      return same === input ? same.length : "another text";
    });
    await onEngine(open, [workflow], async (bench) => {
      assert.equal(await resultOf(bench, workflow, text), text.length);
    });
  },

  "are refused as input by the place of what cannot be recorded": async (open) => {
    class Money {}
    const circle: { self?: unknown } = {};
    circle.self = circle;
    const refused: [unknown, RegExp][] = [
      [{ callback: () => {} }, /^input\.callback of run ".*" is a function/],
      [[{ "pay in": new Money() }], /^input\[0\]\["pay in"\] of run ".*" is an instance of Money/],
      [circle, /^input\.self of run ".*" is part of a circle/],
      [new WeakMap(), /^input of run ".*" is an instance of WeakMap/],
      [Promise.resolve(1), /^input of run ".*" is an instance of Promise/],
      [{ [Symbol("key")]: 1 }, /^input of run ".*" is keyed by a symbol/],
    ];
    await onEngine(open, [echo], async (bench) => {
      for (const [value, sentence] of refused) {
        const error = await failureOf(start(bench, echo, value));
        assert.equal(error.code, "KINTSUGI_UNRECORDABLE");
        assert.match(error.message, sentence);
      }
      assert.equal(await settle(bench, bench.engine.count()), 0);
    });
  },

  "that cannot be recorded as a result make the run a dead letter that says why": async (open) => {
    const workflow = defineWorkflow("returns code", async () => ({ next: () => {} }));
    await onEngine(open, [workflow], async (bench) => {
      const error = await failureOf(resultOf(bench, workflow, undefined, "code"));
      assert.equal(error.code, "KINTSUGI_UNRECORDABLE");
      assert.match(error.message, /^result\.next of the run is a function/);
      assert.equal((await viewOf(bench, "code")).status, "dead");
    });
  },

  "that are nested too deep are refused, not an overflow": async (open) => {
    const deep = (depth: number): unknown => (depth === 0 ? "end" : [deep(depth - 1)]);
    await onEngine(open, [echo], async (bench) => {
      assert.deepEqual(await resultOf(bench, echo, deep(400)), deep(400));
      const error = await failureOf(start(bench, echo, deep(5_000)));
      assert.equal(error.code, "KINTSUGI_UNRECORDABLE");
      assert.match(error.message, /is nested deeper than 500/);
    });
  },

  "of names and progress may have any characters": async (open) => {
    const name = `step "\\\u0000 漢 🙂 '; drop table steps; -- ${"x".repeat(2_000)}`;
    const workflow = defineWorkflow("ünïcode / 漢", async (ctx) => {
      ctx.progress(1, 2, "½ 漢");
      return ctx.step(name, () => 1);
    });
    await onEngine(open, [workflow], async (bench) => {
      assert.equal(await resultOf(bench, workflow, undefined, "any"), 1);
      const [step] = await settle(bench, bench.engine.steps("any", 1));
      assert.equal(step?.name, name);
      assert.equal((await viewOf(bench, "any")).workflow, "ünïcode / 漢");
    });
  },

  "of time, chance and ids are other ones each time": async (open) => {
    const workflow = defineWorkflow("chance", async (ctx) => {
      const uuids = new Set([await ctx.uuid(), await ctx.uuid(), await ctx.uuid()]);
      const numbers = new Set([await ctx.random(), await ctx.random(), await ctx.random()]);
      return [uuids.size, numbers.size];
    });
    await comesTo(open, workflow, [3, 3]);
  },
};

export const valueCrashCases: EngineCases = {
  "are the same to a later process": async (open) => {
    let isSecondLife = false;
    const workflow = defineWorkflow("again", async (ctx) => {
      const made: unknown[] = [];
      for (const [at, value] of VALUES.entries()) made.push(await ctx.step(`${at}`, () => value));
      await ctx.step("hang", () => (isSecondLife ? undefined : forever()));
      return made;
    });
    await onCrash(open, [workflow], async (bench) => {
      await until(bench, async () => (await viewOf(bench, ID)).stepsRecorded === VALUES.length);
      isSecondLife = true;
      await bench.reopen("crash");
      assert.deepStrictEqual(await bench.result(), VALUES);
    });
  },

  "of time and chance are the recorded ones": async (open) => {
    const found: unknown[] = [];
    let isSecondLife = false;
    const workflow = defineWorkflow("chance", async (ctx) => {
      found.push([await ctx.now(), await ctx.random(), await ctx.uuid()]);
      await ctx.step("hang", () => (isSecondLife ? undefined : forever()));
    });
    await onCrash(open, [workflow], async (bench) => {
      await until(bench, async () => (await viewOf(bench, ID)).stepsRecorded === 3);
      isSecondLife = true;
      await bench.pass(10);
      await bench.reopen("crash");
      await bench.result();
      assert.equal(found.length, 2);
      assert.deepEqual(found[1], found[0]);
    });
  },

  "of the names of steps are found again, whatever their characters": async (open) => {
    let isSecondLife = false;
    const names = ["", "\u0000", "__proto__", "\ud800", "e\u0301", "\u00e9", "漢 🙂"];
    const workflow = defineWorkflow("names", async (ctx) => {
      for (const name of names) await ctx.step(name, () => {});
      await ctx.step("hang", () => (isSecondLife ? undefined : forever()));
      return "same";
    });
    await onCrash(open, [workflow], async (bench) => {
      await until(bench, async () => (await viewOf(bench, ID)).stepsRecorded === names.length);
      isSecondLife = true;
      await bench.reopen("crash");
      assert.equal(await bench.result(), "same");
    });
  },
};
