/** A middleware for Express; types of our own, as of its version 5. */

import { type BusyAnswer, checkWatch, type Entry, type RouteWatch } from "../routes/index.ts";

export interface ExpressRequest {
  readonly method: string;
  /** Where the router is mounted whose route it is. */
  readonly baseUrl: string;
  /** Known when the routers have found it. */
  readonly route?: { readonly path?: unknown } | undefined;
}

export interface ExpressResponse {
  statusCode: number;
  readonly headersSent: boolean;
  readonly closed: boolean;
  readonly writableFinished: boolean;
  setHeader(name: string, value: string): unknown;
  end(body?: string): unknown;
  once(event: "close", listener: () => void): unknown;
}

export interface ExpressOptions<Request> {
  /**
   * Names the route of a request, as `"GET /orders/:id"`; undefined as long as it is not known.
   * @defaultValue the method and the pattern that Express has found, behind the path of its router
   */
  readonly routeOf?: (request: Request) => string | undefined;
}

/**
 * Stands before the routes: `app.use(watchRoutes(watch))`. Handlers get the signal of their request by
 * `watch.signalOf(request)`.
 *
 * After a deadline the handler's own answer is dropped without a word, as the client has one. A router
 * that is mounted on a path with parameters shows their values in its routes: name those by `routeOf`.
 * Express looks for a route after the limit has let a request in: those that are turned away, or leave the
 * queue, are counted as `"GET unmatched"`, unless `routeOf` names them from their address.
 *
 * @example
 * const watch = new RouteWatch({ timeoutMs: 10_000 });
 * app.use(watchRoutes(watch));
 * app.get("/orders/:id", async (request, response) => {
 *   response.json(await findOrder(request.params.id, { signal: watch.signalOf(request) }));
 * });
 */
export function watchRoutes<Request extends ExpressRequest, Response extends ExpressResponse>(
  watch: RouteWatch,
  options: ExpressOptions<Request> = {},
): (request: Request, response: Response, next: () => void) => void {
  checkWatch(watch, options);
  const { routeOf } = options;
  const proceed = (entry: Entry, response: Response, next: () => void): void => {
    if (response.closed) return; // The client has left the queue.
    if (entry.kind === "turned-away") {
      answer(response, entry.answer);
      return;
    }
    const { visit } = entry;
    response.once("close", () => visit.end(response.statusCode));
    visit.whenTimeIsUp((busy) => {
      answer(response, busy);
      silence(response);
    });
    next();
  };
  return (request, response, next) => {
    const found = routeOf ? () => routeOf(request) : patternFound(request);
    const entry = watch.enter({
      request,
      route: found,
      unmatched: `${request.method} unmatched`,
      hasBegun: () => response.headersSent,
    });
    response.once("close", () => {
      if (!response.writableFinished) watch.leave(request);
    });
    if (response.closed) watch.leave(request); // Before it came here: no event will tell of it.
    if (entry instanceof Promise) void entry.then((late) => proceed(late, response, next));
    else proceed(entry, response, next);
  };
}

const PATTERN = Symbol("the pattern of its route");

/**
 * Reads the path of the router in the moment in which it finds the route: when a handler fails, Express
 * has taken that path back before the answer ends. Another watch of the same request shares it.
 */
function patternFound(
  request: ExpressRequest & { [PATTERN]?: () => string | undefined },
): () => string | undefined {
  const known = request[PATTERN];
  if (known) return known;
  let { route } = request;
  let pattern = patternOf(request, route);
  Object.defineProperty(request, "route", {
    configurable: true,
    enumerable: true,
    get: () => route,
    set: (next: ExpressRequest["route"]) => {
      route = next;
      pattern = patternOf(request, next);
    },
  });
  const found = (): string | undefined => pattern;
  request[PATTERN] = found;
  return found;
}

function patternOf(
  { method, baseUrl }: ExpressRequest,
  route: ExpressRequest["route"],
): string | undefined {
  return route?.path === undefined ? undefined : `${method} ${baseUrl}${String(route.path)}`;
}

function answer(response: ExpressResponse, { status, headers, body }: BusyAnswer): void {
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.end(body);
}

/** What a handler still says to a client that has its answer would be an error, and end its connection. */
function silence(response: ExpressResponse): void {
  const nothing = (): ExpressResponse => response;
  Object.assign(response, {
    setHeader: nothing,
    appendHeader: nothing,
    removeHeader: nothing,
    writeHead: nothing,
    write: () => true,
    end: nothing,
  });
}
