import { getEventListeners } from "node:events";
import { serve } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { describe, expect, it, onTestFinished } from "vitest";

import { Bulkhead } from "../bulkhead/index.ts";
import { adapterCases, askedServer } from "../routes/fixtures/adapter-cases.ts";
import type { RouteWatch, RouteWatchOptions } from "../routes/index.ts";
import { watchRoutes } from "./index.ts";

/** A real server whose handlers wait for the signal of their request. */
async function start(watch: RouteWatch) {
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
  return { app, origin, calls, reasons, finish: work.resolve };
}

const setup = (options?: RouteWatchOptions) => askedServer(start, options);

adapterCases("a Hono server", start);

describe("a Hono server", () => {
  it("keeps the place of work that goes on after its deadline, until it ends", async () => {
    const limit = new Bulkhead({ name: "http", maxConcurrent: 2 });
    const { get, finish } = await setup({ timeouts: { "GET /inner/slow": 40 }, limit });
    expect((await get("/inner/slow")).status).toBe(503);
    expect((await get("/orders/1")).status).toBe(200);
    expect(limit.stats().zombies).toBe(1);
    finish();
    await expect.poll(() => limit.stats().zombies).toBe(0);
  });

  it("has counted a request when its handler has answered", async () => {
    const { get, watch } = await setup();
    for (const path of ["/orders/1", "/broken", "/nothing"]) await get(path);
    expect(watch.stats()).toHaveLength(3);
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
