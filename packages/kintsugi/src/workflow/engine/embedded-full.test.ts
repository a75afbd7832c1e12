import { seededRandom } from "@kintsugi/policy/base";
import { describe, expect, it } from "vitest";

import { fact, memoryDisk, memoryStore } from "../../store/index.ts";
import { manualClock } from "../../testing/index.ts";
import { defineWorkflow } from "../define.ts";
import { workflowTables } from "../tables.ts";
import { embeddedEngine } from "./embedded.ts";

/** An engine whose disk can fill; then a reserve is left that would do for all that is tried here. */
async function setup() {
  const clock = manualClock();
  const disk = memoryDisk();
  const ran: string[] = [];
  const door = Promise.withResolvers<void>();
  const steps = defineWorkflow("steps", async (ctx) => {
    await ctx.step("first", () => door.promise);
    await ctx.now();
    ran.push("now");
    await ctx.step("second", () => ran.push("second"));
  });
  const quick = defineWorkflow("quick", (ctx) => ctx.step("work", () => ran.push("quick")));
  const heal = defineWorkflow("heal", (ctx) => ctx.step("mend", () => ran.push("heal")));
  const nap = defineWorkflow("nap", async (ctx) => {
    await ctx.sleep(1_000);
    ran.push("nap");
  });
  const open = async () => {
    const store = memoryStore({ clock, disk, tables: workflowTables });
    const isUrgent = (name: string): boolean => name === "heal";
    const engine = embeddedEngine({
      store,
      clock,
      random: seededRandom(1),
      isUrgent,
      onFatal: () => {},
    });
    for (const workflow of [steps, quick, heal, nap]) engine.register(workflow);
    void engine.start();
    await clock.advance(0);
    const fill = async (): Promise<void> => {
      disk.condition = "full";
      disk.room = 0;
      void store.commit([fact("test.filled", 0, {})]);
      await clock.advance(0);
      expect(store.state.kind).toBe("full");
      disk.room = 1_000;
      await clock.advance(2_000);
      expect(store.state.kind).toBe("full");
    };
    const makeRoom = async (): Promise<void> => {
      disk.condition = "well";
      await clock.advance(2_000);
    };
    return { engine, store, fill, makeRoom };
  };
  return { clock, disk, ran, door, steps, quick, heal, nap, open, ...(await open()) };
}

describe("while the disk is full", () => {
  it("a run goes no further than the step that is under way, until there is room", async () => {
    const { engine, clock, ran, door, steps, fill, makeRoom } = await setup();
    void engine.run(steps, undefined, { id: "run" });
    await clock.advance(0);
    await fill();
    door.resolve();
    await clock.advance(5_000);
    expect(ran).toEqual([]);
    expect(await engine.get("run")).toMatchObject({ waiting: false, stepsRecorded: 1 });
    await makeRoom();
    expect(ran).toEqual(["now", "second"]);
    expect(await engine.get("run")).toMatchObject({ status: "completed" });
  });

  it("no new run is accepted but an urgent one, which goes on to its end", async () => {
    const { engine, clock, ran, disk, quick, heal, fill, makeRoom } = await setup();
    await fill();
    const roomBefore = disk.room;
    void engine.run(quick, undefined, { id: "run" });
    await clock.advance(5_000);
    expect(disk.room).toBe(roomBefore);
    void engine.run(heal, undefined, { id: "heal" });
    await clock.advance(5_000);
    expect(ran).toEqual(["heal"]);
    expect(await engine.get("heal")).toMatchObject({ status: "completed" });
    await makeRoom();
    expect(ran).toEqual(["heal", "quick"]);
  });

  it("no run is woken from its row until there is room", async () => {
    const { engine, clock, ran, nap, open } = await setup();
    void engine.run(nap, undefined, { id: "nap" });
    await clock.advance(0);
    const { engine: next, fill, makeRoom } = await open();
    await fill();
    expect(await next.get("nap")).toMatchObject({ status: "running", waiting: true });
    expect(ran).toEqual([]);
    await makeRoom();
    expect(ran).toEqual(["nap"]);
  });

  it("a run that is held can be cancelled, and its code does not go on", async () => {
    const { engine, clock, ran, door, steps, fill, makeRoom } = await setup();
    void engine.run(steps, undefined, { id: "run" });
    await clock.advance(0);
    await fill();
    door.resolve();
    await clock.advance(0);
    void (await engine.handle("run"))?.cancel();
    await clock.advance(2_000);
    expect(await engine.get("run")).toMatchObject({ status: "cancelled" });
    await makeRoom();
    expect(ran).toEqual([]);
  });

  it("an engine that stops keeps nobody waiting", async () => {
    const { engine, clock, ran, door, steps, quick, fill, makeRoom } = await setup();
    void engine.run(steps, undefined, { id: "run" });
    await clock.advance(0);
    await fill();
    door.resolve();
    const refused = expect(engine.run(quick, undefined)).rejects.toMatchObject({
      code: "KINTSUGI_ENGINE_STOPPED",
    });
    await clock.advance(0);
    void engine.stop();
    await clock.advance(2_000);
    await refused;
    await makeRoom();
    expect(ran).toEqual([]);
  });
});
