import { getEventListeners } from "node:events";
import { serve } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { describe, expect, it, onTestFinished } from "vitest";

import { Bulkhead } from "../bulkhead/index.ts";
import { RouteWatch, type RouteWatchOptions } from "../routes/index.ts";
import { watchRoutes } from "./index.ts";

/** A real server whose handlers wait for the signal of their request. */
async function setup(options: RouteWatchOptions = {}) {
  const watch = new RouteWatch(options);
  const app = new Hono();
  const calls: string[] = [];
  const reasons: unknown[] = [];
  const work = Promise.withResolvers<void>();
  app.use(watchRoutes(watch));
  app.use("/orders/*", async (_, next) => next());
  app.get("/orders/:id", (c) => c.json({ id: c.req.param("id") }));
  app.get("/broken", () => {
    throw new Error("broken");
  });
  app.onError((_, c) => c.json({ error: "broken" }, 500));
  const inner = new Hono();
  inner.get("/slow", async (c: Context) => {
    calls.push("slow");
    const signal = watch.signalOf(c);
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    reasons.push(signal.reason);
    await work.promise;
    return c.json({ late: true });
  });
  app.route("/inner", inner);
  const origin = await new Promise<string>((resolve) => {
    const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, ({ port }) =>
      resolve(`http://127.0.0.1:${port}`),
    );
    onTestFinished(async () => {
      if ("closeAllConnections" in server) server.closeAllConnections();
      await new Promise((done) => server.close(done));
    });
  });
  const get = (path: string, init?: RequestInit) =>
    fetch(origin + path, { ...init, headers: { connection: "close" } });
  const rowOf = (route: string) => watch.stats().find((row) => row.route === route);
  return { app, watch, get, rowOf, calls, reasons, finish: work.resolve };
}

describe("a Hono server under a watch", () => {
  it("has figures for each pattern, not for each address", async () => {
    const { get, watch, rowOf } = await setup();
    for (const id of ["1", "2", "3"]) await (await get(`/orders/${id}`)).text();
    expect((await get("/broken")).status).toBe(500);
    for (const path of ["/nothing", "/at-all"]) expect((await get(path)).status).toBe(404);
    expect(watch.stats()).toHaveLength(3);
    expect(rowOf("GET /orders/:id")).toMatchObject({ requests: 3, errors: 0 });
    expect(rowOf("GET /broken")).toMatchObject({ requests: 1, errors: 1 });
    expect(rowOf("GET unmatched")).toMatchObject({ requests: 2, errors: 0 });
  });

  it("answers 503 at the deadline of a route, and aborts the signal of the handler", async () => {
    const limit = new Bulkhead({ name: "http", maxConcurrent: 2 });
    const { get, rowOf, reasons, finish } = await setup({
      timeouts: { "GET /inner/slow": 40 },
      limit,
    });
    const answer = await get("/inner/slow");
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(await answer.json()).toEqual({ error: "The request took too long" });
    expect(reasons).toEqual([expect.objectContaining({ code: "KINTSUGI_TIMEOUT" })]);
    expect(rowOf("GET /inner/slow")).toMatchObject({ timeouts: 1, requests: 1 });
    expect((await get("/orders/1")).status).toBe(200);
    expect(limit.stats().zombies).toBe(1);
    finish();
    await expect.poll(() => limit.stats().zombies).toBe(0);
  });

  it("turns away who is too many before the handler runs, and lets in again", async () => {
    const limit = new Bulkhead({ name: "http", maxConcurrent: 1 });
    const { get, calls, finish, rowOf } = await setup({ limit });
    const caller = new AbortController();
    const first = get("/inner/slow", { signal: caller.signal }).catch(() => {});
    await expect.poll(() => calls.length).toBe(1);
    const second = await get("/inner/slow");
    expect([second.status, second.headers.get("retry-after"), calls.length]).toEqual([503, "1", 1]);
    caller.abort();
    await first;
    finish();
    await expect.poll(() => limit.stats().running).toBe(0);
    expect((await get("/orders/1")).status).toBe(200);
    expect(rowOf("GET /inner/slow")).toMatchObject({ shed: 1, left: 1 });
  });

  it("tells a handler that its client has left, and lets it leave the queue", async () => {
    const limit = new Bulkhead({ name: "http", maxConcurrent: 1, maxQueue: 5 });
    const { get, calls, reasons, finish } = await setup({ limit });
    const callers = [new AbortController(), new AbortController()] as const;
    const first = get("/inner/slow", { signal: callers[0].signal }).catch(() => {});
    await expect.poll(() => calls.length).toBe(1);
    const second = get("/inner/slow", { signal: callers[1].signal }).catch(() => {});
    await expect.poll(() => limit.stats().waiting).toBe(1);
    callers[1].abort();
    await second;
    await expect.poll(() => limit.stats().waiting).toBe(0);
    callers[0].abort();
    await first;
    await expect.poll(() => reasons).toMatchObject([{ code: "KINTSUGI_CLIENT_LEFT" }]);
    finish();
    expect(calls).toHaveLength(1);
  });

  it("leaves no listener on the signal of a request", async () => {
    const { app } = await setup();
    let heard: AbortSignal | undefined;
    app.get("/signal", (c) => {
      heard = c.req.raw.signal;
      return c.text(String(getEventListeners(heard, "abort").length));
    });
    expect(await (await app.request("/signal")).text()).toBe("1");
    expect(heard && getEventListeners(heard, "abort")).toEqual([]);
  });

  it("watches requests that come from no network as well", async () => {
    const { app, rowOf } = await setup();
    expect((await app.request("/orders/1")).status).toBe(200);
    expect(rowOf("GET /orders/:id")).toMatchObject({ requests: 1 });
  });
});
