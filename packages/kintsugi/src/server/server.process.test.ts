import { connect } from "node:net";
import { KintsugiError } from "@kintsugi/policy/base";
import { describe, expect, it } from "vitest";

import { AddressUnusableError, PortInUseError } from "./errors.ts";
import { type Answered, runningServer } from "./fixtures/running-server.ts";
import type { RuntimeForServer } from "./runtime-port.ts";
import { startServer } from "./server.ts";

const codeOf = ({ text }: Answered): string => JSON.parse(text).error.code;

const paths = [
  "/",
  "/assets/index.js",
  "/healthz",
  "/readyz",
  "/api/v1/status",
  "/api/v1/components/web/restart",
  "/api/v1/runs",
  "/api/v1/events",
  "/api/v1/session-codes",
  "/api/v1/sessions",
  "/api/v1/nothing",
  "/nowhere",
  "/%zz",
  `/api/v1/runs/${"x".repeat(600)}`,
  "*",
];

const methods = "GET HEAD POST PUT PATCH DELETE OPTIONS TRACE PROPFIND QUERY".split(" ");

/** What answers to `text` sent as it is. */
async function raw(port: number, text: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect(port, "127.0.0.1", () => socket.write(text));
  let answer = "";
  socket.on("data", (piece) => {
    answer += piece.toString();
  });
  socket.on("close", () => resolve(answer));
  socket.on("error", () => resolve(answer));
  return promise;
}

describe("a stranger", () => {
  it.each([
    ["of another host", { host: "evil.test" }],
    ["of a page elsewhere", { origin: "http://evil.test" }],
    ["of a page without an origin", { origin: "null" }],
    ["of a page elsewhere that hides it", { "sec-fetch-site": "cross-site" }],
  ])("%s is refused on every method and path, and nothing is done", async (_, headers) => {
    const { send, done, facts, errors } = await runningServer();
    const sent = methods.flatMap((method) => paths.map((path) => ({ method, path })));
    for (const { method, path } of sent) {
      const answer = await send({ method, path, token: "admin", headers });
      expect(answer.status, `${method} ${path}`).toBe(403);
      if (method !== "HEAD") expect(codeOf(answer)).toMatch(/^KINTSUGI_(HOST|ORIGIN)_REFUSED$/);
      expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
    }
    expect(done).toEqual([]);
    expect(facts.asked).toEqual([]);
    expect(errors).toEqual([]);
  });

  it("is refused with two names, one of them good", async () => {
    const { server } = await runningServer();
    const good = `127.0.0.1:${server.port}`;
    const hosts = `Host: ${good}\r\nHost: evil.test\r\n`;
    const answer = await raw(
      server.port,
      `GET /healthz HTTP/1.1\r\n${hosts}Connection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
  });

  it.each([
    ["an unknown method", "FOO / HTTP/1.1\r\nHost: evil.test\r\n\r\n", 400],
    ["no host", "GET /healthz HTTP/1.0\r\n\r\n", 403],
    ["no HTTP", "hello\r\n\r\n", 400],
    ["headers without end", `GET / HTTP/1.1\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, 431],
  ])("who sends %s is answered by the protocol", async (_, text, status) => {
    const { server, done } = await runningServer();
    const answer = await raw(server.port, text);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(JSON.parse(answer.split("\r\n\r\n")[1] ?? "")).toHaveProperty("error.code");
    expect(done).toEqual([]);
  });

  it("is no stranger under a name that was configured", async () => {
    const { send } = await runningServer({ allowedHosts: ["proxy.example:443"] });
    const headers = { host: "proxy.example:443", origin: "https://proxy.example:443" };
    expect((await send({ headers })).status).toBe(200);
  });
});

