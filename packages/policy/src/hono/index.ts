/** Hono under a watch: figures, deadlines and load shedding by route. */

export { type HonoContext, type HonoOptions, watchRoutes } from "./hono.ts";
