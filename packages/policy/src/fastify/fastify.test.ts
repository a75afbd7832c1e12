import fastify from "fastify";
import { describe, expect, it, onTestFinished } from "vitest";

import { Bulkhead } from "../bulkhead/index.ts";
import { adapterCases, askedServer } from "../routes/fixtures/adapter-cases.ts";
import { RouteWatch, type RouteWatchOptions } from "../routes/index.ts";
import { watchRoutes } from "./index.ts";

/** A real server whose handlers wait for the signal of their request. */
async function start(watch: RouteWatch) {
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
  return { app, origin, calls, reasons, answered };
}

const setup = (options?: RouteWatchOptions) => askedServer(start, options);

adapterCases("a Fastify server", start);

describe("a Fastify server", () => {
  it("leaves an answer alone that has begun", async () => {
    const { get, rowOf } = await setup({ timeoutMs: 40 });
    expect(await (await get("/inner/feed")).text()).toBe("firstlast");
    await expect.poll(() => rowOf("GET /inner/feed")).toMatchObject({ timeouts: 0, requests: 1 });
  });

  it("answers no request that is left in the queue, and one that is left at work no more than once", async () => {
    const limit = new Bulkhead({ name: "http", maxConcurrent: 1, maxQueue: 5 });
    const { get, calls, answered } = await setup({ limit });
    const callers = [new AbortController(), new AbortController()] as const;
    const asking = [get("/inner/slow", callers[0].signal)];
    await expect.poll(() => calls.length).toBe(1);
    asking.push(get("/inner/slow", callers[1].signal));
    await expect.poll(() => limit.stats().waiting).toBe(1);
    for (const caller of callers) caller.abort();
    for (const each of await Promise.allSettled(asking)) expect(each.status).toBe("rejected");
    await expect.poll(() => limit.stats()).toMatchObject({ running: 0, waiting: 0 });
    expect((await get("/orders/1")).status).toBe(200);
    expect(answered.filter((url) => url === "/inner/slow").length).toBeLessThan(2);
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
