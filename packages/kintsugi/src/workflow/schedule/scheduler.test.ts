import { seededRandom } from "@kintsugi/policy/base";
import { describe, expect, it, onTestFinished } from "vitest";

import { memoryDisk, memoryStore } from "../../store/index.ts";
import { manualClock } from "../../testing/index.ts";
import { defineWorkflow } from "../define.ts";
import { embeddedEngine } from "../engine/embedded.ts";
import { workflowTables } from "../tables.ts";
import { defineSchedule } from "./define-schedule.ts";
import { type Scheduler as AnyScheduler, Scheduler } from "./scheduler.ts";

const HOUR_MS = 3_600_000;

/** A world with one schedule, whose process can be ended and begun again. */
function setup(more: { readonly catchUp?: "last" | "all" | "none" } = {}) {
  const clock = manualClock();
  const disk = memoryDisk();
  const ran: string[] = [];
  const errors: unknown[] = [];
  const report = defineWorkflow("report", async (ctx, input: string) => {
    await ctx.step("run", () => ran.push(`${input} ${ctx.runId}`));
  });
  const begin = async (cron = "0 * * * *") => {
    const what = { name: "hourly", workflow: report, cron, input: "go", ...more };
    const hourly = defineSchedule(what);
    const store = memoryStore({ clock, disk, tables: workflowTables });
    const engine = embeddedEngine({ store, clock, random: seededRandom("s"), onFatal: () => {} });
    engine.register(report);
    const settle = async <T>(work: Promise<T>): Promise<T> => {
      let isDone = false;
      const done = (): void => {
        isDone = true;
      };
      work.then(done, done);
      while (!isDone) await clock.advance(0);
      return work;
    };
    await settle(engine.start());
    const scheduler: AnyScheduler = new Scheduler({
      ...{ engine, store, clock, schedules: [hourly] },
      report: (error) => errors.push(error),
    });
    await settle(scheduler.start());
    const end = async (): Promise<void> => {
      await settle(scheduler.stop());
      await settle(engine.stop());
      await store.close();
    };
    onTestFinished(end);
    return { scheduler, engine, store, end };
  };
  return { clock, disk, ran, errors, begin };
}

const runId = (hour: number): string =>
  `go hourly@${new Date(Date.UTC(2026, 0, 1, hour)).toISOString()}`;

describe("a schedule that runs", () => {
  it("starts one run at each of its times, named after it", async () => {
    const { clock, ran, begin, errors } = setup();
    const { scheduler } = await begin();
    expect(scheduler.list()).toEqual([
      {
        ...{ name: "hourly", workflow: "report", cron: "0 * * * *", timeZone: "UTC" },
        nextAtMs: Date.UTC(2026, 0, 1, 1),
      },
    ]);
    await clock.advance(3 * HOUR_MS);
    expect(ran).toEqual([runId(1), runId(2), runId(3)]);
    expect(errors).toEqual([]);
  });

  it("sees within a minute that the clock was set on, and starts nothing twice when it is set back", async () => {
    const { clock, ran, begin } = setup();
    await begin();
    clock.jump(HOUR_MS);
    await clock.advance(61_000);
    expect(ran).toEqual([runId(1)]);
    clock.jump(-HOUR_MS);
    await clock.advance(HOUR_MS + 61_000);
    expect(ran).toEqual([runId(1)]);
    await clock.advance(HOUR_MS);
    expect(ran).toEqual([runId(1), runId(2)]);
  });

  it("starts nothing when it was stopped", async () => {
    const { clock, ran, begin } = setup();
    await (await begin()).end();
    await clock.advance(3 * HOUR_MS);
    expect(ran).toEqual([]);
  });
});

describe("a schedule whose process was down", () => {
  it.each([
    ["last", [3], 2],
    ["all", [1, 2, 3], 0],
    ["none", [], 3],
  ] as const)(
    "makes up for %s of the times that it missed, and says how many it left",
    async (catchUp, hours, missed) => {
      const { clock, ran, begin } = setup({ catchUp });
      await (await begin()).end();
      clock.jump(3 * HOUR_MS + 5 * 60_000);
      const { store } = await begin();
      await clock.advance(1_000);
      expect(ran).toEqual(hours.map(runId));
      const [fact] = await store.facts.latest(1, ["schedule."]);
      const left = { schedule: "hourly", missed, catchUp };
      expect(fact?.payload).toEqual(missed > 0 ? left : undefined);
    },
  );

  it("begins anew with another pattern: what that would have planned before was never promised", async () => {
    const { clock, ran, begin } = setup();
    await (await begin()).end();
    clock.jump(3 * HOUR_MS);
    await begin("30 * * * *");
    await clock.advance(1_000);
    expect(ran).toEqual([]);
    await clock.advance(HOUR_MS);
    expect(ran).toEqual(["go hourly@2026-01-01T03:30:00.000Z"]);
  });

  it("starts a run again under the same name when it fell between the start and the mark", async () => {
    const { clock, ran, begin, disk } = setup();
    const first = await begin();
    await clock.advance(HOUR_MS + 1_000);
    expect(ran).toEqual([runId(1)]);
    await first.end();
    const row = disk.tables.get("schedules");
    for (const key of row?.rows.keys() ?? []) {
      row?.rows.set(key, ["hourly", "0 * * * * UTC", Date.UTC(2026, 0, 1)]); // The mark was lost.
    }
    const { engine } = await begin();
    await clock.advance(1_000);
    expect(ran).toEqual([runId(1)]);
    const count = engine.count();
    await clock.advance(0);
    expect(await count).toBe(1);
  });
});