describe("a token", () => {
  const routes = [
    ["GET", "/healthz", "none"],
    ["GET", "/readyz", "none"],
    ["GET", "/api/v1/status", "read"],
    ["HEAD", "/api/v1/status", "read"],
    ["GET", "/api/v1/components", "read"],
    ["POST", "/api/v1/components/web/restart", "operate"],
    ["GET", "/api/v1/incidents", "read"],
    ["GET", "/api/v1/incidents/x", "read"],
    ["GET", "/api/v1/runs", "read"],
    ["POST", "/api/v1/runs", "operate"],
    ["GET", "/api/v1/runs/x", "read"],
    ["POST", "/api/v1/runs/x/cancel", "operate"],
    ["POST", "/api/v1/runs/x/signal", "operate"],
    ["POST", "/api/v1/runs/x/rewind", "operate"],
    ["POST", "/api/v1/runs/x/fork", "operate"],
    ["GET", "/api/v1/dead-letters", "read"],
    ["GET", "/api/v1/dead-letters/x", "read"],
    ["POST", "/api/v1/dead-letters/replay", "operate"],
    ["POST", "/api/v1/dead-letters/x/replay", "operate"],
    ["POST", "/api/v1/dead-letters/x/discard", "operate"],
    ["GET", "/api/v1/trust", "read"],
    ["GET", "/api/v1/playbooks", "read"],
    ["GET", "/api/v1/events", "read"],
    ["POST", "/api/v1/session-codes", "operate"],
    ["GET", "/api/v1/session-codes", "read"],
    ["POST", "/api/v1/sessions", "none"],
    ["GET", "/api/v1/nothing", "read"],
    ["DELETE", "/api/v1/status", "read"],
  ] as const;
  const reaching = {
    none: ["read", "infer"],
    read: ["read", "operate", "admin"],
    operate: ["operate", "admin"],
  };

  it.each(routes)("is needed for %s %s as far as scope %s", async (method, path, scope) => {
    const { send } = await runningServer();
    for (const token of [undefined, "wrong", "read", "infer", "operate", "admin"]) {
      const { status } = await send({ method, path, token });
      const isIn = scope === "none" || (token && reaching[scope].includes(token));
      const expected = token === undefined || token === "wrong" ? 401 : 403;
      if (isIn) expect([200, 201, 400, 404]).toContain(status);
      else expect(status, `${token}`).toBe(expected);
    }
  });

  it("counts in the header alone", async () => {
    const { send } = await runningServer();
    const answer = await send({ path: "/api/v1/status?token=admin&access_token=admin" });
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toBe("Bearer");
    const basic = { authorization: "Basic YWRtaW46YWRtaW4=", cookie: "token=admin" };
    expect((await send({ path: "/api/v1/status", headers: basic })).status).toBe(401);
  });
});

describe("an answer", () => {
  it("is JSON with its length, is not kept and not guessed at", async () => {
    const { send } = await runningServer();
    const { headers, text } = await send({ path: "/api/v1/status", token: "read" });
    expect(headers).toMatchObject({
      "content-type": "application/json; charset=utf-8",
      "content-length": String(text.length),
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    });
    expect(JSON.parse(text)).toMatchObject({ name: "app", version: "1.2.3" });
  });

  it("hides what went wrong inside, and reports it", async () => {
    const secret = new Error("password hunter2");
    const runtime = { trust: () => Promise.reject(secret) };
    const { send, errors } = await runningServer({ runtime });
    const answer = await send({ path: "/api/v1/trust", token: "read" });
    expect(answer.status).toBe(500);
    expect(codeOf(answer)).toBe("KINTSUGI_INTERNAL");
    expect(answer.text).not.toContain("hunter2");
    expect(errors).toEqual([secret]);
  });

  it("says whether work is accepted, and why not", async () => {
    const readiness = { ready: false, reasons: ["web is starting"] };
    const runtime = { ready: () => readiness };
    const { send } = await runningServer({ runtime });
    const { status, text } = await send({ path: "/readyz" });
    expect([status, JSON.parse(text)]).toEqual([503, readiness]);
    expect((await send({ path: "/healthz" })).status).toBe(200);
  });
});

