/** The live feed for whoever shows it: its shapes, and what a client makes of its messages. For browsers too. */

export { applyDelta, applySnapshot, MOST_FACTS, MOST_VALUES } from "./apply.ts";
export { type LiveMessage, liveMessages } from "./messages.ts";
export {
  type HealingTotals,
  type LiveDelta,
  type LiveIncident,
  type LiveProgram,
  type LiveRows,
  type LiveRun,
  type LiveSection,
  type LiveSnapshot,
  MOST_MARKS,
  type RowChanges,
  rowKeys,
} from "./views.ts";
