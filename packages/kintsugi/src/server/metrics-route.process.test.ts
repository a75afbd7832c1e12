import { describe, expect, it } from "vitest";

import { runningServer } from "./fixtures/running-server.ts";

describe("metrics", () => {
  it("are text that Prometheus reads, for everybody on this machine", async () => {
    const { send } = await runningServer();
    const { status, headers, text } = await send({ path: "/metrics" });
    expect([status, text]).toEqual([200, "up 1\n"]);
    expect(headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(headers["cache-control"]).toBe("no-store");
    const head = await send({ path: "/metrics", method: "HEAD" });
    expect([head.status, head.text, head.headers["content-length"]]).toEqual([200, "", "5"]);
  });

  it.each([
    ["others can ask", { host: "0.0.0.0" }],
    ["a proxy asks for others", { allowedHosts: ["proxy.example"] }],
  ])("take a token that may read where %s", async (_, options) => {
    const { send } = await runningServer(options);
    const statuses = ["wrong", "infer", "read", "operate"].map(
      async (token) => (await send({ path: "/metrics", token })).status,
    );
    expect((await send({ path: "/metrics" })).status).toBe(401);
    expect(await Promise.all(statuses)).toEqual([401, 403, 200, 200]);
  });

  it("are not for a page elsewhere", async () => {
    const { send } = await runningServer();
    const headers = { origin: "http://evil.test" };
    expect((await send({ path: "/metrics", headers })).status).toBe(403);
  });

  it("say which key shows them where they are not shown", async () => {
    const { send } = await runningServer({ runtime: { metrics: async () => undefined } });
    const { status, text } = await send({ path: "/metrics" });
    expect([status, JSON.parse(text).error]).toEqual([
      404,
      {
        code: "KINTSUGI_NOT_FOUND",
        message: "No metrics are shown: set metrics.prometheus to true in the configuration",
      },
    ]);
  });

  it("that cannot be gathered are a fault of the server", async () => {
    const { send, errors } = await runningServer({
      runtime: { metrics: () => Promise.reject(new Error("the store is closed")) },
    });
    expect((await send({ path: "/metrics" })).status).toBe(500);
    expect(errors).toHaveLength(1);
  });
});
