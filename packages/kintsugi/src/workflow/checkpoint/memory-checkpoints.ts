/** Checkpoints in memory: for tests, and for what need not outlive the process. */

import { CheckpointTakenError } from "./errors.ts";
import { checkId } from "./names.ts";
import type { CheckpointStore } from "./port.ts";

export function memoryCheckpoints(): CheckpointStore {
  const texts = new Map<string, Map<number, string>>();
  const of = (id: string): ReadonlyMap<number, string> => texts.get(checkId(id)) ?? new Map();
  return {
    async write(id, version, text) {
      const there = of(id).get(version);
      if (there !== undefined && there !== text) throw new CheckpointTakenError(id, version);
      texts.set(id, new Map(of(id)).set(version, text));
    },
    read: async (id, version) => of(id).get(version),
    versions: async (id) => [...of(id).keys()].toSorted((a, b) => a - b),
    async remove(id, version) {
      const left = new Map(of(id));
      left.delete(version);
      if (left.size > 0) texts.set(id, left);
      else texts.delete(id);
    },
  };
}
