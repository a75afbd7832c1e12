import { seededRandom } from "@kintsugi/policy/base";
import { describe, expect, it } from "vitest";

import { memoryDisk, memoryStore } from "../../store/index.ts";
import { manualClock } from "../../testing/index.ts";
import { defineWorkflow } from "../define.ts";
import type { RunHandle } from "../run-types.ts";
import { engineLives, signals, workflowTables } from "../tables.ts";
import type { Workflow } from "../types.ts";
import { type EmbeddedEngineOptions, embeddedEngine } from "./embedded.ts";

/** An engine that starts in the world of `before`, or in a new one. */
async function setup(
  workflows: readonly Workflow<never, unknown>[],
  options: Partial<EmbeddedEngineOptions> = {},
  before?: { clock: ReturnType<typeof manualClock>; disk: ReturnType<typeof memoryDisk> },
) {
  const { clock, disk } = before ?? { clock: manualClock(), disk: memoryDisk() };
  const store = memoryStore({ clock, disk, tables: workflowTables });
  const onFatal = (error: unknown): void => void fatal.push(error);
  const fatal: unknown[] = [];
  const engine = embeddedEngine({ store, clock, random: seededRandom(1), onFatal, ...options });
  for (const workflow of workflows) engine.register(workflow);
  void engine.start();
  await clock.advance(0);
  const done = async <T>(work: Promise<T>): Promise<T> => {
    const settled = Promise.allSettled([work]);
    await clock.advance(0);
    await settled;
    return work;
  };
  const start = async (
    workflow: Workflow<undefined, unknown>,
    ids: readonly string[],
  ): Promise<readonly RunHandle<unknown>[]> =>
    done(Promise.all(ids.map((id) => engine.run(workflow, undefined, { id }))));
  return { engine, store, clock, disk, fatal, done, start };
}

/** Steps that end when they are told to. */
function doors() {
  const open: (() => void)[] = [];
  const pass = (): Promise<void> => new Promise((resolve) => open.push(resolve));
  return { open, pass };
}

describe("an engine with room for two", () => {
  it("lets two run, and the others in their order as those end", async () => {
    const { open, pass } = doors();
    const workflow = defineWorkflow("queue", (ctx) => ctx.step("pass", pass));
    const { engine, clock, start } = await setup([workflow], { maxLive: 2 });
    for (const id of ["d", "c", "b", "a", "e"]) {
      await start(workflow, [id]);
      await clock.advance(1);
    }
    const ended = async (): Promise<readonly string[]> =>
      (await engine.list({ status: "completed" })).map(({ id }) => id).sort();
    for (const expected of [["d"], ["c", "d"], ["b", "c", "d"], ["a", "b", "c", "d"]]) {
      expect(open.length).toBe(Math.min(expected.length + 1, 5));
      open[expected.length - 1]?.();
      await clock.advance(1);
      expect(await ended()).toEqual(expected);
    }
    open[4]?.();
    await clock.advance(1);
    expect(await engine.count({ status: "running" })).toBe(0);
  });

  it("does not count those that wait, so parents never keep their children out", async () => {
    const child = defineWorkflow("child", (ctx) => ctx.step("work", () => 1));
    const parent = defineWorkflow("parent", (ctx) => ctx.child(child, undefined));
    const { engine, clock, start } = await setup([child, parent], { maxLive: 2 });
    await start(parent, ["a", "b", "c", "d", "e"]);
    await clock.advance(0);
    expect(await engine.count({ status: "completed" })).toBe(10);
  });

  it("keeps two that wait in memory, and wakes the others from their rows", async () => {
    let ran = 0;
    const workflow = defineWorkflow("waits", async (ctx) => {
      ran += 1;
      const signal = await ctx.waitFor("go", { timeout: 1_000 });
      await ctx.sleep(1_000);
      return signal;
    });
    const { clock, done, start } = await setup([workflow], { maxLive: 2 });
    const ids = ["a", "b", "c", "d", "e", "f"];
    const handles = await start(workflow, ids);
    await clock.advance(0);
    for (const [at, handle] of handles.entries())
      if (at % 2 === 0) await done(handle.signal("go", at));
    await clock.advance(999);
    await clock.advance(2_000);
    const results = await done(Promise.all(handles.map((handle) => handle.result())));
    expect(results).toEqual([0, null, 2, null, 4, null]);
    expect(ran).toBeGreaterThan(ids.length);
  });

  it("lets a fresh run pass suspects, but no run that waits before it", async () => {
    const { open, pass } = doors();
    let isDown = true;
    const workflow = defineWorkflow("suspect", (ctx) =>
      ctx.step("pass", () => (isDown ? new Promise<void>(() => {}) : pass())),
    );
    const first = await setup([workflow], { maxLive: 2 });
    await first.start(workflow, ["suspect a", "suspect b"]);
    const second = await setup([workflow], { maxLive: 2 }, first);
    isDown = false;
    const { clock, engine, start } = await setup([workflow], { maxLive: 3 }, second);
    expect(open).toHaveLength(1);
    await start(workflow, ["fresh"]);
    expect(open).toHaveLength(2);
    for (const _ of [1, 2, 3]) {
      for (const one of open) one();
      await clock.advance(0);
    }
    expect(await engine.count({ status: "completed" })).toBe(3);
  });
});

