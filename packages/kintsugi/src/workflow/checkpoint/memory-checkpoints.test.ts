import { describe, it } from "vitest";

import { checkpointStoreConformance } from "../../testing/index.ts";
import { memoryCheckpoints } from "./memory-checkpoints.ts";

checkpointStoreConformance({
  name: "checkpoints in memory",
  describe,
  it,
  async open() {
    const store = memoryCheckpoints();
    return { store, another: async () => store, dispose: async () => {} };
  },
});
