/** The facts that a change of state is, apart from those that name a process. */

import type { ComponentState } from "./component-state.ts";
import { startDueInMs } from "./restart/restart-state.ts";
import type { Health, SupervisionFact } from "./types.ts";

/** What the supervisor now plans; nothing while the phase is the same. */
export function planFacts(
  component: string,
  before: ComponentState,
  after: ComponentState,
  nowMs: number,
): readonly SupervisionFact[] {
  if (before.phase === after.phase) return [];
  const waitMs = Math.ceil(startDueInMs(after.restart, nowMs) ?? 0);
  const attempt = after.restart.kind === "waiting" ? after.restart.restarts.length : 0;
  switch (after.phase) {
    case "backing-off":
      return [{ type: "component.restart-planned", component, delayMs: waitMs, attempt }];
    case "crash-looping":
      return [{ type: "component.crash-looping", component, retryInMs: waitMs }];
    case "gave-up":
      return [{ type: "component.gave-up", component, restarts: after.restarts }];
    case "stopped":
    case "starting":
    case "running":
    case "stopping":
      return [];
  }
}

/** Only another kind of health is news: reasons may change with every reading. */
export function healthFacts(
  component: string,
  from: Health,
  to: Health,
): readonly SupervisionFact[] {
  return from.kind === to.kind ? [] : [{ type: "health.changed", component, from, to }];
}
