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
import { RouteWatch, type RouteWatchOptions } from "../routes/index.ts";
import { type ExpressRequest, watchRoutes } from "./index.ts";

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
async function setup(options: RouteWatchOptions = {}) {
  const watch = new RouteWatch(options);
  const app = express();
  const other = new RouteWatch();
  app.use(watchRoutes<Incoming, Outgoing>(watch), watchRoutes<Incoming, Outgoing>(other));
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
  const get = (path: string, init?: RequestInit) => fetch(origin + path, init);
  const rowOf = (route: string) => watch.stats().find((row) => row.route === route);
  let lostConnections = 0;
  server.on("connection", (socket) => {
    socket.on("close", () => {
      lostConnections += 1;
    });
  });
  return { watch, other, get, rowOf, calls, reasons, lost: () => lostConnections };
}

describe("an Express server under a watch", () => {
  it("has figures for each pattern, not for each address", async () => {
    const { get, watch, rowOf } = await setup();
    for (const id of ["1", "2", "3"]) await (await get(`/orders/${id}`)).text();
    expect((await get("/broken")).status).toBe(500);
    for (const path of ["/nothing", "/at-all"]) expect((await get(path)).status).toBe(404);
    await expect.poll(() => watch.stats().length).toBe(3);
    await expect.poll(() => rowOf("GET /orders/:id")).toMatchObject({ requests: 3, errors: 0 });
    expect(rowOf("GET /broken")).toMatchObject({ requests: 1, errors: 1 });
    await expect.poll(() => rowOf("GET unmatched")).toMatchObject({ requests: 2, errors: 0 });
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

  it("answers 503 at the deadline of a route, and drops what the handler says later", async () => {
    const { get, rowOf, reasons, lost } = await setup({ timeouts: { "GET /inner/slow": 40 } });
    const answer = await get("/inner/slow");
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(await answer.json()).toEqual({ error: "The request took too long" });
    expect(reasons).toEqual([expect.objectContaining({ code: "KINTSUGI_TIMEOUT" })]);
    expect(rowOf("GET /inner/slow")).toMatchObject({ timeouts: 1, requests: 1 });
    expect((await get("/orders/1")).status).toBe(200);
    expect(lost()).toBe(0); // An error after the answer would have ended its connection.
  });

  it("leaves an answer alone that has begun", async () => {
    const { get, rowOf } = await setup({ timeoutMs: 40 });
    expect(await (await get("/inner/feed")).text()).toBe("firstlast");
    await expect.poll(() => rowOf("GET /inner/feed")).toMatchObject({ timeouts: 0, requests: 1 });
  });

  it("turns away who is too many before the handler runs, and lets in again", async () => {
    const limit = new Bulkhead({ name: "http", maxConcurrent: 1 });
    const { get, calls } = await setup({ limit });
    const caller = new AbortController();
    const first = get("/inner/slow", { signal: caller.signal }).catch(() => {});
    await expect.poll(() => calls.length).toBe(1);
    const second = await get("/inner/slow");
    expect([second.status, second.headers.get("retry-after"), calls.length]).toEqual([503, "1", 1]);
    caller.abort();
    await first;
    await expect.poll(() => limit.stats().running).toBe(0);
    expect((await get("/orders/1")).status).toBe(200);
  });

  it("lets who waits in when there is room, unless they have left", async () => {
    const limit = new Bulkhead({ name: "http", maxConcurrent: 1, maxQueue: 5 });
    const { get, calls } = await setup({ limit });
    const callers = [new AbortController(), new AbortController()] as const;
    const first = get("/inner/slow", { signal: callers[0].signal }).catch(() => {});
    await expect.poll(() => calls.length).toBe(1);
    const second = get("/inner/slow", { signal: callers[1].signal }).catch(() => {});
    await expect.poll(() => limit.stats().waiting).toBe(1);
    const third = get("/orders/1");
    await expect.poll(() => limit.stats().waiting).toBe(2);
    callers[1].abort();
    await second;
    await expect.poll(() => limit.stats().waiting).toBe(1);
    callers[0].abort();
    await first;
    expect((await third).status).toBe(200);
    expect(calls).toHaveLength(1);
  });

  it("tells a handler that its client has left", async () => {
    const { get, rowOf, calls, reasons } = await setup();
    const caller = new AbortController();
    const asking = get("/inner/slow", { signal: caller.signal }).catch(() => {});
    await expect.poll(() => calls.length).toBe(1);
    caller.abort();
    await asking;
    await expect.poll(() => reasons).toMatchObject([{ code: "KINTSUGI_CLIENT_LEFT" }]);
    expect(rowOf("GET /inner/slow")).toMatchObject({ left: 1, errors: 0 });
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
