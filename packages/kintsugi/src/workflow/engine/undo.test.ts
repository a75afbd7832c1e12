import { seededRandom } from "@kintsugi/policy/base";
import { describe, expect, it } from "vitest";

import { type MemoryDisk, memoryDisk, memoryStore, type Store } from "../../store/index.ts";
import { manualClock } from "../../testing/index.ts";
import { defineWorkflow } from "../define.ts";
import { steps, workflowTables } from "../tables.ts";
import { embeddedEngine } from "./embedded.ts";
import type { Engine } from "./port.ts";

/** More commits than any of these runs makes. */
const MANY = 40;

const NAMES = ["hotel", "flight", "car"];

/** A saga that fails, or is cancelled, and can be crashed before any of its commits. */
function setup(end: "fails" | "is cancelled") {
  const clock = manualClock();
  const disk = memoryDisk();
  const lines: string[] = [];
  const workflow = defineWorkflow("saga", async (ctx) => {
    for (const name of NAMES) {
      const run = (): void => void lines.push(`+${name}`);
      await ctx.step(name, { run, undo: () => void lines.push(`-${name}`) });
    }
    if (end === "fails") throw new Error("no money");
    await ctx.waitFor("never");
  });
  const live = async (commits: number): Promise<Engine> => {
    const store = dyingStore(disk, commits);
    const engine = embeddedEngine({ store, clock, random: seededRandom(1), onFatal: () => {} });
    engine.register(workflow);
    void engine.start();
    await clock.advance(0);
    return engine;
  };
  const dyingStore = (on: MemoryDisk, commits: number): Store => {
    const store = memoryStore({ clock, disk: on, tables: workflowTables });
    let left = commits;
    const commit: Store["commit"] = (changes) => {
      left -= 1;
      return left < 0 ? new Promise(() => {}) : store.commit(changes);
    };
    return new Proxy(store, {
      get: (target, name) => {
        if (name === "commit") return commit;
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  };
  return { clock, disk, lines, workflow, live };
}

describe.each(["fails", "is cancelled"] as const)("a saga that %s", (end) => {
  it("is undone once and in order, before whichever of its commits the process dies", async () => {
    let undoneInSecondLife = 0;
    for (let commits = 4; commits < MANY; commits += 1) {
      const { clock, disk, lines, workflow, live } = setup(end);
      const first = await live(commits);
      void first.run(workflow, undefined, { id: "saga" });
      await clock.advance(5);
      void first
        .handle("saga")
        .then((handle) => (end === "is cancelled" ? handle?.cancel() : undefined));
      await clock.advance(5);

      const before = lines.length;
      const second = await live(MANY);
      await clock.advance(5);
      const handle = await second.handle("saga");
      if (!handle) continue;
      if (end === "is cancelled") void handle.cancel();
      await clock.advance(10);
      const view = await second.get("saga");
      expect(view?.status, `died before commit ${commits}`).toBe(
        end === "fails" ? "dead" : "cancelled",
      );
      if (end === "fails") expect(view?.error?.message).toBe("no money");

      const once = [...new Set(lines)];
      const undone = NAMES.toReversed().map((name) => `-${name}`);
      expect(once.filter((line) => line.startsWith("-"))).toEqual(undone);
      const store = memoryStore({ clock, disk, tables: workflowTables });
      const undos = await store.list(steps, { where: { runId: "saga", kind: "undo" } });
      expect(undos.map(({ name }) => name)).toEqual(NAMES.toReversed());
      if (lines.slice(before).some((line) => line.startsWith("-"))) undoneInSecondLife += 1;
      for (const name of NAMES) {
        const times = lines.filter((line) => line === `-${name}`).length;
        expect(times, `undos of ${name}`).toBeLessThanOrEqual(2);
      }
    }
    expect(undoneInSecondLife).toBeGreaterThan(3);
  });
});
