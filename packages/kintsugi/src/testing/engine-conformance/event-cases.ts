import assert from "node:assert/strict";

import { defineWorkflow, type RunEvent, type RunHandle } from "../../workflow/index.ts";
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

const ID = "teller";

async function allOf(
  handle: RunHandle<unknown> | undefined,
  after?: number,
): Promise<readonly RunEvent[]> {
  assert.ok(handle);
  const events: RunEvent[] = [];
  for await (const event of handle.events(after === undefined ? {} : { after })) events.push(event);
  return events;
}

const payloads = (events: readonly RunEvent[]): readonly unknown[] =>
  events.map(({ payload }) => payload);

export const eventCases: EngineCases = {
  "are told to whoever follows the run, from the first to the end": async (open) => {
    const door = Promise.withResolvers<void>();
    const workflow = defineWorkflow("teller", async (ctx) => {
      await ctx.emit("chunk", { text: "a" });
      await ctx.step("wait", () => door.promise);
      void ctx.emit("chunk", new Date(5));
      void ctx.emit("last");
    });
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined, ID);
      const live = allOf(handle);
      await until(bench, async () => (await viewOf(bench, ID)).stepsRecorded === 1);
      door.resolve();
      const events = await settle(bench, live);
      const told = events.map(({ type, payload }) => [type, payload]);
      assert.deepEqual(told, [
        ["chunk", { text: "a" }],
        ["chunk", new Date(5)],
        ["last", undefined],
      ]);
      assert.deepEqual(await settle(bench, allOf(handle)), events);
      assert.deepEqual(await settle(bench, allOf(handle, events[1]?.id)), events.slice(2));
    });
  },

  "can be left by a signal": async (open) => {
    const workflow = defineWorkflow("teller", (ctx) => ctx.waitFor("never"));
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined, ID);
      const leaving = new AbortController();
      const next = handle.events({ signal: leaving.signal })[Symbol.asyncIterator]().next();
      await bench.pass(5);
      leaving.abort(new Error("I have seen enough"));
      assert.equal((await failureOf(settle(bench, next))).message, "I have seen enough");
    });
  },

  "end when the run is cancelled": async (open) => {
    const workflow = defineWorkflow("teller", async (ctx) => {
      await ctx.emit("begun", 1);
      await ctx.waitFor("never");
    });
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined, ID);
      const events = allOf(handle);
      await until(bench, async () => (await viewOf(bench, ID)).stepsRecorded === 1);
      await settle(bench, handle.cancel());
      assert.deepEqual(payloads(await settle(bench, events)), [1]);
    });
  },

  "are refused beyond ten thousand": async (open) => {
    const workflow = defineWorkflow("teller", async (ctx) => {
      for (let index = 0; index < 10_000; index += 1) void ctx.emit("tick");
      await ctx.emit("one too many");
    });
    await onEngine(open, [workflow], async (bench) => {
      const error = await failureOf(resultOf(bench, workflow, undefined, ID));
      assert.equal(error.code, "KINTSUGI_EVENTS_FULL");
      assert.equal(error.message, 'Run "teller" has emitted 10000 events, and may emit no more');
    });
  },
};

export const eventCrashCases: EngineCases = {
  "are told once and in order, over crashes": async (open) => {
    let lives = 0;
    const workflow = defineWorkflow("teller", async (ctx) => {
      for (let index = 0; index < 3; index += 1) {
        await ctx.emit("tick", index);
        await ctx.step("hang", () => (lives <= index ? forever() : null));
      }
    });
    await onEngine(open, [workflow], async (bench) => {
      await start(bench, workflow, undefined, ID);
      for (let round = 1; round <= 3; round += 1) {
        await until(bench, async () => (await viewOf(bench, ID)).stepsRecorded === 2 * round - 1);
        lives = round;
        await bench.reopen?.("crash", [workflow]);
      }
      const handle = await settle(bench, bench.engine.handle(ID));
      assert.deepEqual(payloads(await settle(bench, allOf(handle))), [0, 1, 2]);
    });
  },

  "tell whoever follows that the engine stops": async (open) => {
    const workflow = defineWorkflow("teller", (ctx) => ctx.waitFor("never"));
    await onEngine(open, [workflow], async (bench) => {
      const handle = await start(bench, workflow, undefined, ID);
      const following = failureOf(allOf(handle));
      await bench.pass(5);
      await bench.reopen?.("stop", [workflow]);
      assert.equal((await following).code, "KINTSUGI_ENGINE_STOPPED");
    });
  },
};
