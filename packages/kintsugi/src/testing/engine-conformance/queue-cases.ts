import assert from "node:assert/strict";

import { defineWorkflow, type StartOptions, type Workflow } from "../../workflow/index.ts";
import {
  type EngineBench,
  type EngineCases,
  failureOf,
  forever,
  onEngine,
  settle,
  until,
  untilItWaits,
  viewOf,
} from "./bench.ts";

/** Runs that tell when their step begins, and end when they are told. */
function worker(): {
  readonly workflow: Workflow<string, string>;
  readonly begun: string[];
  readonly atOnce: () => number;
  readonly most: () => number;
  readonly end: (name: string) => void;
} {
  const begun: string[] = [];
  const doors = new Map<string, PromiseWithResolvers<void>>();
  let now = 0;
  let most = 0;
  const workflow = defineWorkflow("work", async (ctx, name: string) => {
    await ctx.step("work", async () => {
      begun.push(name);
      now += 1;
      most = Math.max(most, now);
      const door = Promise.withResolvers<void>();
      doors.set(name, door);
      await door.promise;
      now -= 1;
    });
    return name;
  });
  const end = (name: string): void => doors.get(name)?.resolve();
  return { workflow, begun, atOnce: () => now, most: () => most, end };
}

const begin = (
  bench: EngineBench,
  workflow: Workflow<string, unknown>,
  name: string,
  options: StartOptions = {},
): Promise<{ readonly id: string }> => settle(bench, bench.engine.run(workflow, name, options));

/** Lets everything happen that would happen. */
const calm = async (bench: EngineBench): Promise<void> => {
  for (let look = 0; look < 20; look += 1) await bench.pass(1);
};

