/** The HTTP server: checks who asks, then answers from the table of routes, or streams events. */

import { type ErrorReporter, type Random, systemRandom } from "@kintsugi/policy/base";
import type { FastifyInstance, FastifyReply } from "fastify";

import { type Files, systemHost } from "../host/index.ts";
import { AddressUnusableError, PortInUseError } from "./errors.ts";
import { EventStreams } from "./event-stream.ts";
import { Gate } from "./gate.ts";
import type { CodeShelf } from "./kept-codes.ts";
import { Board } from "./live/board.ts";
import { LiveStreams } from "./live/stream.ts";
import { metricsRoute } from "./metrics-route.ts";
import { allowedNames, bracketed } from "./origin.ts";
import { builtPages, pageRoutes } from "./pages.ts";
import { answerOf, notFound, Refusal, refusalOf } from "./refusal.ts";
import type { Route } from "./route.ts";
import { routesOf } from "./routes.ts";
import type { RuntimeForServer } from "./runtime-port.ts";
import { Sessions, sessionRoutes } from "./sessions.ts";
import { StreamPlaces } from "./stream-line.ts";
import { addEvents, addLive } from "./stream-routes.ts";
import type { TokenStore } from "./tokens.ts";

export interface ServerOptions {
  readonly runtime: RuntimeForServer;
  /** Who may ask for what. */
  readonly tokens: TokenStore;
  /** Address to listen at. Other than the loopback, it is open to the network. @defaultValue "127.0.0.1" */
  readonly host?: string;
  /** 0 takes any free port; {@link startAtKeptPort} takes the same one again. @defaultValue 4600 */
  readonly port?: number;
  /** Names beside those of the loopback by which it may be called. @defaultValue [] */
  readonly allowedHosts?: readonly string[];
  /** Hears of what went wrong inside, which a client is not told. */
  readonly onError: ErrorReporter;
  /** Where one-time codes come from. @defaultValue the machine's own */
  readonly random?: Random;
  /** Where one-time codes are kept over a crash. @defaultValue they die with the process */
  readonly codeShelf?: CodeShelf;
  /** Where the files of the dashboard are read from. @defaultValue the machine's own */
  readonly files?: Pick<Files, "readBytes" | "list">;
  /** Folder of the dashboard's files. @defaultValue the one that the build leaves in this package */
  readonly pageFolder?: string;
  readonly limits?: ServerLimits;
}

export interface ServerLimits {
  /** Bytes of a request's body. @defaultValue 1_048_576 */
  readonly bodyBytes?: number;
  /** Milliseconds for the headers of a request to arrive. @defaultValue 10_000 */
  readonly headersMs?: number;
  /** Milliseconds for a whole request to arrive. @defaultValue 30_000 */
  readonly requestMs?: number;
  /** Connections at once; more are closed unheard. @defaultValue 512 */
  readonly connections?: number;
  /** Clients of the streams of events and of the live feed at once. @defaultValue 64 */
  readonly streams?: number;
  /** Milliseconds in which such a client must read on, or it is dropped. @defaultValue 30_000 */
  readonly stallMs?: number;
}

