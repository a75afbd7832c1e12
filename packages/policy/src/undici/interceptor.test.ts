import { Readable } from "node:stream";
import { Agent, FormData, request } from "undici";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { RejectedError } from "../base/index.ts";
import { Bulkhead } from "../bulkhead/index.ts";
import { answering, dropping, loopback } from "../fetch/fixtures/loopback.ts";
import { HttpError } from "../fetch/index.ts";
import { RetryPolicy } from "../retry/index.ts";
import { retry, setup, thrownBy } from "./fixtures/agent.ts";
import { resilient } from "./index.ts";

describe("a request through the interceptor", () => {
  it("gives its reader what it would get without", async () => {
    const server = await loopback(answering(200, "all of it", { "x-kind": "whole" }));
    const { statusCode, headers, body } = await request(server.origin, { dispatcher: setup() });
    expect([statusCode, headers["x-kind"], await body.text()]).toEqual([200, "whole", "all of it"]);
  });

  it("is sent again, with its body, after lost connections and failures", async () => {
    const server = await loopback(dropping, answering(503), answering(200, "kept"));
    const options = { dispatcher: setup(), method: "PUT", body: "all of it" } as const;
    const { body } = await request(`${server.origin}/a`, options);
    expect(await body.text()).toBe("kept");
    expect(server.requests).toEqual(
      Array.from({ length: 3 }, () => ({ method: "PUT", path: "/a", body: "all of it" })),
    );
  });

  it.each([
    ["Buffer", () => Buffer.from("all of it")],
    ["FormData", () => form("all of it")],
  ])("is sent again with a body that is a %s", async (_, body) => {
    const server = await loopback(answering(503), answering(200));
    await request(server.origin, { dispatcher: setup(), method: "PUT", body: body() });
    expect(server.requests).toHaveLength(2);
    for (const sent of server.requests) expect(sent.body).toContain("all of it");
  });

  it("is sent once with a body that can be read once", async () => {
    const bodies = [() => Readable.from(["x"]), () => new Set(["x"]) as never];
    for (const body of bodies) {
      const server = await loopback(answering(429));
      const options = { dispatcher: setup(), method: "PUT", body: body() } as const;
      expect(await thrownBy(request(server.origin, options))).toMatchObject({ status: 429 });
      expect(server.requests).toHaveLength(1);
    }
  });

  it("is sent once where it may have had its effect", async () => {
    for (const answer of [dropping, answering(500), answering(503)]) {
      const server = await loopback(answer);
      const options = { dispatcher: setup(), method: "POST", body: "x" } as const;
      expect(await thrownBy(request(server.origin, options))).toBeInstanceOf(Error);
      expect(server.requests).toHaveLength(1);
    }
  });

  it.each([
    ["the server did not take it", {}, {}],
    ["it has a key", { headers: { "Idempotency-Key": "7" } }, {}],
    ["it has a key among pairs", { headers: ["idempotency-key", "7"] }, {}],
    ["its caller says so", { idempotent: true }, {}],
    ["the options say so", {}, { isRepeatable: () => true }],
  ])("is sent again, although it is a POST, where %s", async (why, more, options) => {
    const first = why === "the server did not take it" ? answering(429) : dropping;
    const server = await loopback(first, answering(200));
    const sent = {
      dispatcher: setup(retry(), options),
      method: "POST",
      body: "x",
      ...more,
    } as const;
    await request(server.origin, sent);
    expect(server.requests.map(({ body }) => body)).toEqual(["x", "x"]);
  });

  it("is sent again, although it is a POST, where it never left", async () => {
    const agent = new Agent();
    onTestFinished(() => agent.destroy());
    const onRetry = vi.fn();
    const policy = new RetryPolicy({ maxAttempts: 2, initialDelayMs: 1, onRetry });
    const { origin } = await closedServer();
    const sent = {
      dispatcher: agent.compose(resilient(policy)),
      method: "POST",
      body: "x",
    } as const;
    expect(await thrownBy(request(origin, sent))).toMatchObject({ code: "ECONNREFUSED" });
    expect(onRetry).toHaveBeenCalledOnce();
  });

  it("waits as long as the server asks", async () => {
    const server = await loopback(answering(503, "", { "retry-after": "7" }));
    const onGiveUp = vi.fn();
    const policy = new RetryPolicy({ maxAttempts: 2, maxDelayMs: 5_000, onGiveUp });
    await thrownBy(request(server.origin, { dispatcher: setup(policy) }));
    expect(onGiveUp).toHaveBeenCalledWith(
      expect.objectContaining({ why: "wait", retryAfterMs: 7_000 }),
    );
  });

  it("takes a quota that is used up for what it is", async () => {
    const server = await loopback(answering(429, '{"error":{"code":"insufficient_quota"}}'));
    await thrownBy(request(server.origin, { dispatcher: setup() }));
    expect(server.requests).toHaveLength(1);
  });

  it("takes 404 for an answer", async () => {
    const server = await loopback(answering(404));
    await expect(request(server.origin, { dispatcher: setup() })).resolves.toMatchObject({
      statusCode: 404,
    });
  });

  it("fails with what the server said, or gets it as an answer", async () => {
    const server = await loopback(answering(503, "we are closed", { "x-kind": "report" }));
    const error = await thrownBy(request(`${server.origin}/a?key=1`, { dispatcher: setup() }));
    expect(error).toBeInstanceOf(HttpError);
    expect(error).toMatchObject({ status: 503, body: "we are closed" });
    expect((error as Error).message).toBe(`${server.origin}/a answered 503`);
    const handedOn = setup(retry(), { failures: "answer" });
    const { statusCode, headers, body } = await request(server.origin, { dispatcher: handedOn });
    expect([statusCode, headers["x-kind"], await body.text()]).toEqual([
      503,
      "report",
      "we are closed",
    ]);
    expect(server.requests).toHaveLength(6);
  });

  it("fails with the error where the report is too long to keep", async () => {
    const server = await loopback(answering(500, "x".repeat(200_000)));
    const dispatcher = setup(retry(), { failures: "answer" });
    const error = await thrownBy(request(server.origin, { dispatcher }));
    expect((error as HttpError).body).toHaveLength(16_384);
  });

  it("passes by where the connection is taken over", async () => {
    const upgraded = await loopback(answering(200));
    const agent = setup(new Bulkhead({ name: "b", maxConcurrent: 1 }));
    const connect = agent.connect({ origin: upgraded.origin, path: "/" });
    expect(await thrownBy(connect)).toBeInstanceOf(Error);
    expect(
      await thrownBy(agent.connect({ origin: upgraded.origin, path: "/" })),
    ).not.toBeInstanceOf(RejectedError);
  });
});

it.each([
  [{ maxKeys: 0 }, "maxKeys must be a whole number of at least 1, got 0"],
  [{ bodyIdleTimeoutMs: 0 }, "bodyIdleTimeoutMs must be a number from 1 to 1000000000, got 0"],
  [{ holdUntil: "ever" }, 'holdUntil must be "headers" or "end", got "ever"'],
  [{ failures: "hide" }, 'failures must be "throw" or "answer", got "hide"'],
])("%j is refused where it is said", (options, sentence) => {
  expect(() => resilient(retry(), options as never)).toThrow(new RangeError(sentence));
});

function form(value: string): FormData {
  const data = new FormData();
  data.set("field", value);
  return data;
}

/** An address at which nobody listens any more. */
async function closedServer(): Promise<{ origin: string }> {
  const { createServer } = await import("node:net");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return { origin: `http://127.0.0.1:${port}` };
}
