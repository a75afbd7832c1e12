import { describe, expect, it } from "vitest";

import { pipeline } from "../pipeline/index.ts";
import { RetryPolicy } from "../retry/index.ts";
import { IdleTimeoutError, TimeoutError, TimeoutPolicy } from "../timeout/index.ts";
import {
  answering,
  breakingOff,
  dropping,
  fallingSilent,
  loopback,
  silent,
} from "./fixtures/loopback.ts";
import { HttpError } from "./http-error.ts";
import { resilientFetch } from "./resilient-fetch.ts";

const retry = () => new RetryPolicy({ maxAttempts: 3, initialDelayMs: 1 });
const again = resilientFetch(retry(), fetch);

const thrownBy = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );

describe("a request over a real connection", () => {
  it("is sent again, with its body, where its method says so", async () => {
    const server = await loopback(dropping, answering(503), answering(200, "kept"));
    const answer = await again(`${server.origin}/a`, { method: "PUT", body: "all of it" });
    expect(await answer.text()).toBe("kept");
    expect(server.requests).toEqual(
      Array.from({ length: 3 }, () => ({ method: "PUT", path: "/a", body: "all of it" })),
    );
  });

  it("is sent once where it may have had its effect", async () => {
    const dropped = await loopback(dropping);
    await expect(again(dropped.origin, { method: "POST", body: "x" })).rejects.toThrow(
      "fetch failed",
    );
    const failed = await loopback(answering(500, "oh"));
    const error = await thrownBy(again(failed.origin, { method: "POST", body: "x" }));
    expect(error).toBeInstanceOf(HttpError);
    expect([dropped.requests.length, failed.requests.length]).toEqual([1, 1]);
  });

  it("is sent again where the server did not take it, or its caller says that it may be", async () => {
    const busy = await loopback(
      answering(429),
      answering(503, "", { "retry-after": "0" }),
      answering(200),
    );
    await again(busy.origin, { method: "POST", body: "x" });
    expect(busy.requests.map(({ body }) => body)).toEqual(["x", "x", "x"]);
    const keyed = await loopback(dropping, answering(200));
    await again(keyed.origin, { method: "POST", headers: { "Idempotency-Key": "7" }, body: "x" });
    const asked = await loopback(dropping, answering(200));
    const anyway = resilientFetch(retry(), fetch, {
      isRepeatable: ({ method, address }) => method === "POST" && address.startsWith(asked.origin),
    });
    await anyway(asked.origin, { method: "POST", body: "x" });
    expect([keyed.requests.length, asked.requests.length]).toEqual([2, 2]);
  });

  it("is sent again where it never left", async () => {
    const { origin, requests } = await loopback(answering(200));
    const refused = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
    let sent = 0;
    const late = resilientFetch(retry(), (input, init) => {
      sent += 1;
      return sent > 1
        ? fetch(input, init)
        : Promise.reject(new TypeError("fetch failed", { cause: refused }));
    });
    await late(origin, { method: "POST", body: "x" });
    expect([sent, requests.length]).toEqual([2, 1]);
  });

  it("is sent once where its body can be read once only", async () => {
    const busy = await loopback(answering(429));
    const stream = () => new Blob(["x"]).stream();
    const bodies: (() => Promise<Response>)[] = [
      () => again(busy.origin, { method: "PUT", body: stream(), duplex: "half" } as RequestInit),
      () => again(new Request(busy.origin, { method: "PUT", body: "x" })),
    ];
    for (const send of bodies) {
      expect(await thrownBy(send())).toMatchObject({ name: "HttpError", status: 429 });
    }
    expect(busy.requests.map(({ body }) => body)).toEqual(["x", "x"]);
  });

  it("may be a Request without a body", async () => {
    const server = await loopback(answering(503), answering(200, "ok"));
    const answer = await again(new Request(`${server.origin}/b`, { method: "DELETE" }));
    expect(await answer.text()).toBe("ok");
    expect(server.requests.map(({ method }) => method)).toEqual(["DELETE", "DELETE"]);
  });

  it("is not sent again by the retry around a time-out, when it may have had its effect", async () => {
    const server = await loopback(silent);
    const guarded = pipeline(retry(), new TimeoutPolicy({ timeoutMs: 50 }));
    const send = resilientFetch(guarded, fetch);
    const error = await thrownBy(send(server.origin, { method: "POST", body: "x" }));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(server.requests.length).toBeLessThan(2);
  });
});

describe("the body of an answer", () => {
  const get = resilientFetch(pipeline(retry(), new TimeoutPolicy({ timeoutMs: 5_000 })), fetch, {
    bodyIdleTimeoutMs: 400,
  });

  it("is whole, with what else the answer says", async () => {
    const server = await loopback(answering(200, "all of it", { "content-type": "text/plain" }));
    const answer = await get(`${server.origin}/c`);
    expect(answer).toMatchObject({ status: 200, url: `${server.origin}/c`, redirected: false });
    expect(answer.headers.get("content-type")).toBe("text/plain");
    expect(await answer.text()).toBe("all of it");
  });

  it("ends with an error when it falls silent, and its connection is given up", async () => {
    const server = await loopback(fallingSilent);
    const answer = await get(server.origin);
    expect(await thrownBy(answer.text())).toBeInstanceOf(IdleTimeoutError);
    await expect.poll(() => server.connections()).toBe(0);
    expect(server.requests).toHaveLength(1);
  });

  it("is not asked for again once it has begun", async () => {
    const server = await loopback(breakingOff);
    const answer = await get(server.origin);
    await expect(answer.text()).rejects.toThrow();
    expect(server.requests).toHaveLength(1);
  });

  it("ends when its caller leaves, also after the headers", async () => {
    const server = await loopback(fallingSilent);
    const caller = new AbortController();
    const unlimited = resilientFetch(new TimeoutPolicy({ timeoutMs: 5_000 }), fetch);
    const answer = await unlimited(new Request(server.origin, { signal: caller.signal }));
    const text = thrownBy(answer.text());
    const left = new Error("the user left");
    caller.abort(left);
    expect(await text).toBe(left);
    await expect.poll(() => server.connections()).toBe(0);
  });
});

it.each([0, Number.NaN])("a body may not be silent for %d ms", (bodyIdleTimeoutMs) => {
  expect(() => resilientFetch(retry(), fetch, { bodyIdleTimeoutMs })).toThrow(
    /^bodyIdleTimeoutMs must be a number above 0/,
  );
});
