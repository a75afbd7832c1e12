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

type Place = { readonly fromStep: number | string; readonly id?: string };

async function rewound(bench: EngineBench, id: string, place: Place): Promise<unknown> {
  const handle = await settle(bench, bench.engine.rewind(id, place));
  return settle(bench, handle.result());
}

async function forked(bench: EngineBench, id: string, place: Place): Promise<unknown> {
  const handle = await settle(bench, bench.engine.fork(id, place));
  return settle(bench, handle.result());
}

/** Three steps, and what they were told each time that they ran. */
function threeSteps() {
  const ran: string[] = [];
  const keys: string[] = [];
  const work = (name: string) => (told: { readonly idempotencyKey: string }) => {
    ran.push(name);
    keys.push(told.idempotencyKey);
    return ran.length;
  };
  const workflow = defineWorkflow("three", async (ctx) => [
    await ctx.step("first", work("first")),
    await ctx.step("second", work("second")),
    await ctx.step("third", work("third")),
  ]);
  return { ran, keys, workflow };
}

export const rewindCases: EngineCases = {
  "does its steps again from the one that is named, and keeps those before": async (open) => {
    const { ran, workflow } = threeSteps();
    await onEngine(open, [workflow], async (bench) => {
      if (!bench.engine.can.rewind) return;
      await resultOf(bench, workflow, undefined, "run");
      assert.deepEqual(await rewound(bench, "run", { fromStep: "second" }), [1, 4, 5]);
      assert.deepEqual(await rewound(bench, "run", { fromStep: 2 }), [1, 4, 6]);
      assert.deepEqual(await rewound(bench, "run", { fromStep: 0 }), [7, 8, 9]);
      assert.equal(ran.length, 9);
      const { status, generation, stepsRecorded } = await viewOf(bench, "run");
      assert.deepEqual([status, generation, stepsRecorded], ["completed", 3, 3]);
    });
  },

  "gives steps that are done again another idempotency key, and no others": async (open) => {
    const { keys, workflow } = threeSteps();
    await onEngine(open, [workflow], async (bench) => {
      if (!bench.engine.can.rewind) return;
      await resultOf(bench, workflow, undefined, "run");
      await rewound(bench, "run", { fromStep: 2 });
      await rewound(bench, "run", { fromStep: 1 });
      assert.equal(new Set(keys).size, 3 + 1 + 2);
    });
  },

  "keeps its key when a crash comes after the rewind": async (open) => {
    const keys: string[] = [];
    let isHung = false;
    const workflow = defineWorkflow("hangs once", (ctx) =>
      ctx.step("work", ({ idempotencyKey }) => {
        keys.push(idempotencyKey);
        return isHung ? forever() : 1;
      }),
    );
    await onEngine(open, [workflow], async (bench) => {
      if (!bench.engine.can.rewind || !bench.reopen) return;
      await resultOf(bench, workflow, undefined, "run");
      isHung = true;
      await settle(bench, bench.engine.rewind("run", { fromStep: 0 }));
      await until(bench, () => keys.length === 2);
      isHung = false;
      await bench.reopen("crash", [workflow]);
      await until(bench, () => keys.length === 3);
      assert.equal(keys[1], keys[2]);
      assert.notEqual(keys[0], keys[1]);
    });
  },

  "goes back in one of several branches as far as the code stood then": async (open) => {
    const ran: string[] = [];
    const work = (name: string) => () => {
      ran.push(name);
      return name;
    };
    const workflow = defineWorkflow("branches", (ctx) =>
      ctx.all(
        ["a", "b"].map((name) => async () => {
          await ctx.step(`${name}1`, work(`${name}1`));
          return ctx.step(`${name}2`, work(`${name}2`));
        }),
      ),
    );
    await onEngine(open, [workflow], async (bench) => {
      if (!bench.engine.can.rewind) return;
      await resultOf(bench, workflow, undefined, "run");
      const third = ran[2];
      assert.ok(third);
      const again = ran.splice(0).slice(2);
      assert.deepEqual(await rewound(bench, "run", { fromStep: third }), ["a2", "b2"]);
      assert.deepEqual(ran, again);
    });
  },

  "takes the signals again that its steps had taken, and those that nobody took": async (open) => {
    let names: readonly string[] = ["x", "y", "x"];
    const workflow = defineWorkflow("asks", async (ctx) => {
      await ctx.step("begin", () => {});
      const answers: unknown[] = [];
      for (const name of names) answers.push(await ctx.waitFor(name, { timeout: "10s" }));
      return answers;
    });
    await onEngine(open, [workflow], async (bench) => {
      if (!bench.engine.can.rewind) return;
      const handle = await start(bench, workflow, undefined, "run");
      for (const [name, payload] of [
        ["z", null],
        ["x", null],
        ["y", 3],
        ["x", 2],
      ] as const) {
        await settle(bench, handle.signal(name, payload));
      }
      assert.deepEqual(await settle(bench, handle.result()), [null, 3, 2]);
      names = ["x", "x", "z", "y"];
      assert.deepEqual(await rewound(bench, "run", { fromStep: 2 }), [null, 2, null, 3]);
      assert.deepEqual(await forked(bench, "run", { fromStep: 0 }), [null, 2, null, 3]);
      assert.deepEqual(await rewound(bench, "run", { fromStep: 0 }), [null, 2, null, 3]);
    });
  },

  "starts other children where it is done again, and cancels those that still run": async (
    open,
  ) => {
    let isFirst = true;
    const child = defineWorkflow("child", (ctx, n: number) => ctx.step("n", () => n));
    const slow = defineWorkflow("slow", (ctx) => ctx.sleep("10h"));
    const parent = defineWorkflow("parent", async (ctx) => {
      const kept = await ctx.child(child, 1);
      const n = await ctx.step("n", () => (isFirst ? 2 : 3));
      if (isFirst) void ctx.child(slow, undefined);
      else await ctx.step("other way", () => {});
      return [kept, await ctx.child(child, n)];
    });
    await onEngine(open, [child, slow, parent], async (bench) => {
      if (!bench.engine.can.rewind) return;
      assert.deepEqual(await resultOf(bench, parent, undefined, "p"), [1, 2]);
      await until(bench, async () => (await bench.engine.get("p/2"))?.waiting ?? false);
      isFirst = false;
      assert.deepEqual(await rewound(bench, "p", { fromStep: "n" }), [1, 3]);
      await until(bench, async () => (await viewOf(bench, "p/2")).status === "cancelled");
      assert.equal((await viewOf(bench, "p/3")).status, "completed");
      assert.equal(await settle(bench, bench.engine.count({ workflow: "child" })), 3);
    });
  },

  "finds a child again that it named, and has it replayed when it is dead": async (open) => {
    let isMended = false;
    let ran = 0;
    const child = defineWorkflow("named", (ctx) =>
      ctx.step("work", () => {
        ran += 1;
        if (!isMended) throw new Error("not yet");
        return ran;
      }),
    );
    const parent = defineWorkflow("names", (ctx) => ctx.child(child, undefined, { id: "mine" }));
    await onEngine(open, [child, parent], async (bench) => {
      if (!bench.engine.can.rewind) return;
      await failureOf(resultOf(bench, parent, undefined, "p"));
      isMended = true;
      assert.equal(await rewound(bench, "p", { fromStep: 0 }), 2);
      assert.equal(await rewound(bench, "p", { fromStep: 0 }), 2);
    });
  },

  "comes back to life also when it was cancelled, or died": async (open) => {
    let isMended = false;
    const workflow = defineWorkflow("back", async (ctx) => {
      const got = await ctx.waitFor("go");
      return ctx.step("work", () => {
        if (!isMended) throw new Error("broken");
        return got;
      });
    });
    await onEngine(open, [workflow], async (bench) => {
      if (!bench.engine.can.rewind) return;
      const handle = await start(bench, workflow, undefined, "run");
      await untilItWaits(bench, "run");
      await settle(bench, handle.cancel());
      await settle(bench, bench.engine.rewind("run", { fromStep: 0 }));
      await untilItWaits(bench, "run");
      await settle(bench, handle.signal("go", 7));
      await failureOf(settle(bench, handle.result()));
      isMended = true;
      assert.equal(await rewound(bench, "run", { fromStep: "work" }), 7);
      const { error, deadReason } = await viewOf(bench, "run");
      assert.deepEqual([error, deadReason], [null, null]);
    });
  },

  "is refused while it runs, and when nobody knows the run": async (open) => {
    const workflow = defineWorkflow("sleeper", (ctx) => ctx.sleep("1h"));
    await onEngine(open, [workflow], async (bench) => {
      if (!bench.engine.can.rewind) return;
      await start(bench, workflow, undefined, "run");
      await untilItWaits(bench, "run");
      const running = await failureOf(rewound(bench, "run", { fromStep: 0 }));
      assert.equal(running.message, 'Run "run" is running: it cannot be rewound');
      const unknown = await failureOf(rewound(bench, "nobody", { fromStep: 0 }));
      assert.equal(unknown.message, 'There is no run "nobody"');
    });
  },

  "says which steps there are, when there is not one as it is asked for": async (open) => {
    const workflow = defineWorkflow("names", async (ctx) => {
      await ctx.step("twice", () => {});
      await ctx.step("twice", () => {});
      await ctx.now();
      await ctx.sleep(1);
    });
    await onEngine(open, [workflow], async (bench) => {
      if (!bench.engine.can.rewind) return;
      await resultOf(bench, workflow, undefined, "run");
      const refusal = async (fromStep: number | string): Promise<string> =>
        (await failureOf(rewound(bench, "run", { fromStep }))).message;
      const cannot = 'Run "run" cannot go on from step';
      assert.equal(
        await refusal("once"),
        `${cannot} "once": there is none. It has 0: step "twice", 1: step "twice", 2: ctx.now() and 3: a sleep`,
      );
      assert.equal(await refusal("twice"), `${cannot} "twice": steps 0 and 1 have that name`);
      for (const number of [5, -1, 0.5]) {
        assert.equal(await refusal(number), `${cannot} ${number}: it must be a number from 0 to 4`);
      }
      assert.equal((await viewOf(bench, "run")).status, "completed");
    });
  },
};

