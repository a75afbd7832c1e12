import assert from "node:assert/strict";

import { defineWorkflow } from "../../workflow/index.ts";
import {
  type EngineBench,
  type EngineCases,
  failureOf,
  onEngine,
  resultOf,
  settle,
  viewOf,
} from "./bench.ts";

/** A workflow whose second step fails until it is mended. */
function fragile(name = "fragile") {
  const state = { isMended: false, ran: [] as string[] };
  const workflow = defineWorkflow(name, async (ctx, input: unknown) => {
    await ctx.step("first", () => void state.ran.push("first"));
    return ctx.step("second", () => {
      state.ran.push("second");
      if (state.isMended) return input;
      throw Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    });
  });
  return { workflow, state };
}

async function recordOf(bench: EngineBench, id: string) {
  const record = await settle(bench, bench.engine.record(id));
  assert.ok(record, `there is no record of "${id}"`);
  return record;
}

export const deadLetterCases: EngineCases = {
  "can be looked at: its input, its error, and how often it was tried": async (open) => {
    const workflow = defineWorkflow("tried", (ctx, _input: unknown) =>
      ctx.step(
        "work",
        () => Promise.reject(Object.assign(new Error("busy"), { code: "ECONNRESET" })),
        { maxAttempts: 3, retryDelay: 1 },
      ),
    );
    await onEngine(open, [workflow], async (bench) => {
      const input = { at: new Date(7), what: new Map([["a", 1]]) };
      await failureOf(resultOf(bench, workflow, input, "run"));
      const record = await recordOf(bench, "run");
      assert.deepEqual(record.input(), input);
      const error = record.error();
      assert.deepEqual([error?.message, error?.code, error?.step], ["busy", "ECONNRESET", "work"]);
      assert.equal(record.attempts, 3);
      assert.deepEqual(record.earlier, []);
      assert.equal(record.run.status, "dead");
      assert.equal(await settle(bench, bench.engine.record("nobody")), undefined);
    });
  },

  "keeps what became of it before, over replays, rewinds and crashes": async (open) => {
    const { workflow, state } = fragile();
    await onEngine(open, [workflow], async (bench) => {
      const { replayDead, rewind } = bench.engine.can;
      if (!replayDead || !rewind) return;
      await failureOf(resultOf(bench, workflow, 1, "run"));
      const again = await settle(bench, bench.engine.replay("run"));
      await failureOf(settle(bench, again.result()));
      const back = await settle(bench, bench.engine.rewind("run", { fromStep: "first" }));
      await failureOf(settle(bench, back.result()));
      if (bench.reopen) await bench.reopen("crash", [workflow]);
      const { earlier } = await recordOf(bench, "run");
      assert.deepEqual(
        earlier.map(({ done, fromStep, status, error }) => [done, fromStep, status, error?.step]),
        [
          ["replayed", null, "dead", "second"],
          ["rewound", 0, "dead", "second"],
        ],
      );
      assert.deepEqual(state.ran, ["first", "second", "second", "first", "second"]);
    });
  },

  "is none any more when it is discarded, and still says what it died of": async (open) => {
    const { workflow, state } = fragile();
    await onEngine(open, [workflow], async (bench) => {
      if (!bench.engine.can.discard) return;
      await failureOf(resultOf(bench, workflow, 1, "run"));
      await settle(bench, bench.engine.discard("run", "the order was called off"));
      const view = await viewOf(bench, "run");
      assert.deepEqual([view.status, view.error?.message], ["cancelled", "connect ECONNREFUSED"]);
      assert.equal(await settle(bench, bench.engine.count({ status: "dead" })), 0);
      const [end] = (await recordOf(bench, "run")).earlier;
      assert.deepEqual([end?.done, end?.why], ["discarded", "the order was called off"]);
      const handle = await settle(bench, bench.engine.handle("run"));
      const error = await failureOf(settle(bench, handle?.result() ?? Promise.resolve()));
      assert.equal(error.code, "KINTSUGI_RUN_CANCELLED");
      state.isMended = true;
      if (!bench.engine.can.rewind) return;
      const back = await settle(bench, bench.engine.rewind("run", { fromStep: "second" }));
      assert.equal(await settle(bench, back.result()), 1);
    });
  },

  "cannot be discarded when it is none": async (open) => {
    const { workflow, state } = fragile();
    state.isMended = true;
    await onEngine(open, [workflow], async (bench) => {
      if (!bench.engine.can.discard) return;
      await resultOf(bench, workflow, 1, "run");
      const error = await failureOf(settle(bench, bench.engine.discard("run", "why not")));
      assert.equal(error.message, 'Run "run" is completed: it cannot be discarded');
      const unknown = await failureOf(settle(bench, bench.engine.discard("nobody", "why not")));
      assert.equal(unknown.code, "KINTSUGI_RUN_UNKNOWN");
    });
  },
};
