import { seededRandom } from "@kintsugi/policy/base";
import { describe, expect, it } from "vitest";

import { memoryStore, update } from "../../store/index.ts";
import { manualClock } from "../../testing/index.ts";
import { defineWorkflow } from "../define.ts";
import { embeddedEngine } from "../engine/embedded.ts";
import { runs, workflowTables } from "../tables.ts";
import { type DeadLetterNotice, DeadLetterQueue } from "./dead-letter-queue.ts";

/** A queue with so many dead runs in it, `run 0` the oldest. */
async function setup(count: number) {
  const clock = manualClock();
  const store = memoryStore({ clock, tables: workflowTables });
  const engine = embeddedEngine({ store, clock, random: seededRandom(1), onFatal: () => {} });
  const letters = new DeadLetterQueue({ engine, facts: store.facts, clock });
  const state = { isMended: false, startedAtMs: [] as number[] };
  const workflow = defineWorkflow("order", async (ctx, input: unknown) => {
    await ctx.step("reserve", () => {});
    return ctx.step("charge", () => {
      state.startedAtMs.push(clock.epochMs());
      if (state.isMended) return input;
      throw Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:5432"), {
        code: "ECONNREFUSED",
      });
    });
  });
  const done = async <T>(work: Promise<T>): Promise<T> => {
    const settled = Promise.allSettled([work]);
    await clock.advance(0);
    await settled;
    return work;
  };
  void engine.start();
  await clock.advance(0);
  for (let number = 0; number < count; number += 1) {
    await done(engine.run(workflow, { number }, { id: `run ${number}` }));
    await clock.advance(1);
  }
  state.startedAtMs.length = 0;
  const idsOf = async () => (await letters.list()).map(({ id }) => id);
  return { clock, store, engine, letters, workflow, state, done, idsOf };
}

describe("a dead letter", () => {
  it("shows what it was started with, what it died of, and of what class that is", async () => {
    const { letters } = await setup(1);
    const letter = await letters.get("run 0");
    expect(letter).toMatchObject({
      input: { number: 0 },
      fault: null,
      error: { name: "Error", code: "ECONNREFUSED", step: "charge", retryable: true },
      attempts: 1,
      steps: [
        { seq: 0, name: "reserve", state: "recorded" },
        { seq: 1, name: "charge", state: "failed" },
      ],
      earlier: [],
    });
    expect(letter?.error.class).toBe("network");
  });

  it("is seen although its input cannot be read", async () => {
    const { letters, store, done } = await setup(1);
    await done(store.commit([update(runs, ["run 0"], { input: "{" })]));
    expect(await letters.get("run 0")).toMatchObject({
      input: undefined,
      fault: expect.stringContaining("A recorded value cannot be read"),
      error: { step: "charge" },
    });
  });

  it("is nothing where a run is unknown, or has not died", async () => {
    const { letters, engine, state, workflow, done } = await setup(0);
    state.isMended = true;
    await done(engine.run(workflow, 1, { id: "well" }));
    expect(await letters.get("well")).toBeUndefined();
    expect(await letters.get("nobody")).toBeUndefined();
    await expect(done(letters.replay("well", { fromStep: 0 }))).rejects.toThrow(
      'Run "well" is completed: it cannot be replayed',
    );
  });

  it("is told of when it becomes one, and not after that", async () => {
    const { letters, engine, workflow, done } = await setup(0);
    const heard: DeadLetterNotice[] = [];
    const stop = letters.onDeadLetter((notice) => heard.push(notice));
    await done(engine.run(workflow, 1, { id: "told" }));
    stop();
    await done(engine.run(workflow, 1, { id: "not told" }));
    expect(heard).toMatchObject([
      { runId: "told", workflow: "order", reason: "failed", error: { step: "charge" } },
    ]);
  });

  it("is replayed from a step, with that step done again", async () => {
    const { letters, state, done } = await setup(1);
    state.isMended = true;
    const handle = await done(letters.replay("run 0", { fromStep: "reserve" }));
    expect(await done(handle.result())).toEqual({ number: 0 });
    expect(await letters.count()).toBe(0);
  });
});

describe("dead letters that are replayed together", () => {
  it("go one after another, as many a second as was asked for, and each once", async () => {
    const { letters, clock, state } = await setup(250);
    const all = letters.replayAll({}, { perSecond: 50 });
    await clock.advance(5_000);
    const { replayed, refused, after } = await all;
    expect([replayed.length, new Set(replayed).size, refused, after]).toEqual([250, 250, [], null]);
    expect(await letters.count()).toBe(250); // They have died again, of the same.
    const gaps = state.startedAtMs
      .slice(1)
      .map((at, index) => at - (state.startedAtMs[index] ?? 0));
    expect(new Set(gaps)).toEqual(new Set([20]));
  });

  it("go a page at a time, where that is asked for", async () => {
    const { letters, clock, state, idsOf } = await setup(5);
    state.isMended = true;
    const first = letters.replayAll({}, { limit: 2, perSecond: 1_000 });
    await clock.advance(10);
    expect(await first).toEqual({ replayed: ["run 4", "run 3"], refused: [], after: "run 3" });
    const rest = letters.replayAll({ after: "run 3" }, { perSecond: 1_000 });
    await clock.advance(10);
    expect((await rest).replayed).toEqual(["run 2", "run 1", "run 0"]);
    expect(await idsOf()).toEqual([]);
  });

  it("say which of them could not be, and end when they are told to", async () => {
    const { letters, clock } = await setup(3);
    const all = letters.replayAll({}, { fromStep: "nowhere", perSecond: 1_000 });
    await clock.advance(10);
    const { refused } = await all;
    expect(refused[0]).toEqual({
      runId: "run 2",
      why: expect.stringContaining('cannot go on from step "nowhere": there is none'),
    });
    const leaving = new AbortController();
    const left = letters.replayAll({}, { signal: leaving.signal });
    const heard = expect(left).rejects.toThrow("enough");
    await clock.advance(150);
    leaving.abort(new Error("enough"));
    await clock.advance(1_000);
    await heard;
    await expect(letters.replayAll({}, { perSecond: 0 })).rejects.toThrow("perSecond");
  });
});
