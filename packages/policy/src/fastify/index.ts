/** Fastify under a watch: figures, deadlines and load shedding by route. */

export {
  type FastifyHost,
  type FastifyVisitor,
  type FastifyWriter,
  watchRoutes,
} from "./fastify.ts";
