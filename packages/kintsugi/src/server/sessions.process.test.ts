import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "@kintsugi/policy/base";
import { describe, expect, it, onTestFinished } from "vitest";

import { systemHost } from "../host/index.ts";
import { manualClock } from "../testing/index.ts";
import { type Answered, runningServer, type ServerInTest } from "./fixtures/running-server.ts";
import { ensureCliToken, tokenStore } from "./tokens.ts";

const json = { "content-type": "application/json" };

const bodyOf = ({ text }: Answered) => JSON.parse(text);

const ask = ({ send }: ServerInTest, token: string | undefined = "operate", body = "{}") =>
  send({ method: "POST", path: "/api/v1/session-codes", token, headers: json, body });

const exchange = ({ send }: ServerInTest, body: unknown) =>
  send({ method: "POST", path: "/api/v1/sessions", headers: json, body: JSON.stringify(body) });

/** A server, and a code that was just made. */
async function setup(...options: Parameters<typeof runningServer>) {
  const server = await runningServer(...options);
  const asked = await ask(server);
  return { ...server, asked, code: bodyOf(asked).code as string };
}

describe("a code", () => {
  it("is made for who may operate, and lasts a minute", async () => {
    const { asked, clock } = await setup();
    expect(asked.status).toBe(201);
    const { code, expiresAtMs, ...rest } = bodyOf(asked);
    expect([code, expiresAtMs, rest]).toEqual([
      expect.stringMatching(/^[0-9a-f]{32}$/),
      clock.epochMs() + 60_000,
      {},
    ]);
    expect(asked.headers["cache-control"]).toBe("no-store");
  });

  it("may be asked for without a body", async () => {
    const { send } = await runningServer();
    const path = "/api/v1/session-codes";
    expect((await send({ method: "POST", path, token: "admin" })).status).toBe(201);
  });

  it("opens one session, which may look and operate and nothing more", async () => {
    const server = await setup();
    const { code, clock, send } = server;
    const opened = await exchange(server, { code });
    expect(opened.status).toBe(201);
    const { token, ...rest } = bodyOf(opened);
    expect(rest).toEqual({ expiresAtMs: clock.epochMs() + 43_200_000, scopes: ["operate"] });
    expect((await send({ path: "/api/v1/status", token })).status).toBe(200);
    const restart = { method: "POST", path: "/api/v1/components/web/restart", token };
    expect((await send(restart)).status).toBe(200);
    expect(server.done).toContain(
      "restart web: no reason was given (asked for by dashboard over HTTP)",
    );
    expect((await send({ path: "/api/v1/status", token: code })).status).toBe(401);

    const again = await exchange(server, { code });
    expect([again.status, bodyOf(again).error.code]).toEqual([401, "KINTSUGI_CODE_REFUSED"]);
    expect(bodyOf(again).error.message).toContain("`kintsugi dashboard` prints a fresh address");
  });

  it("opens nothing after a minute", async () => {
    const server = await setup();
    server.clock.advanceSync(60_000);
    expect((await exchange(server, { code: server.code })).status).toBe(401);
  });

  it("opens one session when two come at once", async () => {
    const server = await setup();
    const { code } = server;
    const both = await Promise.all([exchange(server, { code }), exchange(server, { code })]);
    expect(both.map(({ status }) => status).toSorted()).toEqual([201, 401]);
  });

  it("is refused to a session: what was stolen does not live on in others", async () => {
    const server = await setup();
    const { token } = bodyOf(await exchange(server, { code: server.code }));
    const refused = await ask(server, token);
    expect([refused.status, bodyOf(refused).error.code]).toEqual([403, "KINTSUGI_SESSION_REFUSED"]);
  });

  it("is worth nothing to a page elsewhere", async () => {
    const { send, code } = await setup();
    const headers = { ...json, origin: "http://evil.test" };
    const body = JSON.stringify({ code });
    const sent = { method: "POST", path: "/api/v1/sessions", headers, body };
    expect((await send(sent)).status).toBe(403);
    expect((await send({ ...sent, headers: json })).status).toBe(201);
  });
});

