import { seededRandom } from "@kintsugi/policy/base";
import { describe, expect, it, vi } from "vitest";

import { manualClock } from "../../testing/index.ts";
import { Checkpoints, type CheckpointsOptions } from "./checkpoints.ts";
import { memoryCheckpoints } from "./memory-checkpoints.ts";
import type { CheckpointStore } from "./port.ts";

function setup(options: Partial<CheckpointsOptions> = {}) {
  const clock = manualClock();
  const report = vi.fn();
  const [first, replica] = [memoryCheckpoints(), memoryCheckpoints()];
  const make = (store: CheckpointStore = first, replicateTo: CheckpointStore = replica) =>
    new Checkpoints({
      id: "crawl",
      store,
      replicateTo,
      clock,
      report,
      random: seededRandom("replicas"),
      maxCheckpoints: () => 3,
      ...options,
    });
  const settle = () => clock.advance(0);
  const told = (): readonly string[] => report.mock.calls.map(([error]) => error.message);
  return { clock, report, first, replica, make, settle, told };
}

const level = { versionsBehind: 0, ageMs: 0, lastError: null };

describe("a replica", () => {
  it("gets each state behind the first store, in order, and keeps as many", async () => {
    const { make, replica, first, settle, report } = setup();
    const states = make();
    const order: number[] = [];
    vi.spyOn(replica, "write").mockImplementation(async (_, version) => void order.push(version));
    for (const page of [1, 2, 3, 4]) await states.save(page);
    await settle();
    expect(order).toEqual([1, 2, 3, 4]);
    vi.restoreAllMocks();
    for (const page of [5, 6, 7, 8]) await states.save(page);
    await settle();
    expect(await replica.versions("crawl")).toEqual([6, 7, 8]);
    expect(await replica.read("crawl", 8)).toBe(await first.read("crawl", 8));
    expect(states.replication).toEqual({ ...level, replicas: [level] });
    expect(report).not.toHaveBeenCalled();
  });

  it("holds no save up, says how far it is behind, and is tried again after longer waits", async () => {
    const { make, replica, clock, settle, told } = setup();
    const states = make();
    const write = vi.spyOn(replica, "write").mockRejectedValue(new Error("no way there"));
    for (const page of [1, 2]) await states.save(page);
    await clock.advance(400);
    expect(states.replication).toMatchObject({
      versionsBehind: 2,
      ageMs: 400,
      lastError: "no way there",
    });
    await clock.advance(60_000);
    const tries = write.mock.calls.length;
    expect(tries).toBeGreaterThan(4);
    expect(tries).toBeLessThan(12);
    expect(told()).toEqual(["no way there"]);
    write.mockRestore();
    await clock.advance(60_000);
    await settle();
    expect(states.replication).toMatchObject(level);
    expect(await replica.versions("crawl")).toEqual([1, 2]);
  });

  it("that was away for long gets the newest, and not all that it missed", async () => {
    const { make, replica, clock } = setup();
    const states = make();
    const write = vi.spyOn(replica, "write").mockRejectedValue(new Error("away"));
    for (let page = 1; page <= 40; page += 1) await states.save(page);
    expect(states.replication.versionsBehind).toBe(40);
    await clock.advance(10);
    write.mockRestore();
    await clock.advance(60_000);
    expect((await replica.versions("crawl")).at(-1)).toBe(40);
    expect(states.replication).toMatchObject(level);
  });

  it("that is empty or behind is brought up by the next load", async () => {
    const { make, first, replica, settle } = setup();
    await new Checkpoints({ ...options(first), report: () => {} }).save("before");
    await make().load();
    await settle();
    expect(await replica.read("crawl", 1)).toBe(await first.read("crawl", 1));
  });

  it("alone is enough when the first store is lost, and the count goes on", async () => {
    const { make, settle, replica } = setup();
    const states = make();
    for (const page of [1, 2]) await states.save(page);
    await settle();
    const empty = memoryCheckpoints();
    const after = make(empty);
    await expect(after.load()).resolves.toMatchObject({ state: 2, version: 2 });
    await expect(after.rollback(1)).resolves.toMatchObject({ state: 1 });
    await settle();
    expect(await empty.versions("crawl")).toEqual([3]);
    expect(await replica.versions("crawl")).toEqual([1, 2, 3]);
  });

  it("is no better than the first store while that is newer", async () => {
    const { make, replica, settle } = setup();
    await make().save("old");
    await settle();
    vi.spyOn(replica, "write").mockRejectedValue(new Error("away"));
    await make().save("new");
    await expect(make().load()).resolves.toMatchObject({ state: "new" });
  });

  it("is forgotten with the first store", async () => {
    const { make, replica, settle } = setup();
    const states = make();
    await states.save(1);
    await settle();
    await states.clear();
    expect(await replica.versions("crawl")).toEqual([]);
    await expect(make().load()).resolves.toBeUndefined();
  });
});

