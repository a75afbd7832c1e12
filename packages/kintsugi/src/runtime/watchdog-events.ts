/** Takes in what the watchdog wrote while no runtime listened: each event once, by its id. */

import { join } from "node:path";

import type { Healer } from "../heal/index.ts";
import type { Files, InstancePaths, LoopStall } from "../host/index.ts";
import { fact, put, type Store } from "../store/index.ts";
import { readWatchdogEvents, type WatchdogEvent } from "../watchdog/index.ts";
import { readMarkTable } from "./tables.ts";

/** Whether the event tells of a death of the runtime that the watchdog healed. */
const deaths: Readonly<Partial<Record<WatchdogEvent["type"], "crashed" | "hung">>> = {
  "runtime.crashed": "crashed",
  "runtime.hung": "hung",
};

/** Our own start is written by ourselves. */
const isNews = ({ type }: WatchdogEvent): boolean =>
  type !== "runtime.started" && type !== "runtime.stopped";

/** Its name among the marks. */
const WATCHDOG_EVENTS = "watchdog-events";

/** A hang is found a good while after its loop was found to stand still, and its stack was taken. */
const STACK_BEFORE_MS = 120_000;

export interface DeathSources {
  readonly files: Files;
  readonly paths: Pick<InstancePaths, "watchdogEvents" | "hangsDir">;
  readonly store: Store;
  readonly healer: Healer;
  /** When this runtime took over, in epoch milliseconds. */
  readonly startedAtMs: number;
}

export async function takeInWatchdogEvents(sources: DeathSources): Promise<void> {
  const { files, paths, store, healer, startedAtMs } = sources;
  const all = readWatchdogEvents(files, paths.watchdogEvents).filter(isNews);
  const events = await notTakenIn(all, store);
  for (const { id, type, atMs, payload } of events) {
    const kind = deaths[type];
    // First the incident: were we killed in between, the next runtime would take in both again.
    if (kind) {
      await healer.runtimeDied({
        kind,
        atMs,
        sourceId: id,
        detail: `${payload["detail"] ?? kind}${kind === "hung" ? whereItHung(sources, atMs) : ""}`,
        restartedAtMs: startedAtMs,
      });
    }
    const mark = put(readMarkTable, { file: WATCHDOG_EVENTS, lastId: id });
    await store.commit([fact(type, atMs, payload, id), mark]);
  }
}

/**
 * Facts are trimmed, and their file may live longer: so a mark says how far it was read. Where it is
 * not in the file any more, all that is left there is newer.
 */
async function notTakenIn(
  events: readonly WatchdogEvent[],
  store: Store,
): Promise<readonly WatchdogEvent[]> {
  const mark = await store.get(readMarkTable, WATCHDOG_EVENTS);
  const taken = events.findLastIndex(({ id }) => id === mark?.lastId);
  const latest = await store.facts.latest(10_000, ["runtime.", "watchdog."]);
  const known = new Set(latest.flatMap(({ sourceId }) => sourceId ?? []));
  return events.slice(taken + 1).filter(({ id }) => !known.has(id));
}

/** The innermost call of the stack that was taken while the loop stood still; "" when there is none. */
function whereItHung({ files, paths }: DeathSources, atMs: number): string {
  const lines = files
    .tail(join(paths.hangsDir, "runtime.jsonl"), 64 * 1024)
    .trim()
    .split("\n");
  const stall = lines.map(parseStall).findLast((each) => each !== undefined && each.atMs <= atMs);
  const [frame] = stall && atMs - stall.atMs < STACK_BEFORE_MS ? stall.stack : [];
  return frame === undefined ? "" : `, ${frame}`;
}

function parseStall(line: string): Pick<LoopStall, "atMs" | "stack"> | undefined {
  try {
    const { atMs, stack } = JSON.parse(line) as Partial<LoopStall>;
    return typeof atMs === "number" && Array.isArray(stack) ? { atMs, stack } : undefined;
  } catch {
    return undefined; // A line that a kill cut off.
  }
}