describe("a place that was kept for a run", () => {
  it("is given back when the run is not accepted", async () => {
    const workflow = defineWorkflow("quick", (ctx) => ctx.step("work", () => 1));
    const { engine, done, start } = await setup([workflow], { maxLive: 1 });
    const refused = engine.run(workflow, (() => {}) as unknown as undefined);
    await expect(done(refused)).rejects.toMatchObject({ path: "input" });
    const [first] = await start(workflow, ["a", "a", "b"]);
    expect(await done(first?.result() ?? Promise.reject())).toBe(1);
    expect(await engine.count({ status: "completed" })).toBe(2);
  });
});

describe("an engine that starts on many rows", () => {
  it("takes them all up, a page at a time, and none twice", async () => {
    let ran = 0;
    let isDown = true;
    const workflow = defineWorkflow("many", async (ctx) => {
      await ctx.step("first", () => 1);
      await ctx.step("second", () => {
        ran += 1;
        return isDown ? new Promise<void>(() => {}) : undefined;
      });
    });
    const ids = Array.from({ length: 1_200 }, (_, number) => `run ${number}`);
    const first = await setup([workflow], { maxLive: 700 });
    await first.start(workflow, ids);
    expect(ran).toBe(700);
    isDown = false;
    const { clock, engine, store } = await setup([workflow], { maxLive: 300 }, first);
    await clock.advance(0);
    expect(await store.list(engineLives)).toMatchObject([{ life: 2, stoppedAtMs: null }]);
    expect(await engine.count({ status: "completed" })).toBe(ids.length);
    expect(ran).toBe(700 + ids.length);
  });

  it("wakes a thousand sleepers when each of them is due", async () => {
    const workflow = defineWorkflow("sleep", (ctx) => ctx.sleep(10_000));
    const first = await setup([workflow]);
    await first.start(
      workflow,
      Array.from({ length: 1_000 }, (_, number) => `run ${number}`),
    );
    await first.clock.advance(5_000);
    const { clock, engine } = await setup([workflow], { maxLive: 100 }, first);
    expect(await engine.count({ status: "running" })).toBe(1_000);
    await clock.advance(4_999);
    expect(await engine.count({ status: "completed" })).toBe(0);
    await clock.advance(1);
    expect(await engine.count({ status: "completed" })).toBe(1_000);
  });

  it("leaves runs whose code it does not know until it is told of it", async () => {
    const workflow = defineWorkflow("late", (ctx) => ctx.step("pass", () => "done"));
    const hang = defineWorkflow("late", (ctx) =>
      ctx.step("pass", () => new Promise<string>(() => {})),
    );
    const first = await setup([hang]);
    await first.start(hang, ["a"]);
    const { engine, done, clock } = await setup([], {}, first);
    const handle = await engine.handle("a");
    expect(await handle?.status()).toBe("running");
    engine.register(workflow);
    await clock.advance(0);
    expect(await done(handle?.result() ?? Promise.reject())).toBe("done");
  });
});

describe("a child whose workflow only its parent knows", () => {
  it("goes on in a later life as soon as the parent asks for it", async () => {
    let isDown = true;
    const child = defineWorkflow("child", (ctx) =>
      ctx.step("work", () => (isDown ? new Promise<string>(() => {}) : "from the child")),
    );
    const parent = defineWorkflow("parent", (ctx) => ctx.child(child, undefined));
    const first = await setup([parent]);
    await first.start(parent, ["p"]);
    isDown = false;
    const { engine, done } = await setup([parent], {}, first);
    const handle = await engine.handle("p");
    expect(await done(handle?.result() ?? Promise.reject())).toBe("from the child");
  });
});

describe("signals that nobody asks for", () => {
  it("are refused beyond a thousand, and stay when the run ends", async () => {
    const { open, pass } = doors();
    const workflow = defineWorkflow("full", (ctx) => ctx.step("pass", pass));
    const { store, clock, done, start } = await setup([workflow]);
    const [handle] = await start(workflow, ["a"]);
    for (let number = 0; number < 1_000; number += 1) void handle?.signal("x", number);
    await clock.advance(0);
    const refused = done(handle?.signal("x") ?? Promise.resolve());
    await expect(refused).rejects.toMatchObject({ code: "KINTSUGI_SIGNALS_FULL" });
    expect(await store.count(signals)).toBe(1_000);
    open[0]?.();
    await clock.advance(0);
    expect(await store.count(signals)).toBe(1_000);
  });

  it("stay when the run is cancelled while it waits as a row", async () => {
    const workflow = defineWorkflow("parked", (ctx) => ctx.waitFor("go"));
    const { store, done, start } = await setup([workflow], { maxLive: 1 });
    const handles = await start(workflow, ["a", "b"]);
    // A signal takes its run into memory, and the other one out of it.
    for (const handle of handles) await done(handle.signal("other"));
    expect(await store.count(signals)).toBe(2);
    await done(handles[0]?.cancel() ?? Promise.resolve());
    expect(await store.count(signals)).toBe(2);
    expect(await handles[0]?.status()).toBe("cancelled");
  });
});
