/** The event bus: the log of facts, with the seeds' events told beside ours. */

import { type Clock, type ErrorReporter, notify } from "@kintsugi/policy/base";

import { seedEvents } from "../heal/index.ts";
import { fact, type Store } from "../store/index.ts";
import type { Events, PublishedEvent } from "./kintsugi.ts";

const typePattern = /^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+$/;

/** More than this many listeners are a leak, not an audience. */
const MAX_LISTENERS = 1_000;

export function createEvents(store: Store, clock: Clock, report: ErrorReporter): Events {
  const listeners = new Set<{ pattern: string; listener: (event: PublishedEvent) => void }>();
  const tell = (event: PublishedEvent): void => {
    for (const { pattern, listener } of listeners) {
      if (fits(pattern, event.type)) notify(listener, event, report);
    }
  };
  store.facts.subscribe((stored) => {
    tell(stored);
    for (const { type, payload } of seedEvents(stored)) {
      tell({ id: null, type, payload, atMs: stored.atMs });
    }
  });
  return {
    log: store.facts,
    on(pattern, listener) {
      if (listeners.size >= MAX_LISTENERS) {
        throw new RangeError(`The events of a runtime have at most ${MAX_LISTENERS} listeners`);
      }
      const entry = { pattern, listener };
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },
    async publish(type, payload) {
      if (!typePattern.test(type)) {
        throw new RangeError(`An event's type is like "order.placed", got "${type}"`);
      }
      await store.commit([fact(type, clock.epochMs(), payload)]);
    },
  };
}

/** `"*"` is all; a name that ends in a dot is all of a room; else the very name. */
function fits(pattern: string, type: string): boolean {
  if (pattern === "*") return true;
  return pattern.endsWith(".") ? type.startsWith(pattern) : pattern === type;
}
