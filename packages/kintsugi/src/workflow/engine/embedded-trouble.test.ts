import { seededRandom } from "@kintsugi/policy/base";
import { describe, expect, it } from "vitest";

import { type Change, insert, memoryDisk, memoryStore, type Store } from "../../store/index.ts";
import { manualClock } from "../../testing/index.ts";
import { defineWorkflow } from "../define.ts";
import { runs, signals, steps, workflowTables } from "../tables.ts";
import { embeddedEngine } from "./embedded.ts";
import type { WorkflowMeasure } from "./measure.ts";

const forever = (): Promise<never> => new Promise(() => {});

/** An engine whose store refuses what `refusal` throws for. */
async function setup(refusal: (change: Change) => void = () => {}, maxLive = 100) {
  const clock = manualClock();
  const disk = memoryDisk();
  const inner = memoryStore({ clock, disk, tables: workflowTables });
  const store: Store = new Proxy(inner, {
    get(target, key) {
      if (key !== "commit") return Reflect.get(target, key, target) as unknown;
      return async (changes: readonly Change[]): Promise<void> => {
        for (const change of changes) refusal(change);
        await target.commit(changes);
      };
    },
  });
  for (const name of ["get", "list", "count", "onState"] as const) {
    Object.defineProperty(store, name, { value: inner[name].bind(inner) });
  }
  const fatal: unknown[] = [];
  const measures: WorkflowMeasure[] = [];
  const engine = embeddedEngine({
    store,
    clock,
    random: seededRandom(1),
    maxLive,
    onFatal: (error) => void fatal.push(error),
    onMeasure: (measure) => void measures.push(measure),
  });
  void engine.start();
  await clock.advance(0);
  const done = async <T>(work: Promise<T>): Promise<T> => {
    const settled = Promise.allSettled([work]);
    await clock.advance(0);
    await settled;
    return work;
  };
  const facts = async (): Promise<string[]> =>
    (await inner.facts.latest(100)).map(({ type }) => type);
  return { engine, store: inner, clock, disk, fatal, measures, done, facts };
}

describe("a store that fails", () => {
  it("ends all code at once, is told of once, and lets nobody wait for ever", async () => {
    const { engine, clock, disk, fatal, done } = await setup();
    const aborted: string[] = [];
    const workflow = defineWorkflow("long", (ctx, id: string) =>
      ctx.step("work", ({ signal }) => {
        signal.addEventListener("abort", () => aborted.push(id));
        return forever();
      }),
    );
    const quick = defineWorkflow("quick", (ctx) => ctx.step("work", () => 1));
    const handle = await done(engine.run(workflow, "a"));
    await done(engine.run(workflow, "b"));
    const heard = expect(handle.result()).rejects.toMatchObject({ code: "KINTSUGI_STORE_FAILED" });
    disk.condition = "broken";
    const refused = done(engine.run(quick, undefined));
    await expect(refused).rejects.toMatchObject({ code: "KINTSUGI_STORE_FAILED" });
    await heard;
    expect(aborted).toEqual(["a", "b"]);
    await clock.advance(60_000);
    expect(fatal).toMatchObject([{ code: "KINTSUGI_STORE_FAILED" }]);
    await expect(engine.run(quick, undefined)).rejects.toMatchObject({
      code: "KINTSUGI_STORE_FAILED",
    });
    await engine.stop();
  });

  it("lets a run go no further than the disk: a full one holds it until there is room", async () => {
    const { engine, clock, disk, done, fatal } = await setup();
    const ran: string[] = [];
    const workflow = defineWorkflow("steps", async (ctx) => {
      await ctx.step("first", () => ran.push("first"));
      await ctx.step("second", () => ran.push("second"));
    });
    const started = engine.run(workflow, undefined);
    await clock.advance(0);
    const handle = await started;
    await done(handle.result());
    ran.length = 0;
    disk.condition = "full";
    const waiting = engine.run(workflow, undefined);
    await clock.advance(500);
    expect(ran).toEqual([]);
    disk.condition = "well";
    await clock.advance(2_000);
    await done((await waiting).result());
    expect(ran).toEqual(["first", "second"]);
    expect(fatal).toEqual([]);
  });
});

