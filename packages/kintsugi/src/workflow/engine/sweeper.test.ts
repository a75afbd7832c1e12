import { seededRandom } from "@kintsugi/policy/base";
import { describe, expect, it } from "vitest";

import { memoryStore } from "../../store/index.ts";
import { manualClock } from "../../testing/index.ts";
import { defineWorkflow } from "../define.ts";
import { runEnds, runKeys, runs, signals, steps, workflowTables } from "../tables.ts";
import { type EmbeddedEngineOptions, embeddedEngine } from "./embedded.ts";

const DAY_MS = 86_400_000;

const step = defineWorkflow("step", (ctx) => ctx.step("one", () => 1));
const broken = defineWorkflow("broken", (ctx) =>
  ctx.step("one", () => {
    throw new Error("no");
  }),
);
const waits = defineWorkflow("waits", (ctx) => ctx.waitFor("go"));
const kept = defineWorkflow("kept", { retention: "100d" }, async () => {});
const brief = defineWorkflow("brief", { retention: "1h" }, async () => {});

async function setup(options: Partial<EmbeddedEngineOptions> = {}) {
  const clock = manualClock();
  const store = memoryStore({ clock, tables: workflowTables });
  const random = seededRandom(1);
  const engine = embeddedEngine({ store, clock, random, onFatal: () => {}, ...options });
  for (const workflow of [step, broken, waits, kept, brief]) engine.register(workflow);
  void engine.start();
  await clock.advance(0);
  const done = async <T>(work: Promise<T>): Promise<T> => {
    const settled = Promise.allSettled([work]);
    await clock.advance(0);
    await settled;
    return work;
  };
  const ids = async () => (await engine.list()).map(({ id }) => id).sort();
  const swept = async () =>
    (await store.facts.latest(100, ["runs.swept"])).map(({ payload }) => payload);
  return { clock, store, engine, done, ids, swept };
}

describe("runs that have ended", () => {
  it("are kept for thirty days, dead ones for ninety, and those that run for ever", async () => {
    const { clock, engine, done, ids, swept } = await setup();
    await done(engine.run(step, undefined, { id: "completed" }));
    await done(engine.run(broken, undefined, { id: "dead" }));
    await done(engine.run(waits, undefined, { id: "waits" }));
    const cancelled = await done(engine.run(waits, undefined, { id: "cancelled" }));
    await done(cancelled.cancel());
    await clock.advance(29 * DAY_MS);
    expect(await ids()).toEqual(["cancelled", "completed", "dead", "waits"]);
    await clock.advance(DAY_MS + 7_200_000);
    expect(await ids()).toEqual(["dead", "waits"]);
    await clock.advance(61 * DAY_MS);
    expect(await ids()).toEqual(["waits"]);
    expect(await swept()).toEqual([
      { runs: 2, rows: 1 },
      { runs: 1, rows: 1 },
    ]);
    await clock.advance(DAY_MS);
    expect(await swept()).toHaveLength(2);
  });

  it("are kept as long as their workflow says, and as long as the engine was told", async () => {
    const { clock, engine, done, ids } = await setup({
      retention: "2d",
      deadLetterRetention: "3d",
    });
    for (const workflow of [step, kept, brief, broken]) {
      await done(engine.run(workflow as typeof step, undefined, { id: workflow.name }));
    }
    await clock.advance(3 * 3_600_000);
    expect(await ids()).toEqual(["broken", "kept", "step"]);
    await clock.advance(2 * DAY_MS);
    expect(await ids()).toEqual(["broken", "kept"]);
    await clock.advance(DAY_MS);
    expect(await ids()).toEqual(["kept"]);
    await clock.advance(98 * DAY_MS);
    expect(await ids()).toEqual([]);
  });

  it("take all that belongs to them along", async () => {
    const { clock, engine, store, done } = await setup();
    const handle = await done(engine.run(waits, undefined, { id: "a", uniqueKey: "k" }));
    await done(handle.signal("other", 1));
    await done(handle.signal("go", 1));
    await done(engine.run(broken, undefined, { id: "b" }));
    await done(engine.discard("b", "of no use"));
    for (const table of [runs, steps, signals, runKeys, runEnds] as const) {
      expect(await store.count(table as typeof runs)).toBeGreaterThan(0);
    }
    await clock.advance(31 * DAY_MS);
    for (const table of [runs, steps, signals, runKeys, runEnds] as const) {
      expect(await store.count(table as typeof runs)).toBe(0);
    }
  });

  it("leave their key to the run that has taken it since", async () => {
    const { clock, engine, store, done } = await setup();
    const first = await done(engine.run(waits, undefined, { id: "a", uniqueKey: "k" }));
    await done(first.signal("go"));
    await done(engine.run(waits, undefined, { id: "b", uniqueKey: "k" }));
    await clock.advance(31 * DAY_MS);
    expect(await store.list(runKeys)).toMatchObject([{ runId: "b" }]);
  });

  it("go in pieces when they are large, and are not brought back in between", async () => {
    const { clock, engine, store, done, ids, swept } = await setup({ retention: "1h" });
    const large = defineWorkflow("large", async (ctx) => {
      for (let n = 0; n < 1_300; n += 1) await ctx.now();
    });
    await done(engine.run(large, undefined, { id: "large" }));
    expect(await store.count(steps)).toBe(1_300);
    while ((await store.count(steps)) === 1_300) await clock.advance(5);
    expect(await store.count(steps)).toBeGreaterThan(0);
    const back = done(engine.rewind("large", { fromStep: 0 }));
    await expect(back).rejects.toMatchObject({ code: "KINTSUGI_RUN_STATUS" });
    await clock.advance(1_000);
    expect([await ids(), await store.count(steps)]).toEqual([[], 0]);
    expect(await swept()).toEqual([{ runs: 1, rows: 1_300 }]);
  });
});

describe("a family of runs", () => {
  it("goes together, when each of them has been kept long enough", async () => {
    const { clock, engine, done, ids } = await setup();
    const code = defineWorkflow("parent", async (ctx) => {
      await ctx.child(broken, undefined).catch(() => {});
      await ctx.child(step, undefined);
    });
    await done(engine.run(code, undefined, { id: "p" }));
    expect(await ids()).toEqual(["p", "p/0", "p/1"]);
    await clock.advance(89 * DAY_MS);
    expect(await ids()).toEqual(["p", "p/0", "p/1"]); // A dead letter is among them.
    await clock.advance(2 * DAY_MS);
    expect(await ids()).toEqual([]);
  });

  it("stays as long as the parent runs", async () => {
    const { clock, engine, done, ids } = await setup();
    const code = defineWorkflow("parent", async (ctx) => {
      await ctx.child(step, undefined);
      await ctx.waitFor("go");
    });
    const handle = await done(engine.run(code, undefined, { id: "p" }));
    await clock.advance(60 * DAY_MS);
    expect(await ids()).toEqual(["p", "p/0"]);
    await done(handle.signal("go"));
    await clock.advance(31 * DAY_MS);
    expect(await ids()).toEqual([]);
  });
});

describe("a sweep", () => {
  it("ends with the engine", async () => {
    const { clock, engine, store, done } = await setup({ retention: "1h" });
    await done(engine.run(step, undefined, { id: "a" }));
    await done(engine.stop());
    await clock.advance(DAY_MS);
    expect(await store.count(runs)).toBe(1);
  });
});
