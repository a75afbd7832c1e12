/** What an earlier supervisor left of a component, as a new one takes it up. */

import type { Host } from "../host/index.ts";
import { type ComponentState, describeExit, isUp, isWaiting, unborn } from "./component-state.ts";
import {
  freshRestart,
  type RestartLimits,
  type RestartState,
  reviveRestart,
} from "./restart/restart-state.ts";
import { parseStoredRestart } from "./restart/stored-restart.ts";
import type { ComponentRow } from "./tables.ts";

/** Counters go on, waits go on; whatever lived is down until it is adopted or started. */
export function recall(
  row: ComponentRow | undefined,
  limits: RestartLimits,
  host: Host,
): ComponentState {
  if (!row) return unborn;
  const stored = parseStoredRestart(row.restart);
  const restart = stored ? reviveRestart(stored, limits, host.clock) : freshRestart;
  const { incarnation, restarts } = row;
  const phase = diedUnseen(row, host) ? "running" : waitingPhase(row, restart);
  const failure = isWaiting(phase)
    ? describeExit(row.lastExit?.reason ?? { kind: "unknown" })
    : null;
  return { phase, incarnation, restarts, restart, failure };
}

/** It was up when the supervisor died, and is no more; after a boot of the machine that is no wonder. */
export function diedUnseen(row: ComponentRow | undefined, { processes }: Host): boolean {
  if (!row?.identity || !isUp(row.phase)) return false;
  return row.identity.bootId === processes.self.bootId && !processes.isAlive(row.identity);
}

function waitingPhase({ phase }: ComponentRow, restart: RestartState): ComponentState["phase"] {
  const hasPlan = restart.kind === "running" || restart.kind === "trial" ? false : isWaiting(phase);
  return hasPlan ? phase : "stopped";
}
