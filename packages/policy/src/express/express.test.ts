import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";

import { Bulkhead } from "../bulkhead/index.ts";
import { adapterCases, askedServer } from "../routes/fixtures/adapter-cases.ts";
import { RouteWatch, type RouteWatchOptions } from "../routes/index.ts";
import { type ExpressOptions, type ExpressRequest, watchRoutes } from "./index.ts";

type Incoming = IncomingMessage & ExpressRequest & { readonly method: string };
type Outgoing = ServerResponse & { json(value: unknown): void; readonly closed: boolean };
type Handler = (request: Incoming, response: Outgoing, next: () => void) => unknown;
type Catcher = (error: unknown, request: Incoming, response: Outgoing, next: () => void) => void;

/** Express has no types of its own; these are the parts that are used here. */
interface Router {
  use(...handlers: readonly (string | Handler | Catcher | Router)[]): void;
  get(path: string, handler: Handler): void;
}
const express = createRequire(import.meta.url)("express") as {
  (): Router & RequestListener;
  Router(): Router;
};

/** A real server whose handlers wait for the signal of their request. */
async function start(watch: RouteWatch, options?: ExpressOptions<Incoming>) {
  const app = express();
  const other = new RouteWatch();
  app.use(watchRoutes<Incoming, Outgoing>(watch, options), watchRoutes<Incoming, Outgoing>(other));
  const calls: string[] = [];
  const reasons: unknown[] = [];
  const inner = express.Router();
  app.get("/orders/:id", (_, response) => response.json({ ok: true }));
  app.get("/broken", (_, response) => {
    response.statusCode = 500;
    response.json({ error: "broken" });
  });
  inner.get("/slow", async (request, response) => {
    calls.push("slow");
    const signal = watch.signalOf(request);
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    reasons.push(signal.reason);
    response.json({ late: true }); // To a client that may have its answer.
  });
  inner.get("/feed", (_, response) => {
    response.write("first");
    setTimeout(() => response.end("last"), 80);
  });
  const fail = () => {
    throw new Error("broken");
  };
  app.get("/throws", fail);
  inner.get("/throws/:id", fail);
  app.use("/inner", inner);
  app.use((_error: unknown, _: Incoming, response: Outgoing, _next: () => void) => {
    response.statusCode = 500;
    response.json({ error: "broken" });
  });
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let lostConnections = 0;
  server.on("connection", (socket) => {
    socket.on("close", () => {
      lostConnections += 1;
    });
  });
  return { origin, other, calls, reasons, lost: () => lostConnections };
}

const setup = (options?: RouteWatchOptions, express?: ExpressOptions<Incoming>) =>
  askedServer((watch) => start(watch, express), options);

// Its middleware stands before the routers: who is turned away there has no route yet.
adapterCases("an Express server", (watch) => start(watch), { shedAs: "GET unmatched" });

describe("an Express server", () => {
  it("knows whom it turns away by a name that is given before its routers look", async () => {
    const limit = new Bulkhead({ name: "http", maxConcurrent: 1 });
    const routeOf = ({ method, url }: Incoming) => `${method} ${url}`;
    const { get, rowOf, calls } = await setup({ limit }, { routeOf });
    const caller = new AbortController();
    const first = get("/inner/slow", caller.signal);
    await expect.poll(() => calls.length).toBe(1);
    expect((await get("/inner/slow")).status).toBe(503);
    expect(rowOf("GET /inner/slow")).toMatchObject({ shed: 1, requests: 0 });
    caller.abort();
    await expect(first).rejects.toThrow();
  });

  it("names the route of a handler that throws as that of one that answers", async () => {
    const { get, watch } = await setup();
    for (const path of ["/throws", "/inner/throws/1"]) expect((await get(path)).status).toBe(500);
    await expect
      .poll(() => watch.stats().map(({ route, errors }) => [route, errors]))
      .toEqual([
        ["GET /throws", 1],
        ["GET /inner/throws/:id", 1],
      ]);
  });

  it("is named alike by two watches of one server", async () => {
    const { get, watch, other } = await setup();
    expect((await get("/inner/throws/1")).status).toBe(500);
    const routesOf = (each: RouteWatch) => each.stats().map(({ route }) => route);
    await expect.poll(() => routesOf(other)).toEqual(["GET /inner/throws/:id"]);
    expect(routesOf(watch)).toEqual(["GET /inner/throws/:id"]);
  });

  it("drops what a handler says after its deadline", async () => {
    const { origin, lost, reasons } = await setup({ timeouts: { "GET /inner/slow": 40 } });
    expect((await fetch(`${origin}/inner/slow`)).status).toBe(503);
    expect(reasons).toHaveLength(1);
    expect((await fetch(`${origin}/orders/1`)).status).toBe(200);
    expect(lost()).toBe(0); // An error after the answer would have ended its connection.
  });

  it("leaves an answer alone that has begun", async () => {
    const { get, rowOf } = await setup({ timeoutMs: 40 });
    expect(await (await get("/inner/feed")).text()).toBe("firstlast");
    await expect.poll(() => rowOf("GET /inner/feed")).toMatchObject({ timeouts: 0, requests: 1 });
  });
});

it("a client that left before the request came here takes no place", () => {
  const limit = new Bulkhead({ name: "http", maxConcurrent: 1 });
  const watch = new RouteWatch({ limit });
  const response = {
    statusCode: 200,
    headersSent: false,
    closed: true,
    writableFinished: false,
    setHeader() {},
    end() {},
    once() {},
  };
  const calls: string[] = [];
  watchRoutes(watch)({ method: "GET", baseUrl: "" }, response, () => void calls.push("next"));
  expect(limit.stats().running).toBe(0);
  expect(watch.stats()).toMatchObject([{ route: "GET unmatched", left: 1 }]);
  expect(calls).toEqual([]);
});
