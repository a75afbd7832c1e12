/** A middleware for Hono; types of our own, as of its version 4. */

import { type BusyAnswer, checkWatch, type RouteWatch, type Visit } from "../routes/index.ts";

export interface HonoContext {
  readonly req: {
    readonly method: string;
    readonly raw: Request;
    /** What fits the request, middleware among it. */
    readonly matchedRoutes: readonly {
      readonly path: string;
      readonly handler: { readonly length: number };
    }[];
  };
  readonly res: Response;
}

export interface HonoOptions<Context> {
  /**
   * Names the route of a request, as `"GET /orders/:id"`.
   * @defaultValue the method and the last pattern that fits and is no middleware's
   */
  readonly routeOf?: (context: Context) => string | undefined;
}

/**
 * Stands before the routes: `app.use(watchRoutes(watch))`. Handlers get the signal of their request by
 * `watch.signalOf(c)`.
 *
 * A request has ended when its handler has returned; a body that streams on is not waited for. A handler
 * that its deadline has left behind keeps its place in the `limit` until it returns.
 *
 * @example
 * const watch = new RouteWatch({ timeoutMs: 10_000 });
 * app.use(watchRoutes(watch));
 * app.get("/orders/:id", async (c) =>
 *   c.json(await findOrder(c.req.param("id"), { signal: watch.signalOf(c) })),
 * );
 */
export function watchRoutes<Context extends HonoContext>(
  watch: RouteWatch,
  options: HonoOptions<Context> = {},
): (context: Context, next: () => Promise<void>) => Promise<Response | undefined> {
  checkWatch(watch, options);
  const { routeOf = patternOf } = options;
  return async (context, next) => {
    const { signal } = context.req.raw;
    const leave = (): void => watch.leave(context);
    signal.addEventListener("abort", leave);
    try {
      const route = routeOf(context);
      const entry = await watch.enter({
        request: context,
        route: () => route,
        unmatched: `${context.req.method} unmatched`,
        hasBegun: () => false, // The middleware has it before the client does.
      });
      if (entry.kind === "turned-away") return responseOf(entry.answer);
      if (signal.aborted) leave();
      return await served(context, next, entry.visit);
    } finally {
      signal.removeEventListener("abort", leave);
    }
  };
}

/** Undefined where the handler has answered in time. */
async function served(
  context: HonoContext,
  next: () => Promise<void>,
  visit: Visit,
): Promise<Response | undefined> {
  const late = Promise.withResolvers<Response>();
  visit.whenTimeIsUp((busy) => late.resolve(responseOf(busy)));
  const work = next();
  visit.runs(work);
  try {
    // Hono's next() comes back with what is none of the handler's answer.
    const busy = await Promise.race([work.then(() => undefined), late.promise]);
    if (!busy) visit.end(context.res.status);
    else work.catch(() => {}); // Nobody waits for it any more.
    return busy;
  } catch (thrown) {
    visit.end(500);
    throw thrown;
  }
}

/** Middleware takes `next`, and so has two parameters. */
function patternOf({ req: { method, matchedRoutes } }: HonoContext): string | undefined {
  const found = matchedRoutes.findLast(({ handler }) => handler.length < 2);
  return found && `${method} ${found.path}`;
}

const responseOf = ({ status, headers, body }: BusyAnswer): Response =>
  new Response(body, { status, headers });
