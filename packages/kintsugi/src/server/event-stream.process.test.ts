import { connect, type Socket } from "node:net";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { createClient, type StreamEvent } from "./client/client.ts";
import { runningServer } from "./fixtures/running-server.ts";

const setup = async (limits = {}) => {
  const running = await runningServer({ limits });
  const client = createClient({ url: running.server.url, token: "read", fetch });
  return { ...running, client };
};

const idOf = (event: StreamEvent): number => (event.kind === "fact" ? event.fact.id : 0);

describe("a client that follows the events over a socket", () => {
  it("resumes where it broke off, without a gap and without a double, while facts arrive", async () => {
    const { client, facts } = await setup();
    const got: number[] = [];
    const total = 600;
    const writing = setInterval(() => {
      if (facts.lastId < total) facts.add(...Array<string>(7).fill("a.b"));
    }, 1);
    onTestFinished(() => clearInterval(writing));
    for (let connections = 0; (got.at(-1) ?? 0) < total && connections < 1_000; connections += 1) {
      const leaving = new AbortController();
      let events = 0;
      for await (const event of client.events(leaving.signal, got.at(-1) ?? 0)) {
        got.push(idOf(event));
        events += 1;
        if (events === 25) leaving.abort();
        if (leaving.signal.aborted || got.at(-1) === facts.lastId) break;
      }
      leaving.abort();
    }
    expect(got).toEqual(Array.from({ length: got.length }, (_, index) => index + 1));
    expect(got.length).toBeGreaterThanOrEqual(total);
  });

  it("hears of the types that it asked for, and of what is gone", async () => {
    const { client, facts } = await setup();
    facts.add("a.a", "incident.opened", "a.a", "incident.resolved");
    facts.forgetBefore(3);
    const got: StreamEvent[] = [];
    for await (const event of client.events(new AbortController().signal, 1, ["incident."])) {
      if (got.push(event) === 2) break;
    }
    expect(got).toEqual([
      { kind: "truncated", firstId: 3 },
      { kind: "fact", fact: { id: 4, type: "incident.resolved", atMs: 0, payload: {} } },
    ]);
  });

  it("ends quietly when the server closes or the client has seen enough", async () => {
    const { client, server, facts } = await setup();
    facts.add("a.b");
    const leaving = new AbortController();
    const follow = async (signal: AbortSignal): Promise<number> => {
      let count = 0;
      for await (const _ of client.events(signal, 0)) count += 1;
      return count;
    };
    const [left, closed] = [follow(leaving.signal), follow(new AbortController().signal)];
    await vi.waitFor(() => expect(facts.asked.length).toBeGreaterThan(1), 10_000);
    leaving.abort();
    await expect(left).resolves.toBeLessThanOrEqual(1);
    await server.close();
    await expect(closed).resolves.toBe(1);
  });

  it.each([
    [{ "last-event-id": "x" }, "/api/v1/events", 400],
    [{}, "/api/v1/events?types=A", 400],
    [{}, "/api/v1/events?last=1", 400],
  ])("is refused when it asks for what there is not: %j %s", async (headers, path, status) => {
    const { send } = await setup();
    expect((await send({ path, headers, token: "read" })).status).toBe(status);
  });

  it("has no head without a body", async () => {
    const { send, facts } = await setup();
    const head = await send({ method: "HEAD", path: "/api/v1/events", token: "read" });
    expect([head.status, facts.listeners.size]).toEqual([404, 0]);
  });
});

describe("a client over a socket that does not read", () => {
  /** Asks for the events and never reads an answer. */
  const sleeper = async (port: number): Promise<Socket> => {
    const socket = connect({ port, host: "127.0.0.1" });
    onTestFinished(() => void socket.destroy());
    socket.pause();
    socket.write(
      `GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n` +
        "Authorization: Bearer read\r\nLast-Event-ID: 0\r\n\r\n",
    );
    return socket;
  };

  it("is dropped, and nobody else waits for it", async () => {
    const { server, clock, facts, client } = await setup({ stallMs: 5_000 });
    for (let count = 0; count < 400; count += 1) facts.addLarge(64 * 1_024);
    const socket = await sleeper(server.port);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    await vi.waitFor(() => expect(facts.asked.length).toBeGreaterThan(0), 10_000);
    let heard = 0;
    for await (const event of client.events(new AbortController().signal, 0)) {
      heard = idOf(event);
      if (heard === 400) break;
    }
    expect(heard).toBe(400);
    expect(facts.asked.filter((id) => id < 400).length).toBeLessThan(30);
    await clock.advance(5_000);
    socket.resume();
    await closed;
  });

  it("takes one of a limited number of places, and leaves it", async () => {
    const { server, send, clock } = await setup({ streams: 1 });
    const socket = await sleeper(server.port);
    const ask = async () => (await send({ path: "/api/v1/events", token: "read" })).status;
    await vi.waitFor(async () => expect(await ask()).toBe(503), 10_000);
    socket.destroy();
    await vi.waitFor(async () => expect(await ask()).toBe(200), 10_000);
    await clock.advance(0);
  });
});