describe("a request", () => {
  const json = { "content-type": "application/json" };
  const restart = { method: "POST", path: "/api/v1/components/web/restart", token: "operate" };

  it("restarts a component, and the log can say who asked", async () => {
    const { send, done } = await runningServer();
    expect((await send(restart)).status).toBe(200);
    const answer = await send({ ...restart, headers: json, body: '{"why":"it is slow"}' });
    expect(JSON.parse(answer.text)).toMatchObject({ name: "web", phase: "running" });
    expect(done).toEqual([
      "restart web: no reason was given (asked for by operate over HTTP)",
      "restart web: it is slow (asked for by operate over HTTP)",
    ]);
  });

  it("starts a run", async () => {
    const { send, done } = await runningServer();
    const body = '{"workflow":"digest","input":{"a":[1]},"id":"x"}';
    const answer = await send({
      method: "POST",
      path: "/api/v1/runs",
      token: "operate",
      headers: json,
      body,
    });
    expect([answer.status, done]).toEqual([201, ['start digest {"a":[1]} x']]);
  });

  const toRun = (deed: string) => `/api/v1/runs/digest%2F1/${deed}`;
  const toLetter = (deed: string) => `/api/v1/dead-letters/digest%2F1/${deed}`;

  it.each([
    [toRun("cancel"), {}, "cancel digest/1"],
    [toRun("signal"), { name: "go", payload: [1] }, "signal digest/1 go [1]"],
    [toRun("rewind"), { fromStep: "a" }, 'rewind digest/1 {"fromStep":"a"}'],
    [toRun("fork"), { fromStep: 2, id: "new" }, 'fork digest/1 {"fromStep":2,"id":"new"}'],
    [toLetter("replay"), {}, "replay digest/1 {}"],
    [toLetter("replay"), { fromStep: 0 }, 'replay digest/1 {"fromStep":0}'],
    [
      toLetter("discard"),
      { why: "of no use" },
      "discard digest/1 of no use (asked for by operate over HTTP)",
    ],
    [
      "/api/v1/dead-letters/replay",
      { workflow: "w", limit: 5, perSecond: 2 },
      'replay all {"workflow":"w"} {"limit":5,"perSecond":2}',
    ],
  ])("does something about a run: %s", async (path, body, expected) => {
    const { send, done } = await runningServer();
    const sent = { method: "POST", path, token: "operate", headers: json };
    const { status } = await send({ ...sent, body: JSON.stringify(body) });
    expect([status, done]).toEqual([path.endsWith("fork") ? 201 : 200, [expected]]);
  });

  it("shows dead letters, with an input that JSON could not carry", async () => {
    const { send, done } = await runningServer();
    await send({ path: "/api/v1/dead-letters?workflow=w&limit=5", token: "read" });
    expect(done).toEqual(['letters {"workflow":"w","limit":5}']);
    const { text } = await send({ path: "/api/v1/dead-letters/digest%2F1", token: "read" });
    expect(JSON.parse(text)).toMatchObject({
      input: { at: "1970-01-01T00:00:00.000Z", n: "1" },
      error: { class: "network" },
    });
  });

  it.each([
    [toRun("signal"), {}],
    [toRun("signal"), { name: "" }],
    [toRun("cancel"), { why: "x" }],
    [toRun("rewind"), {}],
    [toRun("rewind"), { fromStep: true }],
    [toRun("fork"), { fromStep: 1, id: 7 }],
    [toLetter("discard"), {}],
    [toLetter("discard"), { why: "x".repeat(501) }],
    ["/api/v1/dead-letters/replay", { limit: 101 }],
    ["/api/v1/dead-letters/replay", { workflow: 7 }],
    ["/api/v1/dead-letters/replay", { perSecond: 0 }],
  ])("is told what the body must be: %s %j", async (path, body) => {
    const { send, done } = await runningServer();
    const sent = { method: "POST", path, token: "operate", headers: json };
    const answer = await send({ ...sent, body: JSON.stringify(body) });
    expect([answer.status, codeOf(answer)]).toEqual([400, "KINTSUGI_BAD_REQUEST"]);
    expect(JSON.parse(answer.text).error.message).toMatch(/^The body must be \{/);
    expect(done).toEqual([]);
  });

  it("reads lists by filter, and things by ids with slashes", async () => {
    const { send, done } = await runningServer();
    const page = "workflow=w&parentId=p&after=z&sinceMs=5&limit=5";
    await send({ path: `/api/v1/runs?status=dead,running&${page}`, token: "read" });
    await send({ path: "/api/v1/incidents?status=healing&component=web", token: "read" });
    expect(done).toEqual([
      'runs {"workflow":"w","parentId":"p","after":"z","sinceMs":5,"limit":5,"status":["dead","running"]}',
      'incidents {"component":"web","status":"healing"}',
    ]);
    const { text } = await send({ path: "/api/v1/runs/digest%2F1", token: "read" });
    expect(JSON.parse(text)).toMatchObject({ id: "digest/1" });
  });

  it.each([
    [
      "an unknown component",
      { path: "/api/v1/components/x/restart", headers: {} },
      404,
      "NOT_FOUND",
    ],
    ["no JSON", { body: "{" }, 400, "BAD_REQUEST"],
    ["a poisoned prototype", { body: '{"__proto__":{"why":"x"}}' }, 400, "BAD_REQUEST"],
    ["a list", { body: "[]" }, 400, "BAD_REQUEST"],
    ["an unknown key", { body: '{"why":"x","by":"me"}' }, 400, "BAD_REQUEST"],
    ["an essay", { body: JSON.stringify({ why: "x".repeat(501) }) }, 400, "BAD_REQUEST"],
    ["text", { headers: { "content-type": "text/plain" }, body: "x" }, 415, "MEDIA_TYPE_REFUSED"],
    ["too much", { body: `"${"x".repeat(2 ** 20)}"` }, 413, "BODY_TOO_LARGE"],
    ["a run of nothing", { path: "/api/v1/runs", body: '{"workflow":""}' }, 400, "BAD_REQUEST"],
    [
      "a run with more",
      { path: "/api/v1/runs", body: '{"workflow":"w","x":1}' },
      400,
      "BAD_REQUEST",
    ],
  ])("is refused, and nothing is done, when it sends %s", async (_, sent, status, code) => {
    const { send, done, errors } = await runningServer();
    const answer = await send({ ...restart, headers: json, ...sent });
    expect([answer.status, codeOf(answer)]).toEqual([status, `KINTSUGI_${code}`]);
    expect(done).toEqual([]);
    expect(errors).toEqual([]);
  });

  it.each([
    ["KINTSUGI_RESTART_FAILED", 409],
    ["KINTSUGI_UNKNOWN_WORKFLOW", 404],
    ["KINTSUGI_INPUT_REFUSED", 400],
    ["KINTSUGI_ENGINE_STOPPED", 503],
  ] as const)("hears why the runtime refused it: %s", async (code, status) => {
    class Refused extends KintsugiError {
      readonly code = code;
    }
    const refuse = () => Promise.reject(new Refused("it does not answer"));
    const runtime = { restartComponent: refuse, startRun: refuse };
    const { send } = await runningServer({ runtime });
    const started = { method: "POST", path: "/api/v1/runs", token: "admin", headers: json };
    for (const sent of [restart, { ...started, body: '{"workflow":"w"}' }]) {
      const answer = await send(sent);
      expect([answer.status, JSON.parse(answer.text).error]).toEqual([
        status,
        { code, message: "it does not answer" },
      ]);
    }
  });

  it("that never ends is ended", async () => {
    const { server } = await runningServer({ limits: { headersMs: 100, requestMs: 200 } });
    expect(await raw(server.port, "GET /healthz HTTP/1.1\r\nHost: x")).toMatch(
      /^HTTP\/1\.1 4\d\d /,
    );
  });
});

describe("an address", () => {
  const rest = async () => {
    const { server, ...given } = await runningServer();
    const tokens = {
      find: () => undefined,
      openSession: () => ({ token: "", expiresAtMs: 0, scopes: [] }),
    };
    const runtime = { clock: given.clock, facts: given.facts } as unknown as RuntimeForServer;
    return { port: server.port, options: { runtime, tokens, onError: () => {} } };
  };

  it("that is taken is refused by its number and the key to change", async () => {
    const { port, options } = await rest();
    const start = startServer({ ...options, port });
    await expect(start).rejects.toThrow(PortInUseError);
    await expect(startServer({ ...options, port })).rejects.toThrow(
      `Port ${port} of 127.0.0.1 is in use by another program: set server.port to another one`,
    );
  });

  it("that this machine does not have is refused", async () => {
    const { options } = await rest();
    const start = startServer({ ...options, host: "192.0.2.1", port: 0 });
    await expect(start).rejects.toThrow(AddressUnusableError);
  });

  it("is free again when the server has closed", async () => {
    const { server } = await runningServer();
    await server.close();
    await expect(fetch(server.url)).rejects.toThrow();
    await server.close();
  });
});
