/** The requests of a server by their routes: figures, deadlines, load that is shed. */

export type { RequestOutcome, RouteEvent, RouteStats } from "./route-figures.ts";
export { checkWatch, type Entry, RouteWatch, type RouteWatchOptions } from "./route-watch.ts";
export { type Arrival, type BusyAnswer, ClientLeftError, type Visit } from "./visit.ts";