export const forkCases: EngineCases = {
  "begins with the record of another run, which stays as it was": async (open) => {
    const { ran, keys, workflow } = threeSteps();
    await onEngine(open, [workflow], async (bench) => {
      if (!bench.engine.can.fork) return;
      await resultOf(bench, workflow, undefined, "run");
      assert.deepEqual(await forked(bench, "run", { fromStep: "third", id: "fork" }), [1, 2, 4]);
      assert.deepEqual(ran, ["first", "second", "third", "third"]);
      assert.equal(new Set(keys).size, 4);
      const { forkedFrom, parentId, generation } = await viewOf(bench, "fork");
      assert.deepEqual([forkedFrom, parentId, generation], ["run", null, 0]);
      const handle = await settle(bench, bench.engine.handle("run"));
      assert.deepEqual(await settle(bench, handle?.result() ?? forever()), [1, 2, 3]);
    });
  },

  "is the same run under the same id, and no fork of another": async (open) => {
    const { ran, workflow } = threeSteps();
    await onEngine(open, [workflow], async (bench) => {
      if (!bench.engine.can.fork) return;
      await resultOf(bench, workflow, undefined, "run");
      await resultOf(bench, workflow, undefined, "other");
      await forked(bench, "run", { fromStep: 2, id: "fork" });
      assert.deepEqual(await forked(bench, "run", { fromStep: 0, id: "fork" }), [1, 2, 7]);
      assert.equal(ran.length, 7);
      for (const id of ["fork", "run"]) {
        const error = await failureOf(forked(bench, "other", { fromStep: 0, id }));
        assert.equal(error.code, "KINTSUGI_RUN_ID_TAKEN");
      }
      const empty = await failureOf(forked(bench, "run", { fromStep: 0, id: "" }));
      assert.equal(empty.message, "A run needs an id, got an empty text");
    });
  },

  "is made of a run that still runs, and comes to an end of its own": async (open) => {
    const workflow = defineWorkflow("open", async (ctx) => [
      await ctx.uuid(),
      await ctx.waitFor("go"),
    ]);
    await onEngine(open, [workflow], async (bench) => {
      if (!bench.engine.can.fork) return;
      const handle = await start(bench, workflow, undefined, "run");
      await untilItWaits(bench, "run");
      const fork = await settle(bench, bench.engine.fork("run", { fromStep: 1 }));
      await untilItWaits(bench, fork.id);
      await settle(bench, fork.signal("go", "fork"));
      const [id, went] = (await settle(bench, fork.result())) as unknown[];
      assert.equal(went, "fork");
      await settle(bench, handle.signal("go", "run"));
      assert.deepEqual(await settle(bench, handle.result()), [id, "run"]);
    });
  },

  "starts children of its own": async (open) => {
    const child = defineWorkflow("child", (ctx, n: number) => ctx.step("n", () => n));
    const parent = defineWorkflow("parent", async (ctx) => [
      await ctx.child(child, 1),
      await ctx.child(child, 2),
    ]);
    await onEngine(open, [child, parent], async (bench) => {
      if (!bench.engine.can.fork) return;
      await resultOf(bench, parent, undefined, "p");
      assert.deepEqual(await forked(bench, "p", { fromStep: 1, id: "f" }), [1, 2]);
      const ofFork = await settle(bench, bench.engine.list({ parentId: "f" }));
      assert.deepEqual(
        ofFork.map(({ id }) => id),
        ["f/1"],
      );
    });
  },

  "goes on after a crash like any other run": async (open) => {
    let taken = 0;
    let isHung = true;
    const workflow = defineWorkflow("two", async (ctx) => {
      const first = await ctx.uuid();
      await ctx.step("hang", () => {
        taken += 1;
        return isHung && taken > 1 ? forever() : taken;
      });
      return first;
    });
    await onEngine(open, [workflow], async (bench) => {
      if (!bench.engine.can.fork || !bench.reopen) return;
      const first = await resultOf(bench, workflow, undefined, "run");
      await settle(bench, bench.engine.fork("run", { fromStep: "hang", id: "fork" }));
      await until(bench, () => taken === 2);
      isHung = false;
      await bench.reopen("crash", [workflow]);
      await until(bench, async () => (await viewOf(bench, "fork")).status === "completed");
      const handle = await settle(bench, bench.engine.handle("fork"));
      assert.equal(await settle(bench, handle?.result() ?? forever()), first);
    });
  },
};
