/** Express under a watch: figures, deadlines and load shedding by route. */

export {
  type ExpressOptions,
  type ExpressRequest,
  type ExpressResponse,
  watchRoutes,
} from "./express.ts";
