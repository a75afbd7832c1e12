/** The newest version that this process knows of each id of a store, so that another's are noticed. */

import type { CheckpointStore } from "./port.ts";

/** Ids that are known at most; of one that is forgotten, another's version is taken for our own. */
const MOST_IDS = 10_000;

/** By store: whoever saves an id in this process is one and the same writer. */
const stores = new WeakMap<CheckpointStore, Map<string, number>>();

export function knownVersion(store: CheckpointStore, id: string): number | undefined {
  return stores.get(store)?.get(id);
}

export function keepKnown(store: CheckpointStore, id: string, version: number): void {
  const known = stores.get(store) ?? new Map<string, number>();
  stores.set(store, known);
  known.delete(id); // Those that were used last stand at the end.
  known.set(id, version);
  const [oldest] = known.size > MOST_IDS ? known.keys() : [];
  if (oldest !== undefined) known.delete(oldest);
}
