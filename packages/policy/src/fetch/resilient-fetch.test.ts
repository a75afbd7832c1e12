import { describe, expect, it, vi } from "vitest";

import { eagerClock, manualClock } from "../base/fixtures/clocks.ts";
import { createCallRegistry } from "../executor/index.ts";
import { pipeline } from "../pipeline/index.ts";
import { IdleTimeoutError } from "../timeout/index.ts";
import { checkResponse, HttpError } from "./http-error.ts";
import { resilientFetch } from "./resilient-fetch.ts";

/** A `fetch` that gives these answers one after the other, the last for ever. */
function setup(...answers: readonly (() => Response)[]) {
  const clock = eagerClock();
  const registry = createCallRegistry();
  registry.use({ clock });
  const requests: { readonly address: string; readonly init: RequestInit | undefined }[] = [];
  const fetch = vi.fn(async (address: string | URL | Request, init?: RequestInit) => {
    const answer = answers[Math.min(requests.length, answers.length - 1)];
    requests.push({ address: String(address), init });
    return answer?.() ?? new Response("ok");
  });
  const get = resilientFetch(registry.executor("weather"), fetch);
  return { get, clock, requests, registry };
}

const busy = () =>
  new Response('{"error":{"code":"rate_limit_exceeded"}}', {
    status: 429,
    headers: { "Retry-After": "3" },
  });

describe("a resilient fetch", () => {
  it("sends what fetch would send, and returns what it returns", async () => {
    const { get, requests } = setup();
    const response = await get("https://weather.example/today", { method: "POST", body: "{}" });
    expect(await response.text()).toBe("ok");
    expect(requests[0]).toMatchObject({
      address: "https://weather.example/today",
      init: { method: "POST", body: "{}" },
    });
  });

  it("waits as long as the server asks, and tries again", async () => {
    const { get, clock } = setup(busy, busy, () => new Response("ok"));
    const response = await get("https://weather.example/today");
    expect(response.status).toBe(200);
    expect(clock.waitsMs.filter((ms) => ms === 3_000)).toHaveLength(2);
  });

  it("throws what the server said when it never said better", async () => {
    const { get, requests } = setup(() => new Response("we are closed", { status: 503 }));
    const thrown = await get("https://weather.example/today").catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(HttpError);
    expect(thrown).toMatchObject({
      name: "HttpError",
      code: "KINTSUGI_HTTP_ERROR",
      status: 503,
      body: "we are closed",
    });
    expect(requests).toHaveLength(3);
  });

  it("takes a quota that is used up for what it is, and does not try again", async () => {
    const { get, requests } = setup(
      () => new Response('{"error":{"code":"insufficient_quota"}}', { status: 429 }),
    );
    await expect(get("https://weather.example/today")).rejects.toThrow("answered 429");
    expect(requests).toHaveLength(1);
  });

  it("takes 404 for an answer", async () => {
    const { get } = setup(() => new Response("no such town", { status: 404 }));
    await expect(get("https://weather.example/today")).resolves.toMatchObject({ status: 404 });
  });

  it("passes the caller's abort on, and throws its reason", async () => {
    const { get, requests } = setup();
    const left = new Error("user left");
    const aborted = get("https://weather.example/today", { signal: AbortSignal.abort(left) });
    await expect(aborted).rejects.toBe(left);
    const { signal } = new AbortController();
    await get("https://weather.example/today", { signal });
    expect(requests).toHaveLength(1);
    expect(requests[0]?.init?.signal?.aborted).toBe(false);
  });
});

describe("a request that is tried again", () => {
  const bytes = new TextEncoder().encode("all of it");
  const form = new FormData();
  form.set("name", "value");
  const failing = async (input: string | URL | Request, init?: RequestInit) => {
    const { get, requests } = setup(() => new Response("", { status: 500 }));
    await expect(get(input, init)).rejects.toThrow("The server answered 500");
    return requests.length;
  };

  it.each<[string, NonNullable<RequestInit["body"]> | null]>([
    ["none", null],
    ["a text", "all of it"],
    ["fields", new URLSearchParams({ name: "value" })],
    ["a form", form],
    ["a blob", new Blob([bytes])],
    ["a buffer", bytes.buffer],
    ["a part of a buffer", bytes],
  ])("may have a body that can be read again: %s", async (_, body) => {
    expect(await failing("https://weather.example/today", { method: "PUT", body })).toBe(3);
  });

  it("may not have one that is read as it goes", async () => {
    const body = new Blob([bytes]).stream();
    expect(await failing("https://weather.example/today", { method: "PUT", body })).toBe(1);
  });

  it("may have its key in a Request", async () => {
    const headers = { "Idempotency-Key": "7" };
    const address = "https://weather.example/today";
    expect(await failing(new Request(address, { method: "POST", headers }))).toBe(3);
    expect(await failing(new Request(address, { method: "POST" }))).toBe(1);
  });
});

describe("the body of an answer that falls silent", () => {
  it("is given up after its time, by the clock that was given", async () => {
    const clock = manualClock();
    const silent = new ReadableStream({ start: (stream) => stream.enqueue(new Uint8Array(1)) });
    const get = resilientFetch(pipeline(), async () => new Response(silent), {
      bodyIdleTimeoutMs: 60_000,
      clock,
    });
    const answer = await get("https://weather.example/today");
    const text = expect(answer.text()).rejects.toThrow(IdleTimeoutError);
    await clock.advance(120_000);
    await text;
  });
});

describe("an answer that is a failure", () => {
  const errorOf = (response: Response) =>
    checkResponse(response).then(
      () => undefined,
      (error: HttpError) => error,
    );

  it.each([408, 425, 429, 500, 503, 529])("throws at %d", async (status) => {
    expect((await errorOf(new Response("", { status })))?.status).toBe(status);
  });

  it.each([200, 204, 301, 400, 404, 409])("is none at %d", async (status) => {
    const response = new Response(null, { status });
    await expect(checkResponse(response)).resolves.toBe(response);
  });

  it("keeps the beginning of a long body, and lets go of the rest", async () => {
    const cancel = vi.fn();
    const chunk = new TextEncoder().encode("x".repeat(1_000));
    const endless = new ReadableStream({ pull: (stream) => stream.enqueue(chunk), cancel });
    const error = await errorOf(new Response(endless, { status: 500 }));
    expect(error?.body).toHaveLength(16_384);
    expect(cancel).toHaveBeenCalledOnce();
  });

  it("may have no body at all", async () => {
    expect((await errorOf(new Response(null, { status: 503 })))?.body).toBe("");
  });

  it("keeps a letter whole that came in two parts", async () => {
    const [first = 0, second = 0] = new TextEncoder().encode("\u00e9");
    const parts = [Uint8Array.of(first), Uint8Array.of(second)];
    const body = new ReadableStream({
      pull(stream) {
        const part = parts.shift();
        if (part) stream.enqueue(part);
        else stream.close();
      },
    });
    expect((await errorOf(new Response(body, { status: 500 })))?.body).toBe("\u00e9");
  });

  it("keeps its status when the body breaks off", async () => {
    const broken = new ReadableStream({ pull: (stream) => stream.error(new Error("reset")) });
    await expect(errorOf(new Response(broken, { status: 502 }))).resolves.toMatchObject({
      status: 502,
      body: "",
    });
  });

  it("names the address without its query, where keys stand", async () => {
    const response = new Response("", { status: 500 });
    Object.defineProperty(response, "url", { value: "https://weather.example/a?key=secret#b" });
    const error = await errorOf(response);
    expect(error?.message).toBe("https://weather.example/a answered 500");
  });
});
