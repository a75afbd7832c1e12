import fastify from "fastify";
import { describe, expect, it, onTestFinished } from "vitest";

import { Bulkhead } from "../bulkhead/index.ts";
import { RouteWatch, type RouteWatchOptions } from "../routes/index.ts";
import { watchRoutes } from "./index.ts";

/** A real server whose handlers wait for the test, or for the signal of their request. */
async function setup(options: RouteWatchOptions = {}) {
  const watch = new RouteWatch(options);
  const app = fastify({ forceCloseConnections: true });
  onTestFinished(() => app.close());
  await app.register(watchRoutes(watch));
  const calls: string[] = [];
  const reasons: unknown[] = [];
  app.get("/orders/:id", async (request) => ({ id: (request.params as { id: string }).id }));
  app.get("/broken", async () => {
    throw new Error("broken");
  });
  await app.register(
    async (inner) => {
      inner.get("/slow", async (request) => {
        calls.push("slow");
        const signal = watch.signalOf(request);
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        reasons.push(signal.reason);
        return { late: true };
      });
      inner.get("/feed", (_, reply) => {
        reply.raw.writeHead(200).write("first");
        setTimeout(() => reply.raw.end("last"), 80);
        reply.hijack();
      });
    },
    { prefix: "/inner" },
  );
  const answered: string[] = [];
  app.addHook("onSend", async (request) => void answered.push(request.url));
  const origin = await app.listen({ host: "127.0.0.1", port: 0 });
  const get = (path: string, init?: RequestInit) => fetch(origin + path, init);
  const rowOf = (route: string) => watch.stats().find((row) => row.route === route);
  return { app, watch, get, rowOf, calls, reasons, answered };
}

describe("a Fastify server under a watch", () => {
  it("has figures for each pattern, not for each address", async () => {
    const { get, watch, rowOf } = await setup();
    for (const id of ["1", "2", "3"]) await (await get(`/orders/${id}`)).text();
    expect((await get("/broken")).status).toBe(500);
    for (const path of ["/nothing", "/at-all"]) expect((await get(path)).status).toBe(404);
    await expect.poll(() => watch.stats().length).toBe(3);
    await expect.poll(() => rowOf("GET /orders/:id")).toMatchObject({ requests: 3, errors: 0 });
    expect(rowOf("GET /orders/:id")?.p99Ms).toBeGreaterThan(0);
    expect(rowOf("GET /broken")).toMatchObject({ requests: 1, errors: 1 });
    await expect.poll(() => rowOf("GET unmatched")).toMatchObject({ requests: 2, errors: 0 });
  });

  it("answers 503 at a deadline, and aborts the signal of the handler", async () => {
    const { get, rowOf, reasons } = await setup({ timeouts: { "GET /inner/slow": 40 } });
    const answer = await get("/inner/slow");
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(await answer.json()).toEqual({ error: "The request took too long" });
    expect(reasons).toEqual([expect.objectContaining({ code: "KINTSUGI_TIMEOUT" })]);
    expect(rowOf("GET /inner/slow")).toMatchObject({ timeouts: 1, requests: 1 });
    expect((await get("/orders/1")).status).toBe(200);
  });

  it("leaves an answer alone that has begun", async () => {
    const { get, rowOf } = await setup({ timeoutMs: 40 });
    expect(await (await get("/inner/feed")).text()).toBe("firstlast");
    await expect.poll(() => rowOf("GET /inner/feed")).toMatchObject({ timeouts: 0, requests: 1 });
  });

  it("turns away who is too many before the handler runs, and lets in again", async () => {
    const limit = new Bulkhead({ name: "http", maxConcurrent: 1 });
    const { get, rowOf, calls } = await setup({ limit });
    const caller = new AbortController();
    const first = get("/inner/slow", { signal: caller.signal }).catch(() => {});
    await expect.poll(() => calls.length).toBe(1);
    const second = await get("/inner/slow");
    expect([second.status, second.headers.get("retry-after"), calls.length]).toEqual([503, "1", 1]);
    caller.abort();
    await first;
    await expect.poll(() => limit.stats().running).toBe(0);
    expect((await get("/orders/1")).status).toBe(200);
    expect(rowOf("GET /inner/slow")).toMatchObject({ shed: 1, left: 1 });
  });

  it("lets who waits in when there is room, unless they have left", async () => {
    const limit = new Bulkhead({ name: "http", maxConcurrent: 1, maxQueue: 5 });
    const { get, calls, answered } = await setup({ limit });
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
    expect(answered.filter((url) => url === "/inner/slow").length).toBeLessThan(2);
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

  it("watches requests that come from no network as well", async () => {
    const { app, rowOf } = await setup();
    expect((await app.inject("/orders/1")).statusCode).toBe(200);
    await expect.poll(() => rowOf("GET /orders/:id")).toMatchObject({ requests: 1, left: 0 });
  });
});

it("a client that left before the request came here takes no place", () => {
  const limit = new Bulkhead({ name: "http", maxConcurrent: 1 });
  const watch = new RouteWatch({ limit });
  type Hook = Parameters<Parameters<ReturnType<typeof watchRoutes>>[0]["addHook"]>[1];
  const hooks: Hook[] = [];
  watchRoutes(watch)({ addHook: (_, hook) => hooks.push(hook) }, {}, () => {});
  const raw = { headersSent: false, closed: true, writableEnded: false, once: () => {} };
  const reply = { statusCode: 200, sent: false, raw, code() {}, header() {}, send() {} };
  const calls: string[] = [];
  const request = { method: "GET", routeOptions: {} };
  for (const hook of hooks) hook(request, reply, () => void calls.push("next"));
  expect(limit.stats().running).toBe(0);
  expect(watch.stats()).toMatchObject([{ route: "GET unmatched", left: 1 }]);
  expect(calls).toEqual([]);
});