export const queueCases: EngineCases = {
  "lets no more of a queue run at once than it may, and all in the end": async (open) => {
    const { workflow, begun, most, end } = worker();
    const names = ["a", "b", "c", "d", "e"];
    const check = async (bench: EngineBench): Promise<void> => {
      for (const name of names) await begin(bench, workflow, name, { queue: "narrow" });
      await until(bench, () => begun.length === 2);
      await calm(bench);
      assert.deepEqual(begun, ["a", "b"]);
      for (const [at, name] of names.entries()) {
        await until(bench, () => begun.length >= Math.min(names.length, at + 2));
        end(name);
      }
      await until(bench, async () => (await bench.engine.count({ status: "completed" })) === 5);
      assert.deepEqual(begun, names);
      assert.equal(most(), 2);
    };
    await onEngine(open, [workflow], check, { queues: { narrow: { concurrency: 2 } } });
  },

  "holds to the smaller of the two bounds of a queue": async (open) => {
    const { workflow, begun } = worker();
    const queues = { narrow: { concurrency: 3, workerConcurrency: 1 } };
    const check = async (bench: EngineBench): Promise<void> => {
      for (const name of ["a", "b"]) await begin(bench, workflow, name, { queue: "narrow" });
      await calm(bench);
      assert.deepEqual(begun, ["a"]);
    };
    await onEngine(open, [workflow], check, { queues });
  },

  "does not let a full queue hold up another": async (open) => {
    const { workflow, begun } = worker();
    const check = async (bench: EngineBench): Promise<void> => {
      for (const name of ["a", "b"]) await begin(bench, workflow, name, { queue: "narrow" });
      for (const name of ["c", "d"]) await begin(bench, workflow, name);
      await until(bench, () => begun.length === 3);
      assert.deepEqual(begun.toSorted(), ["a", "c", "d"]);
    };
    await onEngine(open, [workflow], check, { queues: { narrow: { concurrency: 1 } } });
  },

  "lets the higher priority go first, and of one priority the older": async (open) => {
    const { workflow, begun, end } = worker();
    const check = async (bench: EngineBench): Promise<void> => {
      await begin(bench, workflow, "first", { queue: "narrow", priority: -10 });
      const waiting = { low: -1, high: 5, higher: 6, "low too": -1, none: 0 };
      for (const [name, priority] of Object.entries(waiting)) {
        await begin(bench, workflow, name, { queue: "narrow", priority });
        await bench.pass(2);
      }
      const order = ["first", "higher", "high", "none", "low", "low too"];
      for (const name of order) {
        await until(bench, () => begun.includes(name));
        end(name);
      }
      assert.deepEqual(begun, order);
    };
    await onEngine(open, [workflow], check, { queues: { narrow: { concurrency: 1 } } });
  },

  "gives the place of a run that only waits to another, and asks for one again": async (open) => {
    const { workflow, begun, most, end } = worker();
    const queues = { narrow: { concurrency: 1 } };
    const inner = defineWorkflow("work", { queue: "narrow" }, workflow.run);
    const outer = defineWorkflow("sleeper", { queue: "narrow" }, async (ctx, name: string) => {
      await ctx.waitFor("go");
      await ctx.step("begin", () => begun.push(`${name} wakes`));
      return ctx.child(inner, name);
    });
    const check = async (bench: EngineBench): Promise<void> => {
      const handle = await settle(bench, bench.engine.run(outer, "s", { id: "s" }));
      await untilItWaits(bench, "s");
      await begin(bench, inner, "a");
      await until(bench, () => begun.length === 1);
      await settle(bench, handle.signal("go"));
      await calm(bench);
      assert.deepEqual(begun, ["a"]); // Its code has no place, so no step of it runs.
      end("a");
      await until(bench, () => begun.length === 3);
      assert.deepEqual(begun, ["a", "s wakes", "s"]); // The child took the place that its parent left.
      end("s");
      assert.equal(await settle(bench, handle.result()), "s");
      assert.equal(most(), 1);
    };
    await onEngine(open, [inner, outer], check, { queues });
  },

  "begins no more runs in a period than the queue may": async (open) => {
    const begun: string[] = [];
    const workflow = defineWorkflow("call", async (ctx, name: string) => {
      await ctx.step("call", () => void begun.push(name));
    });
    const queues = { paid: { rateLimit: { limit: 2, period: "400ms" } } } as const;
    const check = async (bench: EngineBench): Promise<void> => {
      for (const name of ["a", "b", "c", "d", "e"]) {
        await begin(bench, workflow, name, { queue: "paid" });
      }
      await until(bench, () => begun.length === 2);
      await bench.pass(100);
      assert.deepEqual(begun, ["a", "b"]);
      await until(bench, () => begun.length === 4);
      assert.deepEqual(begun, ["a", "b", "c", "d"]);
      await until(bench, () => begun.length === 5);
    };
    await onEngine(open, [workflow], check, { queues });
  },

  "begins a run with a delay no earlier, whatever signals it gets": async (open) => {
    const workflow = defineWorkflow("later", async (ctx) => {
      const letter = await ctx.waitFor("letter");
      return [letter, await ctx.now()];
    });
    await onEngine(open, [workflow], async (bench) => {
      const options = { id: "later", delay: "150ms" } as const;
      const handle = await settle(bench, bench.engine.run(workflow, undefined, options));
      const { createdAtMs } = await viewOf(bench, "later");
      await settle(bench, handle.signal("letter", "kept"));
      await bench.pass(20);
      assert.equal((await viewOf(bench, "later")).stepsRecorded, 0);
      assert.equal((await viewOf(bench, "later")).waiting, true);
      const [letter, atMs] = (await settle(bench, handle.result())) as [string, number];
      assert.equal(letter, "kept");
      assert.ok(atMs >= createdAtMs + 150);
    });
  },

  "cancels a run that has not begun": async (open) => {
    const workflow = defineWorkflow("later", async () => 1);
    await onEngine(open, [workflow], async (bench) => {
      const handle = await settle(bench, bench.engine.run(workflow, undefined, { delay: "1h" }));
      await settle(bench, handle.cancel());
      assert.equal(await settle(bench, handle.status()), "cancelled");
    });
  },

  "begins no second run with a key while one with it is open": async (open) => {
    const { workflow, begun, end } = worker();
    const other = defineWorkflow("other", async () => 1);
    await onEngine(open, [workflow, other], async (bench) => {
      const uniqueKey = "customer 7";
      const both = ["a", "b"].map((name) => bench.engine.run(workflow, name, { uniqueKey }));
      const [one, two] = await settle(bench, Promise.all(both));
      assert.equal(one?.id, two?.id);
      await until(bench, () => begun.length === 1);
      assert.equal((await begin(bench, workflow, "c", { uniqueKey })).id, one?.id);
      const stranger = await settle(bench, bench.engine.run(other, undefined, { uniqueKey }));
      assert.notEqual(stranger.id, one?.id); // Keys belong to a workflow.
      end(begun[0] ?? "");
      await settle(bench, one?.result() ?? forever());
      const next = await begin(bench, workflow, "d", { uniqueKey });
      assert.notEqual(next.id, one?.id);
    });
  },

  "puts a debounced run off with each start, and runs it once with the last input": async (
    open,
  ) => {
    const workflow = defineWorkflow("save", async (ctx, text: string) => [text, await ctx.now()]);
    await onEngine(open, [workflow], async (bench) => {
      const debounce = { key: "page", wait: "120ms" } as const;
      const ids = new Set<string>();
      for (const text of ["v1", "v2", "v3"]) {
        const { id } = await begin(bench, workflow, text, { debounce });
        ids.add(id);
        await bench.pass(40);
      }
      assert.equal(ids.size, 1);
      const [id] = [...ids];
      const handle = await settle(bench, bench.engine.handle(id ?? ""));
      const result = (await settle(bench, handle?.result() ?? forever())) as [string, number];
      assert.equal(result[0], "v3");
      assert.ok(result[1] >= (await viewOf(bench, id ?? "")).createdAtMs + 160);
      const next = await begin(bench, workflow, "v4", { debounce });
      assert.equal(ids.has(next.id), false);
    });
  },

  "does not put a debounced run off for ever": async (open) => {
    const workflow = defineWorkflow("save", async (_ctx, text: string) => text);
    await onEngine(open, [workflow], async (bench) => {
      const debounce = { key: "page", wait: "100ms", maxWait: "150ms" } as const;
      const ids = new Set<string>();
      for (let at = 0; at < 10; at += 1) {
        ids.add((await begin(bench, workflow, `v${at}`, { debounce })).id);
        await bench.pass(40);
      }
      assert.ok(ids.size > 1);
    });
  },

  "is refused a queue that there is not, by name": async (open) => {
    const workflow = defineWorkflow("work", async () => 1);
    const check = async (bench: EngineBench): Promise<void> => {
      const error = await failureOf(
        settle(bench, bench.engine.run(workflow, 1, { queue: "mial" })),
      );
      assert.equal(error.message, 'There is no queue "mial"; there are: default, mail');
    };
    await onEngine(open, [workflow], check, { queues: { mail: {} } });
  },

  "is refused a priority, a delay or a key that means nothing": async (open) => {
    const workflow = defineWorkflow("work", async () => 1);
    const wrong: readonly (readonly [StartOptions, RegExp])[] = [
      [{ priority: 11 }, /^priority must .* 10, got 11$/],
      [{ priority: 0.5 }, /^priority must be a whole number .* got 0.5$/],
      [{ delay: "soon" as never }, /^A duration is milliseconds or text .* got "soon"$/],
      [{ uniqueKey: "" }, /^uniqueKey must not be an empty text$/],
      [
        { id: "a", debounce: { key: "k", wait: 1 } },
        /^debounce names and delays a run: leave id out$/,
      ],
    ];
    await onEngine(open, [workflow], async (bench) => {
      for (const [options, sentence] of wrong) {
        const { message } = await failureOf(settle(bench, bench.engine.run(workflow, 1, options)));
        assert.match(message, sentence);
      }
    });
  },
};

