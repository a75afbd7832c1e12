import { seededRandom } from "@kintsugi/policy/base";
import { describe, expect, it } from "vitest";

import { memoryDisk, memoryStore } from "../../store/index.ts";
import { manualClock } from "../../testing/index.ts";
import { defineWorkflow } from "../define.ts";
import { workflowTables } from "../tables.ts";
import type { Workflow } from "../types.ts";
import { embeddedEngine } from "./embedded.ts";

const forever = (): Promise<never> => new Promise(() => {});

/** Runs that wait for what is broken, and one that would mend it. */
function world() {
  const clock = manualClock();
  const disk = memoryDisk();
  let isHealHung = false;
  let mended = 0;
  const user = defineWorkflow("user", (ctx) => ctx.step("call", () => forever()));
  const heal = defineWorkflow("heal.restart", (ctx) =>
    ctx.step("mend", async () => {
      if (isHealHung) await forever();
      mended += 1;
    }),
  );
  const nap = defineWorkflow("heal.nap", (ctx) => ctx.sleep(1_000));
  /** A new process on the same disk; the one before is gone without a word. */
  const open = async (maxLive = 1) => {
    const store = memoryStore({ clock, disk, tables: workflowTables });
    const engine = embeddedEngine({
      store,
      clock,
      random: seededRandom(1),
      maxLive,
      isUrgent: (name) => name.startsWith("heal."),
      onFatal: () => {},
    });
    for (const workflow of [user, heal, nap]) engine.register(workflow);
    void engine.start();
    await clock.advance(0);
    const start = async (workflow: Workflow<undefined, unknown>, ids: readonly string[]) => {
      for (const id of ids) void engine.run(workflow, undefined, { id });
      await clock.advance(1);
    };
    const statusOf = async (id: string) => (await engine.get(id))?.status;
    return { engine, start, statusOf };
  };
  const hangHeal = (isHung: boolean): void => {
    isHealHung = isHung;
  };
  return { clock, user, heal, nap, open, hangHeal, mended: () => mended };
}

describe("an urgent run", () => {
  it("begins when all places are taken", async () => {
    const { user, heal, open, mended } = world();
    const { start, statusOf } = await open(2);
    await start(user, ["a", "b", "c"]);
    await start(heal, ["heal/1"]);
    expect(mended()).toBe(1);
    expect(await statusOf("heal/1")).toBe("completed");
  });

  it("leaves all places to the others while it runs", async () => {
    const { user, heal, open, hangHeal, clock } = world();
    hangHeal(true);
    const { start } = await open(1);
    await start(heal, ["heal/1", "heal/2"]);
    const ran: string[] = [];
    const quick = defineWorkflow("quick", (ctx) => ctx.step("run", () => ran.push(ctx.runId)));
    await start(quick, ["a"]);
    expect(ran).toEqual(["a"]);
    await start(user, ["b"]);
    await start(quick, ["c"]);
    await clock.advance(0);
    expect(ran).toEqual(["a"]);
  });

  it("is found behind any number of others when a life begins", async () => {
    const { user, heal, open, hangHeal, mended } = world();
    hangHeal(true);
    const first = await open(1);
    await first.start(
      user,
      Array.from({ length: 600 }, (_, number) => `run ${number}`),
    );
    await first.start(heal, ["heal/1"]);
    hangHeal(false);
    await open(1);
    expect(mended()).toBe(1);
  });

  it("is not held back while an older suspect waits for what it would mend", async () => {
    const { user, heal, open, hangHeal } = world();
    hangHeal(true);
    const first = await open(10);
    await first.start(user, ["older"]);
    await first.start(heal, ["heal/1", "heal/2"]);
    hangHeal(false);
    const second = await open(10);
    expect(await second.statusOf("older")).toBe("running");
    expect(await second.statusOf("heal/1")).toBe("completed");
    expect(await second.statusOf("heal/2")).toBe("completed");
  });

  it("is woken from its row when its time has come and all places are taken", async () => {
    const { user, nap, open, clock } = world();
    const first = await open(1);
    await first.start(nap, ["heal/nap"]);
    const second = await open(1);
    await second.start(user, ["a", "b"]);
    await clock.advance(2_000);
    expect(await second.statusOf("heal/nap")).toBe("completed");
  });

  it("is a dead letter after its tenth crash, and says in which step", async () => {
    const { heal, open, hangHeal } = world();
    hangHeal(true);
    let life = await open();
    await life.start(heal, ["heal/1"]);
    for (let crash = 1; crash <= 10; crash += 1) life = await open();
    expect(await life.engine.get("heal/1")).toMatchObject({
      status: "dead",
      deadReason: "quarantined",
      error: { step: "mend" },
    });
  });
});
