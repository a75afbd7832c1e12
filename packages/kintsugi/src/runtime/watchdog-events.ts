/** Takes in what the watchdog wrote while no runtime listened: each event once, by its id. */

import type { Healer } from "../heal/index.ts";
import type { Files } from "../host/index.ts";
import { fact, type Store } from "../store/index.ts";
import { readWatchdogEvents, type WatchdogEvent } from "../watchdog/index.ts";

/** Whether the event tells of a death of the runtime that the watchdog healed. */
const deaths: Readonly<Partial<Record<WatchdogEvent["type"], "crashed" | "hung">>> = {
  "runtime.crashed": "crashed",
  "runtime.hung": "hung",
};

/** Our own start is written by ourselves. */
const isNews = ({ type }: WatchdogEvent): boolean =>
  type !== "runtime.started" && type !== "runtime.stopped";

export async function takeInWatchdogEvents(
  files: Files,
  path: string,
  store: Store,
  healer: Healer,
  startedAtMs: number,
): Promise<void> {
  const events = readWatchdogEvents(files, path).filter(isNews);
  const known = new Set(
    (await store.facts.latest(10_000, ["runtime.", "watchdog."])).flatMap(
      ({ sourceId }) => sourceId ?? [],
    ),
  );
  for (const { id, type, atMs, payload } of events.filter((event) => !known.has(event.id))) {
    const kind = deaths[type];
    // First the incident: were we killed in between, the next runtime would take in both again.
    if (kind) {
      await healer.runtimeDied({
        kind,
        atMs,
        sourceId: id,
        detail: String(payload["detail"] ?? kind),
        restartedAtMs: startedAtMs,
      });
    }
    await store.commit([fact(type, atMs, payload, id)]);
  }
}