export interface RunningServer {
  /** Where it answers: `"http://127.0.0.1:4600"`. */
  readonly url: string;
  readonly port: number;
  /** Tells the live feeds that the program ends on purpose: comes before {@link close}. */
  sayStop(): void;
  /** Ends all streams and connections, and resolves when the port is free. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Answers hold the state of a program at one moment, and are read by programs, never shown as pages. */
const ALWAYS = { "cache-control": "no-store", "x-content-type-options": "nosniff" };

/** Ids of runs may carry those of their parents. */
const LONGEST_PARAM = 512;

/**
 * Starts to listen. Every request, whatever its method and path, passes the check of its host and its
 * origin before anything else is looked at.
 *
 * @throws {@link PortInUseError} when another program listens there.
 * @throws {@link AddressUnusableError} when the machine does not let us.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { runtime, tokens, onError, host = "127.0.0.1", port = 4_600, limits = {} } = options;
  const { random = systemRandom, files = systemHost().files, pageFolder = builtPages } = options;
  const { allowedHosts = [] } = options;
  const closing = new AbortController();
  const gate = new Gate(tokens);
  const places = new StreamPlaces(limits.streams ?? 64);
  const { facts, clock } = runtime;
  const streaming = { facts, clock, onError, places, stallMs: limits.stallMs ?? 30_000 };

  const app = await makeApp(limits, gate, onError);
  const shelf = options.codeShelf && { shelf: options.codeShelf };
  const sessions = new Sessions({ tokens, clock, random, onError, ...shelf });
  const routes = [
    ...routesOf(runtime, closing.signal),
    ...sessionRoutes(sessions),
    metricsRoute(runtime, host, allowedHosts),
    ...pageRoutes(files, pageFolder),
  ];
  for (const route of routes) addRoute(app, gate, route);
  const door = { app, gate, places, headers: ALWAYS };
  addEvents(door, new EventStreams(streaming));
  addLive(door, new LiveStreams({ ...streaming, board: new Board({ runtime, onError }) }));
  const bound = await listen(app, host, port);
  gate.open(allowedNames(host, bound, allowedHosts));

  const close = async (): Promise<void> => {
    closing.abort(new Refusal(503, "KINTSUGI_CLOSING", "The server is closing"));
    places.close();
    await app.close();
  };
  return {
    url: `http://${bracketed(reachable(host))}:${bound}`,
    port: bound,
    sayStop: () => places.sayStop(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function makeApp(
  limits: ServerLimits,
  gate: Gate,
  onError: ErrorReporter,
): Promise<FastifyInstance> {
  const { fastify } = await import("fastify");
  const headersTimeout = limits.headersMs ?? 10_000;
  const app = fastify({
    logger: false,
    bodyLimit: limits.bodyBytes ?? 2 ** 20,
    requestTimeout: limits.requestMs ?? 30_000,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: LONGEST_PARAM },
    http: { headersTimeout, connectionsCheckingInterval: Math.min(headersTimeout, 5_000) },
    // What the router itself refuses does not come past the hooks.
    frameworkErrors: (error, request, reply) => {
      const stranger = gate.strangerIn(request);
      void refuse(reply, stranger ?? refusalOf(error) ?? notFound("such address"));
    },
    clientErrorHandler: (error, socket) => {
      if (socket.writable) socket.end(unreadable(error.code));
    },
  });
  app.server.maxConnections = limits.connections ?? 512;
  app.removeContentTypeParser("text/plain"); // A form or a page can send it without asking first.
  app.addHook("onRequest", async (request, reply) => {
    reply.headers(ALWAYS);
    const stranger = gate.strangerIn(request);
    if (stranger) throw stranger;
  });
  app.setNotFoundHandler(async (request) => {
    // Who may not read the API is not told which of its paths exist.
    if (request.url.startsWith("/api")) gate.admit(request, "read");
    throw notFound(`${request.method} ${request.url.split("?")[0]}`);
  });
  app.setErrorHandler((error, _, reply) => {
    const refusal = refusalOf(error);
    if (!refusal) onError(error);
    return refuse(reply, refusal ?? FAILED);
  });
  return app;
}

const FAILED = new Refusal(
  500,
  "KINTSUGI_INTERNAL",
  "The server failed to answer; its log says why",
);

function refuse(reply: FastifyReply, refusal: Refusal): FastifyReply {
  if (refusal.status === 401) reply.header("www-authenticate", "Bearer");
  return reply.headers(ALWAYS).code(refusal.status).send(answerOf(refusal));
}

/** What is no HTTP that we understand never becomes a request: it is answered by hand. */
function unreadable(code: string): string {
  const isLong = code === "HPE_HEADER_OVERFLOW";
  const status = isLong ? "431 Request Header Fields Too Large" : "400 Bad Request";
  const message = "This is not a request that the server understands";
  const body = JSON.stringify({ error: { code: "KINTSUGI_BAD_REQUEST", message } });
  const headers = Object.entries({
    "content-type": "application/json; charset=utf-8",
    "content-length": String(body.length),
    connection: "close",
    ...ALWAYS,
  });
  const lines = [`HTTP/1.1 ${status}`, ...headers.map(([name, value]) => `${name}: ${value}`)];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

function addRoute(app: FastifyInstance, gate: Gate, route: Route): void {
  app.route({
    method: route.method,
    url: route.path,
    ...(route.bodyBytes !== undefined && { bodyLimit: route.bodyBytes }),
    onRequest: async (request) => {
      if (route.scope !== "none") gate.admit(request, route.scope);
    },
    handler: async (request, reply) => {
      const {
        status,
        body,
        headers = {},
      } = await route.answer({
        port: request.socket.localPort ?? 0,
        path: request.url.split("?")[0] ?? "",
        headers: request.headers,
        params: request.params as Readonly<Record<string, string>>,
        query: request.query,
        body: request.body,
        caller: gate.callerOf(request),
      });
      return reply.code(status).headers(headers).send(body);
    },
  });
}

async function listen(app: FastifyInstance, host: string, port: number): Promise<number> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    const isInUse = (error as { readonly code?: unknown }).code === "EADDRINUSE";
    throw isInUse
      ? new PortInUseError(host, port, error)
      : new AddressUnusableError(host, port, error);
  }
  const address = app.server.address();
  return typeof address === "object" && address ? address.port : port;
}

/** An address to listen at that stands for all is none to call. */
function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}
