import { seededRandom } from "@kintsugi/policy/base";
import { describe, it } from "vitest";

import { memoryDisk, memoryStore, type Store } from "../../store/index.ts";
import { type AnyWorkflow, engineConformance, manualClock } from "../../testing/index.ts";
import { workflowTables } from "../tables.ts";
import { embeddedEngine } from "./embedded.ts";
import type { Engine } from "./port.ts";

engineConformance({
  name: "the embedded engine in memory",
  reopens: true,
  setsClock: true,
  describe,
  it,
  async open(workflows, { queues } = {}) {
    const clock = manualClock();
    const disk = memoryDisk();
    let store: Store;
    const live = async (known: readonly AnyWorkflow[]): Promise<Engine> => {
      store = memoryStore({ clock, disk, tables: workflowTables });
      const random = seededRandom("conformance");
      const engine = embeddedEngine({
        ...{ store, clock, random, onFatal: () => {} },
        ...(queues && { queues }),
      });
      for (const workflow of known) engine.register(workflow);
      await drive(engine.start());
      return engine;
    };
    const drive = async <T>(work: Promise<T>): Promise<T> => {
      let isDone = false;
      const done = (): void => {
        isDone = true;
      };
      work.then(done, done);
      while (!isDone) await clock.advance(0);
      return work;
    };
    let engine = await live(workflows);
    return {
      get engine() {
        return engine;
      },
      pass: (ms) => clock.advance(ms),
      setClock: (ms) => clock.jump(ms),
      dispose: () => drive(engine.stop()),
      async reopen(end, known) {
        if (end === "stop") await drive(engine.stop());
        engine = await live(known); // The store that has the disk now shuts the one before out.
      },
    };
  },
});