describe("a run that the store refuses", () => {
  it("dies when a row stands where its step was to be recorded; others go on", async () => {
    const { engine, store, done, fatal } = await setup();
    const workflow = defineWorkflow("steps", async (ctx) => {
      await ctx.step("first", () => 1);
      return ctx.step("second", () => 2);
    });
    const row = { seq: 1, kind: "step", name: "?", ordinal: 0, deadlineMs: null } as const;
    const intruder = {
      ...row,
      runId: "a",
      childId: null,
      failed: 0,
      outcome: "1",
      attempts: null,
      signalSeq: null,
      abandonedBy: null,
      undoable: 0,
    } as const;
    await done(store.commit([insert(steps, intruder)]));
    const [a, b] = await done(
      Promise.all(["a", "b"].map((id) => engine.run(workflow, undefined, { id }))),
    );
    await expect(done(a?.result() ?? forever())).rejects.toMatchObject({ name: "ConflictError" });
    expect(await done(b?.result() ?? forever())).toBe(2);
    expect(await engine.get("a")).toMatchObject({ status: "dead", deadReason: "failed" });
    expect(fatal).toEqual([]);
  });

  it("dies of a result that is too big for its row, also at its very end", async () => {
    const { engine, done } = await setup((change) => {
      const set = change.kind === "update" ? (change.set as { outcome?: string }) : {};
      if ((set.outcome?.length ?? 0) > 10_000) throw new RangeError("outcome is too big");
    });
    const workflow = defineWorkflow("big", async () => "x".repeat(20_000));
    const handle = await done(engine.run(workflow, undefined, { id: "big" }));
    await expect(done(handle.result())).rejects.toThrow("outcome is too big");
    expect(await engine.get("big")).toMatchObject({
      status: "dead",
      error: { name: "RangeError", message: "outcome is too big" },
    });
  });

  it("dies of an input that cannot be read, and of nothing worse", async () => {
    const { engine, store, clock, done, fatal } = await setup();
    const workflow = defineWorkflow("input", async () => 1);
    const handle = await done(engine.run(workflow, undefined, { id: "a" }));
    await done(handle.result());
    const row = await store.get(runs, "a");
    if (!row) throw new Error("there is no row");
    const broken = { ...row, id: "b", status: "running", phase: "queued", input: "{" } as const;
    await done(store.commit([insert(runs, broken)]));
    engine.register(defineWorkflow("other", async () => 1)); // The queue is looked at again.
    await clock.advance(0);
    expect(await engine.get("b")).toMatchObject({
      status: "dead",
      error: { name: "CorruptRecordError" },
    });
    expect(fatal).toEqual([]);
  });
});

describe("a run that is cancelled in the very moment", () => {
  it("in which it is let run, never runs", async () => {
    const door = Promise.withResolvers<void>();
    const cancelled: Promise<void>[] = [];
    let cancel = async (): Promise<void> => {};
    const { engine, clock, done } = await setup((change) => {
      if (change.kind !== "update" || change.key[0] !== "b") return;
      const { phase } = change.set as { phase?: string };
      if (phase === "busy") cancelled.push(Promise.resolve().then(() => cancel()));
    }, 1);
    const ran: string[] = [];
    const workflow = defineWorkflow("turns", async (ctx) => {
      ran.push(ctx.runId);
      await ctx.step("door", () => door.promise);
    });
    await done(engine.run(workflow, undefined, { id: "a" }));
    const b = await done(engine.run(workflow, undefined, { id: "b" }));
    cancel = () => b.cancel();
    door.resolve();
    await clock.advance(0);
    await Promise.all(cancelled);
    expect(cancelled).toHaveLength(1);
    expect(ran).toEqual(["a"]);
    expect(await b.status()).toBe("cancelled");
  });

  it("in which a signal is written, keeps no signal, and says so", async () => {
    let cancel = (): void => {};
    const { engine, store, done } = await setup((change) => {
      if (change.kind === "insert" && change.table.name === "signals") cancel();
    });
    const workflow = defineWorkflow("waits", (ctx) => ctx.waitFor("go"));
    const handle = await done(engine.run(workflow, undefined));
    cancel = () => void handle.cancel();
    const refused = expect(handle.signal("go")).rejects.toMatchObject({
      code: "KINTSUGI_RUN_STATUS",
      status: "cancelled",
    });
    await done(refused);
    expect(await store.count(signals)).toBe(0);
  });
});