describe("wrong codes", () => {
  it("are too many at the eleventh within a second, and keep no right one out", async () => {
    const server = await setup();
    const statuses: number[] = [];
    for (let sent = 0; sent < 12; sent += 1) {
      statuses.push((await exchange(server, { code: `wrong ${sent}` })).status);
    }
    expect(statuses).toEqual([...Array(10).fill(401), 429, 429]);
    expect((await exchange(server, { code: server.code })).status).toBe(201);
    server.clock.advanceSync(1_000);
    expect((await exchange(server, { code: "wrong" })).status).toBe(401);
  });

  it.each([
    ["nothing", null, 400],
    ["a list", [], 400],
    ["no code", {}, 400],
    ["an empty code", { code: "" }, 400],
    ["a number", { code: 1 }, 400],
    ["more than a code", { code: "x", token: "y" }, 400],
    ["a book", { code: "x".repeat(2_000) }, 413],
  ])("that are %s are no request", async (_, body, status) => {
    const server = await setup();
    expect((await exchange(server, body)).status).toBe(status);
    expect((await ask(server, "operate", '{"for":"me"}')).status).toBe(400);
    expect(server.errors).toEqual([]);
  });
});

describe("a session that cannot be stored", () => {
  const full = () => {
    throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
  };

  it("is refused, uses its code up, and leaves the other tokens as they are", async () => {
    let isFull = true;
    const server = await setup({ tokenFiles: { writeAtomic: () => isFull && full() } });
    const { code, send } = server;
    const before = server.written.get("tokens.json");
    const refused = await exchange(server, { code });
    expect([refused.status, bodyOf(refused).error.code]).toEqual([
      503,
      "KINTSUGI_SESSION_UNSTORED",
    ]);
    expect(server.errors).toEqual([expect.objectContaining({ code: "ENOSPC" })]);
    expect(server.written.get("tokens.json")).toBe(before);
    expect((await send({ path: "/api/v1/status", token: "read" })).status).toBe(200);
    isFull = false;
    expect((await exchange(server, { code })).status).toBe(401);
  });
});

describe("a session in the next life of the runtime", () => {
  it("is known at its port and nowhere else, and its file is its owner's alone", async () => {
    const folder = mkdtempSync(join(tmpdir(), "kintsugi-sessions-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const { files } = systemHost();
    const paths = { tokens: join(folder, "tokens.json"), cliToken: join(folder, "cli-token") };
    const random = seededRandom("sessions");
    const cli = ensureCliToken({ files, random, paths });
    const onError = (error: unknown): never => {
      throw error;
    };
    const life = (port = 0) =>
      runningServer({
        port,
        tokens: tokenStore({ files, clock: manualClock(), random, paths, onError }),
      });
    const first = await life();
    const { code } = bodyOf(await ask(first, cli));
    const { token } = bodyOf(await exchange(first, { code }));
    await first.server.close();
    expect(files.read(paths.tokens)).not.toContain(token);
    expect(statSync(paths.tokens).mode & 0o777).toBe(0o600);

    const second = await life(first.server.port);
    expect((await second.send({ path: "/api/v1/status", token })).status).toBe(200);
    expect((await second.send({ path: "/api/v1/status", token: cli })).status).toBe(200);
    expect((await exchange(second, { code })).status).toBe(401);
    // Somebody else may have listened at its port for a while, and been sent it.
    const elsewhere = await life();
    expect((await elsewhere.send({ path: "/api/v1/status", token })).status).toBe(401);
    expect((await elsewhere.send({ path: "/api/v1/live", token })).status).toBe(401);
    expect((await elsewhere.send({ path: "/api/v1/status", token: cli })).status).toBe(200);
  });
});
