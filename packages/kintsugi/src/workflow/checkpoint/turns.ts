/** One piece of work after the other for each id of a store, whoever asks for it. */

import type { CheckpointStore } from "./port.ts";

/** By store: two that save the same id would take the same version, and one of them would be lost. */
const turns = new WeakMap<CheckpointStore, Map<string, Promise<unknown>>>();

/** Does it when all that was asked for before is done, however that ended. */
export function inTurn<T>(store: CheckpointStore, id: string, work: () => Promise<T>): Promise<T> {
  const last = turns.get(store) ?? new Map<string, Promise<unknown>>();
  turns.set(store, last);
  const turn = (last.get(id) ?? Promise.resolve()).then(work);
  const done = turn.then(nothing, nothing).then(() => {
    if (last.get(id) === done) last.delete(id); // Nobody has come since.
  });
  last.set(id, done);
  return turn;
}

/** Whoever asked hears of it; the next has its turn. */
const nothing = (): void => {};
