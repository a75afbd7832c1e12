import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { sleep, systemClock, systemRandom } from "@kintsugi/policy/base";
import { describe, it } from "vitest";

import { openSqliteStore, type Store } from "../../store/index.ts";
import { type AnyWorkflow, engineConformance } from "../../testing/index.ts";
import { workflowTables } from "../tables.ts";
import { embeddedEngine } from "./embedded.ts";
import type { Engine } from "./port.ts";

engineConformance({
  name: "the embedded engine on SQLite, in real time",
  reopens: true,
  describe,
  it,
  async open(workflows, { queues } = {}) {
    const folder = mkdtempSync(join(tmpdir(), "kintsugi-engine-"));
    const file = join(folder, "store.sqlite");
    let store: Store;
    const live = async (known: readonly AnyWorkflow[]): Promise<Engine> => {
      store = await openSqliteStore({ file, tables: workflowTables, clock: systemClock });
      const engine = embeddedEngine({
        ...{ store, clock: systemClock, random: systemRandom, onFatal: () => {} },
        ...(queues && { queues }),
      });
      for (const workflow of known) engine.register(workflow);
      await engine.start();
      return engine;
    };
    let engine = await live(workflows);
    return {
      get engine() {
        return engine;
      },
      pass: (ms) => sleep(systemClock, ms),
      async dispose() {
        await engine.stop();
        await store.close();
        rmSync(folder, { recursive: true });
      },
      async reopen(end, known) {
        if (end === "stop") await engine.stop();
        await store.close(); // Without a stop before: the engine never wrote that it was in order.
        engine = await live(known);
      },
    };
  },
});
