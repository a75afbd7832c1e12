import { describe, expect, it } from "vitest";

import type { Fetch } from "../../host/index.ts";
import { type Client, createClient, dashboardAddress } from "./client.ts";
import {
  ForbiddenError,
  NotFoundError,
  NotRunningError,
  RequestFailedError,
  UnauthenticatedError,
} from "./errors.ts";

/** A client whose server gives `answer`, and what it was sent. */
function setup(answer: () => Response | Promise<Response>) {
  const sent: { url: string; init: RequestInit | undefined }[] = [];
  const fetch: Fetch = async (url, init) => {
    sent.push({ url: String(url), init });
    return answer();
  };
  return { sent, client: createClient({ url: "http://127.0.0.1:1/", token: "t", fetch }) };
}

const json = (body: unknown, status = 200): Response => Response.json(body, { status });

describe("a client", () => {
  it.each<[string, (client: Client) => Promise<unknown>, object, unknown]>([
    ["/healthz", (client) => client.alive(), { alive: true }, true],
    ["/api/v1/status", (client) => client.status(), { name: "a" }, { name: "a" }],
    ["/api/v1/components", (client) => client.components(), { components: [1] }, [1]],
    [
      "/api/v1/runs?status=dead&limit=5",
      (client) => client.runs({ status: "dead", limit: 5 }),
      { runs: [] },
      [],
    ],
    ["/api/v1/runs/a%2Fb%3F", (client) => client.run("a/b?"), { id: "x" }, { id: "x" }],
    ["/api/v1/incidents", (client) => client.incidents({}), { incidents: [] }, []],
    ["/api/v1/incidents/i", (client) => client.incident("i"), { id: "i" }, { id: "i" }],
    ["/api/v1/trust", (client) => client.trust(), { trust: [] }, []],
    ["/api/v1/playbooks", (client) => client.playbooks(), { playbooks: [] }, []],
  ])("reads %s", async (path, call, body, result) => {
    const { client, sent } = setup(() => json(body));
    expect(await call(client)).toEqual(result);
    expect(sent).toMatchObject([
      {
        url: `http://127.0.0.1:1${path}`,
        init: { headers: { authorization: "Bearer t" }, redirect: "error" },
      },
    ]);
    expect(sent[0]?.url).not.toContain("Bearer");
  });

  it("sends what it orders as JSON", async () => {
    const { client, sent } = setup(() => json({ id: "x" }));
    await client.startRun("digest", { a: 1 }, { id: "x" });
    await client.restartComponent("web server", "slow");
    await client.sessionCode();
    expect(sent.map(({ url, init }) => [url, init?.method, init?.body])).toEqual([
      ["http://127.0.0.1:1/api/v1/runs", "POST", '{"workflow":"digest","input":{"a":1},"id":"x"}'],
      ["http://127.0.0.1:1/api/v1/components/web%20server/restart", "POST", '{"why":"slow"}'],
      ["http://127.0.0.1:1/api/v1/session-codes", "POST", "{}"],
    ]);
  });

  it("puts a code where a browser does not send it", () => {
    expect(dashboardAddress("http://[::1]:4600/", "a b")).toBe("http://[::1]:4600/#code=a%20b");
  });

  it("takes an answer that says not ready for an answer", async () => {
    const readiness = { ready: false, reasons: ["starting"] };
    expect(await setup(() => json(readiness, 503)).client.readiness()).toEqual(readiness);
  });
});

describe("a client that is not answered", () => {
  it.each([
    [401, UnauthenticatedError],
    [403, ForbiddenError],
    [404, NotFoundError],
    [409, RequestFailedError],
    [500, RequestFailedError],
  ])("hears of %d by its own error", async (status, type) => {
    const error = { code: "KINTSUGI_X", message: "Because." };
    const { client } = setup(() => json({ error }, status));
    await expect(client.status()).rejects.toThrow(type);
    await expect(client.status()).rejects.toThrow("Because.");
    const { client: other } = setup(() => new Response("<html>", { status }));
    await expect(other.status()).rejects.toThrow(`The server answered ${status}`);
  });

  it("hears that nothing runs, or that it gave up itself", async () => {
    const { client } = setup(() => Promise.reject(new TypeError("fetch failed")));
    await expect(client.status()).rejects.toThrow(NotRunningError);
    await expect(client.status()).rejects.toThrow("Nothing answers at http://127.0.0.1:1");
    const why = new Error("enough");
    await expect(client.status(AbortSignal.abort(why))).rejects.toBe(why);
  });

  it("hears of an answer that is none", async () => {
    const { client } = setup(() => new Response("<html>"));
    await expect(client.status()).rejects.toThrow(RequestFailedError);
  });

  it("hears of a stream that is none", async () => {
    const { client } = setup(() => new Response("data: {broken\n\n"));
    const read = async () => {
      for await (const _ of client.events(new AbortController().signal)) break;
    };
    await expect(read()).rejects.toThrow("The stream of events broke off");
  });
});