describe("what an engine tells", () => {
  it("is a fact for every turn in the life of a run", async () => {
    const { engine, done, facts } = await setup();
    let isMended = false;
    const workflow = defineWorkflow("facts", (ctx) =>
      ctx.step("work", () => {
        if (!isMended) throw new Error("no");
      }),
    );
    const sleeper = defineWorkflow("sleeper", (ctx) => ctx.sleep("1h"));
    const handle = await done(engine.run(workflow, undefined, { id: "a" }));
    await done(handle.result()).catch(() => {});
    isMended = true;
    await done((await done(engine.replay("a"))).result());
    const cancelled = await done(engine.run(sleeper, undefined));
    await done(cancelled.cancel());
    const life = ["run.started", "run.dead", "run.replayed", "run.completed"];
    expect(await facts()).toEqual([...life, "run.started", "run.cancelled"]);
  });

  it("is a measure for each step and each word of progress", async () => {
    const { engine, clock, done, measures } = await setup();
    const workflow = defineWorkflow("measured", async (ctx) => {
      ctx.progress(1, 2);
      await ctx.step("slow", async () => {
        await new Promise<void>((resolve) => clock.after(7, resolve));
      });
      await ctx.step("bad", () => Promise.reject(new Error("no"))).catch(() => {});
    });
    const handle = await done(engine.run(workflow, undefined, { id: "m" }));
    await clock.advance(10);
    await done(handle.result());
    const run = { runId: "m", workflow: "measured" };
    expect(measures).toEqual([
      { kind: "progress made", ...run, progress: { done: 1, total: 2, note: "" } },
      { kind: "step ended", ...run, step: "slow", failed: false, durationMs: 7 },
      { kind: "step ended", ...run, step: "bad", failed: true, durationMs: 0 },
    ]);
  });
});

describe("an engine that does not run", () => {
  it("accepts nothing before its start and after its end, but still says what has been", async () => {
    const workflow = defineWorkflow("once", async () => 1);
    const { engine, done, clock } = await setup();
    const handle = await done(engine.run(workflow, undefined, { id: "a" }));
    await done(handle.result());
    const stopping = engine.stop();
    await clock.advance(0);
    await stopping;
    const stopped = { code: "KINTSUGI_ENGINE_STOPPED" };
    await expect(engine.run(workflow, undefined)).rejects.toMatchObject(stopped);
    await expect(handle.cancel()).rejects.toMatchObject(stopped);
    await expect(engine.start()).rejects.toMatchObject(stopped);
    expect(await handle.result()).toBe(1);
    expect(await engine.get("a")).toMatchObject({ status: "completed" });
  });

  it("refuses two definitions under one name and version", async () => {
    const { engine } = await setup();
    engine.register(defineWorkflow("twin", async () => 1));
    engine.register(defineWorkflow("twin", { version: 2 }, async () => 2));
    expect(() => engine.register(defineWorkflow("twin", async () => 3))).toThrow(
      'Another workflow is registered as version 1 of "twin"',
    );
  });

  it("refuses to have no room at all", () => {
    const clock = manualClock();
    const store = memoryStore({ clock });
    expect(() => embeddedEngine({ store, clock, random: seededRandom(1), maxLive: 0 })).toThrow(
      "maxLive must be a whole number of at least 1, got 0",
    );
  });
});