const options = (store: CheckpointStore) => ({
  id: "crawl",
  store,
  clock: manualClock(),
  maxCheckpoints: () => 3,
});

describe("a replica that cannot be asked", () => {
  it("is reported, and the work goes on with what the first store has", async () => {
    const { make, replica, told } = setup();
    await make().save("here");
    vi.spyOn(replica, "versions").mockRejectedValue(new Error("no way there"));
    await expect(make().load()).resolves.toMatchObject({ state: "here" });
    expect(told()).toContain("no way there");
  });

  it("is waited for ten seconds, and not longer", async () => {
    const { make, replica, clock, told } = setup();
    await make().save("here");
    await clock.advance(0);
    vi.spyOn(replica, "versions").mockReturnValue(new Promise(() => {}));
    const loading = make().load();
    await clock.advance(10_000);
    await expect(loading).resolves.toMatchObject({ state: "here" });
    expect(told()).toEqual(["A replica of checkpoints has not answered within 10000 ms"]);
  });

  it("lets nobody begin anew where it alone might know better", async () => {
    const { make, replica } = setup();
    vi.spyOn(replica, "versions").mockRejectedValue(new Error("no way there"));
    await expect(make().load()).rejects.toThrow("no way there");
  });
});

describe("two who save to one replica", () => {
  it("are told so, and the one that came late writes there no more until it has loaded", async () => {
    const { make, replica, settle, told } = setup();
    const [one, other] = [make(memoryCheckpoints()), make(memoryCheckpoints())];
    await one.save("of one");
    await one.save("of one too");
    await settle();
    await other.save("of the other");
    await settle();
    expect(told()).toEqual([
      expect.stringMatching(/^Two save "crawl": a replica has version 2 of/),
    ]);
    await other.save("again");
    await settle();
    expect(other.replication.versionsBehind).toBe(2);
    expect(other.replication.lastError).toBe(told()[0]);
    await expect(other.load()).resolves.toMatchObject({ version: 2 });
    await other.save("after all");
    await settle();
    expect(await replica.versions("crawl")).toEqual([1, 2, 3]);
    expect(other.replication.versionsBehind).toBe(0);
  });
});

describe("the end of the work", () => {
  it("waits for replicas, and says what is missing when the time is over", async () => {
    const { make, replica, clock, told } = setup();
    const states = make();
    const write = vi.spyOn(replica, "write").mockRejectedValue(new Error("no way there"));
    await states.save(1);
    await clock.advance(10);
    const draining = states.drain(500, clock);
    await clock.advance(500);
    await draining;
    expect(told().at(-1)).toBe('A replica of "crawl" was left 1 versions behind: no way there');
    write.mockRestore();
    const again = states.drain(5_000, clock);
    await clock.advance(5_000);
    await again;
    expect(states.replication.versionsBehind).toBe(0);
  });
});

describe("a replica that is none", () => {
  it("is refused where it is given", () => {
    const { make, first } = setup();
    expect(() => make(first, first)).toThrow(
      "replicateTo must be another store than the one that is replicated",
    );
    expect(() => make(first, {} as never)).toThrow(
      "replicateTo must be an object with write(), read(), versions(), remove(), got an object",
    );
  });
});
