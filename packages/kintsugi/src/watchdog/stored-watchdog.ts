/** What a watchdog leaves behind for the next one: counters, back-off, and whom it watched. */

import type { Clock } from "@kintsugi/policy/base";

import type { ProcessIdentity } from "../host/index.ts";
import { parseStoredRestart, reviveRestart, toStoredRestart } from "../supervise/restart/index.ts";
import { parseIdentity } from "./identity-file.ts";
import { freshWatchdog, type WatchdogLimits, type WatchdogState } from "./watchdog-state.ts";

interface RevivedWatchdog {
  readonly state: WatchdogState;
  /** The runtime that was watched last, if its end was not seen; it may live. */
  readonly runtime: ProcessIdentity | undefined;
  /** Whether that runtime was ready. */
  readonly wasReady: boolean;
}

/** One line of JSON; the same state gives the same line, so that it is written only when it changed. */
export function storeWatchdog(
  { restart, everReady, crashes, hangs, phase }: WatchdogState,
  runtime: ProcessIdentity | undefined,
  clock: Clock,
): string {
  return JSON.stringify({
    v: 1,
    restart: toStoredRestart(restart, clock),
    everReady,
    crashes,
    hangs,
    runtime: runtime ?? null,
    wasReady: phase.kind === "running",
  });
}

/**
 * Takes up what an earlier watchdog left. After a person's `up`, which may have mended something, only
 * the counters go on; without one, back-off and all. What cannot be read begins afresh.
 */
export function reviveWatchdog(
  text: string | undefined,
  limits: WatchdogLimits,
  clock: Clock,
  byPerson: boolean,
): RevivedWatchdog {
  const fresh = freshWatchdog(clock.monotonicMs());
  const fields = parse(text);
  const { crashes, hangs } = fields;
  const counted = { ...fresh, crashes: countOf(crashes), hangs: countOf(hangs) };
  const runtime = parseIdentity(fields["runtime"]);
  const wasReady = fields["wasReady"] === true;
  const restart = parseStoredRestart(fields["restart"]);
  if (byPerson || !restart) return { state: counted, runtime, wasReady };
  const state = {
    ...counted,
    restart: reviveRestart(restart, limits.restart, clock),
    everReady: fields["everReady"] === true,
  };
  return { state, runtime, wasReady };
}

function parse(text: string | undefined): Readonly<Record<"crashes" | "hangs" | string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? "null");
    const fields = (value ?? {}) as Readonly<Record<string, unknown>>;
    return fields["v"] === 1 ? fields : {};
  } catch {
    return {}; // Torn by a power cut, or foreign: the counters begin again.
  }
}

const countOf = (value: unknown): number =>
  Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : 0;
