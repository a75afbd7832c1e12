/** Incidents of the last 24 hours in four numbers. */

import type { IncidentView } from "../../heal/index.ts";
import type { HealingTotals } from "./views.ts";

const DAY_MS = 86_400_000;

/** Of those incidents that were opened in the 24 hours before `nowMs`. */
export function healingTotals(incidents: readonly IncidentView[], nowMs: number): HealingTotals {
  const opened = incidents.filter(({ openedAtMs }) => openedAtMs > nowMs - DAY_MS);
  const healed = opened.filter(({ status }) => status === "resolved");
  const times = healed
    .map(({ openedAtMs, endedAtMs }) => Math.max(0, (endedAtMs ?? openedAtMs) - openedAtMs))
    .toSorted((a, b) => a - b);
  return {
    opened: opened.length,
    healed: healed.length,
    escalated: opened.filter(({ status }) => status === "escalated").length,
    medianMs: median(times),
  };
}

function median(sorted: readonly number[]): number | null {
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}
