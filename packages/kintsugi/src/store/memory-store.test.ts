import { systemClock } from "@kintsugi/policy/base";
import { describe, it } from "vitest";

import { type MediumOptions, storeConformance } from "../testing/index.ts";
import { memoryDisk } from "./memory-disk.ts";
import { memoryStore } from "./memory-store.ts";

storeConformance({
  name: "the store in memory",
  describe,
  it,
  async open(options) {
    const disk = memoryDisk();
    const openOn = (given: MediumOptions) => memoryStore({ clock: systemClock, disk, ...given });
    return {
      store: openOn(options),
      reopen: async (given) => openOn(given),
      dispose: async () => {},
    };
  },
});
