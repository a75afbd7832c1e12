import { systemClock } from "@kintsugi/policy/base";
import { describe, it } from "vitest";

import { memoryDisk, memoryStore } from "../../store/index.ts";
import { checkpointStoreConformance } from "../../testing/index.ts";
import { checkpointTables, storeCheckpoints } from "./store-checkpoints.ts";

checkpointStoreConformance({
  name: "checkpoints in a store in memory",
  describe,
  it,
  async open() {
    const disk = memoryDisk();
    const openOn = async () => memoryStore({ clock: systemClock, disk, tables: checkpointTables });
    let store = await openOn();
    return {
      store: storeCheckpoints(async () => store),
      async another() {
        await store.close();
        store = await openOn();
        return storeCheckpoints(async () => store);
      },
      dispose: () => store.close(),
    };
  },
});
