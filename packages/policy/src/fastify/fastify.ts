/** A plugin for Fastify; types of our own, as of its version 5. */

import { type BusyAnswer, checkWatch, type RouteWatch } from "../routes/index.ts";

export interface FastifyVisitor {
  readonly method: string;
  /** The pattern of the route; undefined where none fits. */
  readonly routeOptions: { readonly url?: string | undefined };
}

export interface FastifyWriter {
  readonly statusCode: number;
  readonly sent: boolean;
  readonly raw: {
    readonly headersSent: boolean;
    readonly closed: boolean;
    readonly writableEnded: boolean;
    once(event: "close", listener: () => void): unknown;
  };
  code(status: number): unknown;
  header(name: string, value: string): unknown;
  send(body: string): unknown;
}

/** The instance that a plugin is given. */
export interface FastifyHost {
  addHook(
    name: "onRequest",
    hook: (request: FastifyVisitor, reply: FastifyWriter, done: () => void) => void,
  ): unknown;
}

/**
 * A plugin for the whole instance: `await app.register(watchRoutes(watch))`, before its routes. Handlers
 * get the signal of their request by `watch.signalOf(request)`.
 *
 * What a handler returns after its deadline is dropped, and noted by Fastify in its log.
 *
 * @example
 * const watch = new RouteWatch({ timeoutMs: 10_000 });
 * await app.register(watchRoutes(watch));
 * app.get("/orders/:id", (request) => findOrder(request.params, { signal: watch.signalOf(request) }));
 */
export function watchRoutes(
  watch: RouteWatch,
): (host: FastifyHost, options: unknown, done: () => void) => void {
  checkWatch(watch, {});
  const plugin = (host: FastifyHost, _: unknown, done: () => void): void => {
    host.addHook("onRequest", (request, reply, next) => {
      const { url } = request.routeOptions;
      const route = url === undefined ? undefined : `${request.method} ${url}`;
      const entry = watch.enter({
        request,
        route: () => route,
        unmatched: `${request.method} unmatched`,
        hasBegun: () => reply.sent || reply.raw.headersSent,
      });
      reply.raw.once("close", () => {
        if (!reply.raw.writableEnded) watch.leave(request);
      });
      if (reply.raw.closed) watch.leave(request); // Before it came here: no event will tell of it.
      const proceed = (late: Awaited<typeof entry>): void => {
        if (reply.raw.closed) return; // The client has left the queue.
        if (late.kind === "turned-away") {
          answer(reply, late.answer);
          return;
        }
        const { visit } = late;
        reply.raw.once("close", () => visit.end(reply.statusCode));
        visit.whenTimeIsUp((busy) => answer(reply, busy));
        next();
      };
      if (entry instanceof Promise) void entry.then(proceed);
      else proceed(entry);
    });
    done();
  };
  // For all routes of the instance, not for those of a plugin alone: Fastify's own sign for it.
  return Object.assign(plugin, {
    [Symbol.for("skip-override")]: true,
    [Symbol.for("fastify.display-name")]: "@kintsugi/policy/fastify",
  });
}

function answer(reply: FastifyWriter, { status, headers, body }: BusyAnswer): void {
  reply.code(status);
  for (const [name, value] of Object.entries(headers)) reply.header(name, value);
  reply.send(body);
}
