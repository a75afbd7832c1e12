import { describe, expect, it, vi } from "vitest";

import { StoreFailedError, StoreOverloadedError } from "../store/index.ts";
import { connected, openLab, processSpec } from "./fixtures/lab.ts";
import { componentTable } from "./tables.ts";

const setup = () => {
  const lab = openLab();
  lab.world.program("worker", connected());
  const run = lab.supervisor([processSpec("web")]);
  return { ...lab, ...run, view: () => run.supervisor.get("web") };
};

describe("supervision on a full disk", () => {
  it("goes on, and writes what it did when there is room again", async () => {
    const { start, pass, disk, processOf, view, store, facts } = setup();
    await start();
    disk.condition = "full";
    for (const incarnation of [2, 3]) {
      processOf("web").kill();
      await pass(2_000);
      expect(view()).toMatchObject({ phase: "running", incarnation });
    }
    expect(await store.get(componentTable, "web")).toMatchObject({ incarnation: 1 });

    disk.condition = "well";
    await pass(5_000);
    expect(await store.get(componentTable, "web")).toMatchObject({
      incarnation: 3,
      phase: "running",
      identity: view()?.identity,
    });
    expect(await facts("component.started")).toHaveLength(3);
  });

  it("keeps the newest facts when there are too many", async () => {
    const { start, pass, disk, processOf, facts } = setup();
    await start();
    disk.condition = "full";
    for (let kill = 0; kill < 150; kill += 1) {
      processOf("web").kill();
      await pass(61_000); // A calm period each time: no crash loop.
    }
    disk.condition = "well";
    await pass(5_000);
    const started = await facts("component.started");
    expect(started.length).toBeLessThan(140);
    expect(started.at(-1)?.payload).toMatchObject({ incarnation: 151 });
    const gaps = (await facts()).filter(
      ({ type, payload }) => type !== "store.room" && "factsDropped" in payload,
    );
    expect(gaps).toHaveLength(1);
  });
});

describe("supervision over a store that is overloaded", () => {
  it("tries again later, and loses nothing", async () => {
    const { start, pass, processOf, view, store, facts, fatal } = setup();
    await start();
    const commit = vi.spyOn(store, "commit");
    for (let turned = 0; turned < 3; turned += 1) {
      commit.mockRejectedValueOnce(new StoreOverloadedError("too much waits", 500));
    }
    processOf("web").kill();
    await pass(5_000);
    expect(fatal).toEqual([]);
    expect(view()).toMatchObject({ phase: "running", incarnation: 2 });
    expect(await store.get(componentTable, "web")).toMatchObject({
      incarnation: 2,
      phase: "running",
    });
    expect(await facts("component.exited")).toHaveLength(1);
    expect(await facts("component.started")).toHaveLength(2);
  });
});

describe("supervision over a store that failed", () => {
  it("says so, once", async () => {
    const { start, pass, disk, processOf, fatal } = setup();
    await start();
    disk.condition = "broken";
    processOf("web").kill();
    await pass(5_000);
    expect(fatal).toHaveLength(1);
    expect(fatal[0]).toBeInstanceOf(StoreFailedError);
  });
});
