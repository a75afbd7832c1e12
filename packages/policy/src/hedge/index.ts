/** A second attempt beside a slow one. */

export { Hedge, type HedgeEvent, type HedgeOptions, type HedgeStats, hedgeNeeds } from "./hedge.ts";
export { HedgeBudget, type HedgeBudgetOptions, type HedgeBudgetStats } from "./hedge-budget.ts";
export { HedgeLostError } from "./hedge-race.ts";
