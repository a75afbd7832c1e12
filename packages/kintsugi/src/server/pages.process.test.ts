import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";

import { runningServer } from "./fixtures/running-server.ts";
import { takesBrotli } from "./pages.ts";

const page = "<!doctype html><title>It is well</title>";
const script = "document.title = 'zwölf';";

/** A server over a folder as the build leaves it, with a secret beside it. */
async function setup() {
  const above = mkdtempSync(join(tmpdir(), "kintsugi-pages-"));
  onTestFinished(() => rmSync(above, { recursive: true, force: true }));
  const pageFolder = join(above, "dashboard");
  mkdirSync(join(pageFolder, "assets", "deep"), { recursive: true });
  const write = (name: string, text: string): void => {
    writeFileSync(join(pageFolder, name), text);
    writeFileSync(join(pageFolder, `${name}.br`), brotliCompressSync(text));
  };
  write("index.html", page);
  write("assets/index-a1.js", script);
  write("assets/index-b2.css", "a{}");
  writeFileSync(join(pageFolder, "favicon.svg"), "<svg/>");
  writeFileSync(join(pageFolder, "assets", "notes.txt"), "not ours");
  writeFileSync(join(pageFolder, "assets", "deep", "x.js"), "not ours");
  writeFileSync(join(pageFolder, "other.html"), "not ours");
  writeFileSync(join(above, "secret.js"), "secret");
  return { pageFolder, ...(await runningServer({ pageFolder })) };
}

/** The bytes behind the head of an answer, as the socket gives them. */
async function bodyBytes(port: number, path: string, headers = ""): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const asked = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${headers}`;
  const socket = connect(port, "127.0.0.1", () => {
    socket.write(`${asked}Connection: close\r\n\r\n`);
  });
  const pieces: Buffer[] = [];
  socket.on("data", (piece) => pieces.push(piece));
  socket.on("close", () => {
    const whole = Buffer.concat(pieces);
    resolve(whole.subarray(whole.indexOf("\r\n\r\n") + 4));
  });
  return promise;
}

describe("the page", () => {
  it("is shown without a token, is not kept, and trusts itself alone", async () => {
    const { send } = await setup();
    const { status, text, headers } = await send({ path: "/" });
    expect([status, text]).toEqual([200, page]);
    expect(headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "content-length": String(page.length),
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
      "content-security-policy":
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    });
    expect(headers["set-cookie"]).toBeUndefined();
    expect((await send({ path: "/?from=elsewhere" })).text).toBe(page);
  });

  it.each([
    ["/assets/index-a1.js", "text/javascript; charset=utf-8"],
    ["/assets/index-b2.css", "text/css; charset=utf-8"],
  ])("has %s, which is kept for ever", async (path, type) => {
    const { send } = await setup();
    const { status, headers } = await send({ path });
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      "content-type": type,
      "cache-control": "public, max-age=31536000, immutable",
    });
  });

  it("has its sign", async () => {
    const { send } = await setup();
    const { headers, text } = await send({ path: "/favicon.svg" });
    expect([headers["content-type"], text]).toEqual(["image/svg+xml", "<svg/>"]);
  });

  it("answers HEAD with the same head and no body", async () => {
    const { send } = await setup();
    const { status, headers, text } = await send({ method: "HEAD", path: "/" });
    expect([status, text]).toEqual([200, ""]);
    expect(headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "content-length": String(page.length),
    });
  });

  it("is not sent again to who has it", async () => {
    const { send } = await setup();
    const path = "/assets/index-a1.js";
    const { headers } = await send({ path });
    const etag = String(headers["etag"]);
    const again = await send({ path, headers: { "if-none-match": etag } });
    expect([again.status, again.text]).toEqual([304, ""]);
    const packed = { "accept-encoding": "br", "if-none-match": etag };
    expect((await send({ path, headers: packed })).status).toBe(200);
  });

  it("is shown to nobody whom another site sends", async () => {
    const { send } = await setup();
    const headers = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
    for (const path of ["/", "/assets/index-a1.js"]) {
      expect((await send({ path, headers })).status).toBe(403);
    }
    expect((await send({ path: "/", headers: { "sec-fetch-site": "none" } })).status).toBe(200);
  });
});

describe("a browser that takes brotli", () => {
  it("is given what the build has compressed, byte for byte", async () => {
    const { server, send } = await setup();
    const path = "/assets/index-a1.js";
    const accept = "gzip, deflate, br, zstd";
    const { headers } = await send({ path, headers: { "accept-encoding": accept } });
    const packed = brotliCompressSync(script);
    expect(headers).toMatchObject({
      "content-encoding": "br",
      "content-length": String(packed.length),
      "content-type": "text/javascript; charset=utf-8",
      vary: "accept-encoding",
    });
    expect(await bodyBytes(server.port, path, `Accept-Encoding: ${accept}\r\n`)).toEqual(packed);
    expect((await bodyBytes(server.port, path)).toString()).toBe(script);
  });

  it.each([
    ["br", true],
    ["gzip, br;q=0.5", true],
    ["GZIP , BR", true],
    ["br;q=0", false],
    ["br; q=0.000, gzip", false],
    ["gzip, deflate", false],
    ["brotli", false],
    ["", false],
    [undefined, false],
  ])("says so: %s", (header, takes) => {
    expect(takesBrotli(header)).toBe(takes);
  });
});

describe("what is not in the table", () => {
  it.each([
    "/index.html",
    "/other.html",
    "/assets/",
    "/assets/none.js",
    "/assets/notes.txt",
    "/assets/index-a1.js.br",
    "/assets/deep/x.js",
    "/assets/../index.html",
    "/assets/../../secret.js",
    "/assets/..%2f..%2fsecret.js",
    "/assets/%2e%2e/%2e%2e/secret.js",
    "/assets/..\\..\\secret.js",
    "/assets/index-a1.js%00",
    "/assets//index-a1.js",
    "/assets/__proto__",
    "/../secret.js",
    "//secret.js",
  ])("does not exist: %s", async (path) => {
    const { send, errors } = await setup();
    const { status, text } = await send({ path });
    expect([status, JSON.parse(text).error.code]).toEqual([404, "KINTSUGI_NOT_FOUND"]);
    expect(errors).toEqual([]);
  });

  it("is what came after the start", async () => {
    const { send, pageFolder } = await setup();
    writeFileSync(join(pageFolder, "assets", "late.js"), "");
    expect((await send({ path: "/assets/late.js" })).status).toBe(404);
  });
});

it("says how the page is built where it was not", async () => {
  const { send } = await runningServer();
  const { status, text } = await send({ path: "/" });
  expect([status, JSON.parse(text).error]).toEqual([
    503,
    {
      code: "KINTSUGI_PAGE_NOT_BUILT",
      message:
        "The dashboard was not built: `npm run dashboard` builds it, and the next start shows it",
    },
  ]);
});
