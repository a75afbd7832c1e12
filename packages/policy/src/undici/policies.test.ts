import { getEventListeners } from "node:events";
import type { ServerResponse } from "node:http";
import { Agent, errors, interceptors, request } from "undici";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { manualClock } from "../base/fixtures/clocks.ts";
import type { Policy } from "../base/index.ts";
import { Bulkhead } from "../bulkhead/index.ts";
import { CachePolicy } from "../cache/index.ts";
import { CircuitBreaker } from "../circuit-breaker/index.ts";
import { ResilientExecutor } from "../executor/index.ts";
import {
  answering,
  breakingOff,
  fallingSilent,
  loopback,
  silent,
} from "../fetch/fixtures/loopback.ts";
import { Hedge } from "../hedge/index.ts";
import { type Pipeline, pipeline } from "../pipeline/index.ts";
import { RetryPolicy } from "../retry/index.ts";
import { TimeoutError, TimeoutPolicy } from "../timeout/index.ts";
import { retry, setup, thrownBy } from "./fixtures/agent.ts";
import { resilient } from "./index.ts";

describe("an answer that has begun", () => {
  it("is not asked for again when its connection drops", async () => {
    for (const holdUntil of ["headers", "end"] as const) {
      const server = await loopback(breakingOff);
      const { body } = await request(server.origin, { dispatcher: setup(retry(), { holdUntil }) });
      expect(await thrownBy(body.text())).toBeInstanceOf(errors.SocketError);
      expect(server.requests).toHaveLength(1);
    }
  });

  it("is not asked for again, even where a policy thinks that everything may be tried again", async () => {
    const onRetry = vi.fn();
    const options = { maxAttempts: 2, initialDelayMs: 1, onRetry };
    for (const [more, retries] of [
      [{}, 0],
      [{ retryableErrors: () => true }, 1],
    ] as const) {
      const server = await loopback(breakingOff);
      const policy = new RetryPolicy({ ...options, ...more });
      const { body } = await request(server.origin, {
        dispatcher: setup(policy, { holdUntil: "end" }),
      });
      expect(await thrownBy(body.text())).toBeInstanceOf(errors.SocketError);
      expect([server.requests.length, onRetry.mock.calls.length]).toEqual([1, retries]);
    }
  });

  it("ends with an error when it falls silent", async () => {
    const server = await loopback(fallingSilent);
    const dispatcher = setup(retry(), { bodyIdleTimeoutMs: 50 });
    const { body } = await request(server.origin, { dispatcher });
    expect(await thrownBy(body.text())).toBeInstanceOf(errors.BodyTimeoutError);
    expect(server.requests).toHaveLength(1);
  });

  it("counts for the circuit when it breaks off, where it is held to its end", async () => {
    const server = await loopback(breakingOff);
    const circuit = new CircuitBreaker({ name: "c", failureThreshold: 1 });
    const dispatcher = setup(circuit, { holdUntil: "end" });
    const { body } = await request(server.origin, { dispatcher });
    await thrownBy(body.text());
    await expect.poll(() => circuit.state.kind).toBe("open");
  });

  it("keeps its place in a bulkhead to its end, where it is held", async () => {
    const server = await loopback(fallingSilent);
    for (const [holdUntil, running] of [
      ["headers", 0],
      ["end", 1],
    ] as const) {
      const bulkhead = new Bulkhead({ name: "b" });
      const { body } = await request(server.origin, { dispatcher: setup(bulkhead, { holdUntil }) });
      await expect.poll(() => bulkhead.stats().running).toBe(running);
      body.on("error", () => {}).destroy();
      await expect.poll(() => bulkhead.stats().running).toBe(0);
    }
  });

  it("is bounded as a whole by a time-out, where it is held to its end", async () => {
    const server = await loopback(fallingSilent);
    const clock = manualClock();
    const policy = new TimeoutPolicy({ timeoutMs: 1_000, clock });
    const { body } = await request(server.origin, {
      dispatcher: setup(policy, { holdUntil: "end" }),
    });
    const text = thrownBy(body.text());
    await clock.advance(2_000);
    expect(await text).toBeInstanceOf(TimeoutError);
    await expect.poll(() => server.connections()).toBe(0);
  });

  it("comes whole to a reader that is slow", async () => {
    const long = "x".repeat(3_000_000);
    const server = await loopback(answering(503), answering(200, long));
    const { body } = await request(server.origin, { dispatcher: setup(), highWaterMark: 1_024 });
    let length = 0;
    for await (const chunk of body) {
      length += (chunk as Buffer).length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(length).toBe(long.length);
  });
});

describe("an abort", () => {
  it("ends an attempt at once, and its connection", async () => {
    const server = await loopback(silent);
    const caller = new AbortController();
    const sent = request(server.origin, { dispatcher: setup(), signal: caller.signal });
    await expect.poll(() => server.requests.length).toBe(1);
    const left = new Error("the user left");
    caller.abort(left);
    expect(await thrownBy(sent)).toBe(left);
    await expect.poll(() => server.connections()).toBe(0);
    expect(server.requests).toHaveLength(1);
  });

  it("ends a wait between two attempts at once", async () => {
    const server = await loopback(answering(503, "", { "retry-after": "20" }));
    const caller = new AbortController();
    const onRetry = vi.fn(() => caller.abort(new Error("the user left")));
    const policy = new RetryPolicy({ onRetry });
    const sent = request(server.origin, { dispatcher: setup(policy), signal: caller.signal });
    await expect(sent).rejects.toThrow("the user left");
    expect([server.requests.length, onRetry.mock.calls.length]).toEqual([1, 1]);
  });

  it("ends a wait for a place at once, and nothing is sent", async () => {
    const server = await loopback(silent);
    const bulkhead = new Bulkhead({ name: "b", maxConcurrent: 1, maxQueue: 5 });
    const dispatcher = setup(bulkhead);
    const first = new AbortController();
    const running = thrownBy(request(server.origin, { dispatcher, signal: first.signal }));
    const second = new AbortController();
    const waiting = thrownBy(request(server.origin, { dispatcher, signal: second.signal }));
    await expect.poll(() => [bulkhead.stats().waiting, server.requests.length]).toEqual([1, 1]);
    second.abort(new Error("the second left"));
    expect(await waiting).toMatchObject({ message: "the second left" });
    first.abort(new Error("the first left"));
    await running;
    expect(server.requests).toHaveLength(1);
  });

  it("of a request that waits for a connection means that it is never sent", async () => {
    const held: ServerResponse[] = [];
    const server = await loopback((response) => void held.push(response));
    const agent = new Agent({ connections: 1, pipelining: 1 });
    onTestFinished(() => agent.destroy());
    const dispatcher = agent.compose(resilient(retry()));
    const first = request(server.origin, { dispatcher });
    await expect.poll(() => held.length).toBe(1);
    const caller = new AbortController();
    const second = thrownBy(request(`${server.origin}/b`, { dispatcher, signal: caller.signal }));
    const third = request(`${server.origin}/c`, { dispatcher });
    caller.abort(new Error("the user left"));
    expect(await second).toMatchObject({ message: "the user left" });
    held[0]?.end("ok");
    await (await first).body.dump();
    await expect.poll(() => held.length).toBe(2);
    held[1]?.end("ok");
    await (await third).body.dump();
    expect(server.requests.map(({ path }) => path)).toEqual(["/", "/c"]);
  });

  it("leaves no listener on a signal that outlives the request", async () => {
    const server = await loopback(answering(200));
    const { signal } = new AbortController();
    const forwarding: Policy = { execute: async (call) => call({ signal, attempt: 1 }) };
    await request(server.origin, { dispatcher: setup(forwarding) });
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("before the request means that nothing is sent", async () => {
    const server = await loopback(answering(200));
    const signal = AbortSignal.abort(new Error("too early"));
    await expect(request(server.origin, { dispatcher: setup(), signal })).rejects.toThrow(
      "too early",
    );
    expect(server.requests).toHaveLength(0);
  });

  it("ends an answer in the middle", async () => {
    const server = await loopback(fallingSilent);
    const caller = new AbortController();
    const sent = { dispatcher: setup(), signal: caller.signal };
    const { body } = await request(server.origin, sent);
    const text = thrownBy(body.text());
    caller.abort(new Error("the user left"));
    expect(await text).toMatchObject({ message: "the user left" });
    await expect.poll(() => server.connections()).toBe(0);
  });
});

describe("policies around requests", () => {
  it("give each attempt its own time", async () => {
    const server = await loopback(silent, answering(200, "late"));
    const guarded: Pipeline = pipeline(retry(), new TimeoutPolicy({ timeoutMs: 400 }));
    const { body } = await request(server.origin, { dispatcher: setup(guarded) });
    expect(await body.text()).toBe("late");
  });

  it("never send again what a time-out has left behind", async () => {
    const server = await loopback(silent);
    const row = [retry(), new TimeoutPolicy({ timeoutMs: 50 })];
    const sent = { dispatcher: setup(row), method: "POST", body: "x" } as const;
    expect(await thrownBy(request(server.origin, sent))).toBeInstanceOf(TimeoutError);
    expect(server.requests.length).toBeLessThan(2);
  });

  it("may be an executor", async () => {
    const server = await loopback(answering(503), answering(200, "ok"));
    const executor = new ResilientExecutor({ name: "a", retry: { initialDelayMs: 1 } });
    const { body } = await request(server.origin, { dispatcher: setup(executor) });
    expect(await body.text()).toBe("ok");
  });

  it("may race two attempts, of which one is handed on", async () => {
    const server = await loopback(silent, answering(200, "the quick one"));
    const hedge = new Hedge({ delayMs: 20 });
    const { body } = await request(server.origin, { dispatcher: setup(hedge) });
    expect(await body.text()).toBe("the quick one");
    await expect.poll(() => server.connections()).toBe(1);
  });

  it("are made once for each origin, or for each key", async () => {
    const servers = [await loopback(answering(500)), await loopback(answering(200))] as const;
    const circuits = new Map<string, CircuitBreaker>();
    const dispatcher = setup((origin) => {
      const circuit = new CircuitBreaker({ name: origin, failureThreshold: 1 });
      circuits.set(origin, circuit);
      return circuit;
    });
    for (const { origin } of [...servers, ...servers])
      await thrownBy(request(origin, { dispatcher }));
    expect([...circuits].map(([origin, { state }]) => [origin, state.kind])).toEqual([
      [servers[0].origin, "open"],
      [servers[1].origin, "closed"],
    ]);
    expect(servers.map(({ requests }) => requests.length)).toEqual([1, 2]);
  });

  it("are forgotten for the key that was not used for longest", async () => {
    const server = await loopback(answering(200));
    const made: string[] = [];
    const make = (key: string) => {
      made.push(key);
      return new Bulkhead({ name: key });
    };
    const dispatcher = setup(make, { keyOf: ({ path }) => path, maxKeys: 2 });
    for (const path of ["/a", "/b", "/a", "/c", "/a", "/b"]) {
      await request(server.origin + path, { dispatcher });
    }
    expect(made).toEqual(["/a", "/b", "/c", "/b"]);
  });

  it("cannot answer in place of the server", async () => {
    const server = await loopback(answering(200));
    const cache = new CachePolicy({ ttlMs: 1_000 });
    const dispatcher = setup(cache.for("one key for all") as never);
    await request(server.origin, { dispatcher });
    await expect(request(server.origin, { dispatcher })).rejects.toThrow(
      "A policy answered in place of the request",
    );
  });

  it("stand beside other interceptors", async () => {
    const server = await loopback((response, { url }) => {
      if (url === "/here") answering(302, "", { location: "/there" })(response, response.req);
      else answering(200, String(url))(response, response.req);
    });
    const agent = new Agent();
    onTestFinished(() => agent.destroy());
    const both = agent.compose(resilient(retry()), interceptors.redirect({ maxRedirections: 2 }));
    const { body } = await request(`${server.origin}/here`, { dispatcher: both });
    expect(await body.text()).toBe("/there");
  });
});