export const queueCrashCases: EngineCases = {
  "keeps the order and the bound of a queue": async (open) => {
    const before = defineWorkflow("work", async (ctx) => ctx.step("work", forever));
    const { workflow, begun, most, end } = worker();
    const check = async (bench: EngineBench): Promise<void> => {
      const queue = "narrow";
      await settle(bench, bench.engine.run(before, "first", { id: "first", queue }));
      const later = { low: -5, high: 5 };
      for (const [name, priority] of Object.entries(later)) {
        await settle(bench, bench.engine.run(before, name, { id: name, queue, priority }));
      }
      await bench.reopen?.("stop", [workflow]);
      const order = ["high", "first", "low"];
      for (const name of order) {
        await until(bench, () => begun.includes(name));
        end(name);
      }
      assert.deepEqual(begun, order);
      assert.equal(most(), 1);
    };
    await onEngine(open, [before], check, { queues: { narrow: { concurrency: 1 } } });
  },

  "counts the starts of before against the rate of a queue, and no start twice": async (open) => {
    const begun: string[] = [];
    const workflow = defineWorkflow("call", async (ctx, name: string) => {
      await ctx.step("call", () => void begun.push(name));
    });
    const queues = { paid: { rateLimit: { limit: 2, period: "800ms" } } } as const;
    const check = async (bench: EngineBench): Promise<void> => {
      const names = ["a", "b", "c"];
      for (const name of names) await begin(bench, workflow, name, { queue: "paid" });
      await until(bench, () => begun.length === 2);
      await bench.reopen?.("crash", [workflow]);
      await bench.pass(50);
      assert.deepEqual(begun, ["a", "b"]);
      await until(bench, () => begun.length === 3);
      await until(bench, async () => (await bench.engine.count({ status: "completed" })) === 3);
      assert.deepEqual(begun, names);
    };
    await onEngine(open, [workflow], check, { queues });
  },

  "keeps the delay of a run, and the key of an open one": async (open) => {
    const workflow = defineWorkflow("later", async (ctx) => ctx.now());
    await onEngine(open, [workflow], async (bench) => {
      const options = { delay: "200ms", uniqueKey: "one" } as const;
      const { id } = await settle(bench, bench.engine.run(workflow, undefined, options));
      const { createdAtMs } = await viewOf(bench, id);
      await bench.reopen?.("crash", [workflow]);
      const again = await settle(bench, bench.engine.run(workflow, undefined, options));
      assert.equal(again.id, id);
      assert.ok((await settle(bench, again.result())) >= createdAtMs + 200);
    });
  },
};
