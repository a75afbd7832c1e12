import { describe, expect, it, vi } from "vitest";

import type { Healer, RuntimeDeath } from "../heal/index.ts";
import { memoryDisk, memoryStore } from "../store/index.ts";
import { simulatedWorld } from "../testing/index.ts";
import { takeInWatchdogEvents } from "./watchdog-events.ts";

const setup = () => {
  const world = simulatedWorld({ seed: 1 });
  const { files, clock } = world.host();
  const paths = world.paths("/data");
  const disk = memoryDisk();
  const store = memoryStore({ clock, disk });
  const deaths: RuntimeDeath[] = [];
  const runtimeDied = vi.fn(async (death: RuntimeDeath) => void deaths.push(death));
  const healer = { runtimeDied } as unknown as Healer;
  const sources = { files, paths, store, healer, startedAtMs: 9_000 };
  const write = (path: string, lines: readonly object[]): void =>
    files.append(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  return {
    deaths,
    trim: () => {
      disk.facts = [];
    },
    event: (fields: object) => write(paths.watchdogEvents, [fields]),
    stall: (fields: object) => write(`${paths.hangsDir}/runtime.jsonl`, [fields]),
    takeIn: () => world.clock.until(takeInWatchdogEvents(sources)),
    facts: async () => (await store.facts.after(0)).map(({ type }) => type),
  };
};

const crash = {
  id: "a",
  atMs: 5_000,
  type: "runtime.crashed",
  payload: { detail: "it was killed" },
};
const hang = { id: "b", atMs: 6_000, type: "runtime.hung", payload: { detail: "it was silent" } };

describe("what the watchdog wrote", () => {
  it("becomes a fact and an incident, and both only once", async () => {
    const { event, takeIn, deaths, facts } = setup();
    event(crash);
    await takeIn();
    event({ id: "c", atMs: 7_000, type: "watchdog.adopted", payload: {} });
    await takeIn();
    expect(await facts()).toEqual(["runtime.crashed", "watchdog.adopted"]);
    expect(deaths).toEqual([
      {
        kind: "crashed",
        atMs: 5_000,
        sourceId: "a",
        detail: "it was killed",
        restartedAtMs: 9_000,
      },
    ]);
  });

  it("comes back as no new incident when its facts are trimmed", async () => {
    const { event, takeIn, deaths, trim } = setup();
    event(crash);
    event({ id: "c", atMs: 7_000, type: "watchdog.adopted", payload: {} });
    await takeIn();
    trim();
    event(hang);
    await takeIn();
    expect(deaths.map(({ sourceId }) => sourceId)).toEqual(["a", "b"]);
  });

  it("says where the runtime hung, when its stack was taken in time", async () => {
    const { event, stall, takeIn, deaths } = setup();
    stall({ atMs: 2_000, stack: ["at spin (file:///app.js:6:9)", "at timers"] });
    stall({ atMs: 7_000, stack: ["at later"] });
    event(hang);
    await takeIn();
    expect(deaths[0]?.detail).toBe("it was silent, at spin (file:///app.js:6:9)");
  });

  it("says no more than it knows", async () => {
    const { event, stall, takeIn, deaths } = setup();
    stall({ atMs: -200_000, stack: ["at long ago"] });
    event(hang);
    await takeIn();
    expect(deaths[0]?.detail).toBe("it was silent");
  });
});
