import { connect } from "node:net";

import { systemClock } from "@kintsugi/policy/base";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { createClient } from "../client/client.ts";
import { runningServer } from "../fixtures/running-server.ts";
import { applyDelta, applySnapshot } from "./apply.ts";
import type { LiveMessage } from "./messages.ts";
import type { LiveSnapshot } from "./views.ts";

const setup = async (limits = {}) => {
  const running = await runningServer({ runtime: { clock: systemClock }, limits });
  const client = createClient({ url: running.server.url, token: "read", fetch });
  /** Commits some facts each millisecond until there are `total`. */
  const write = (total: number, atOnce: number): void => {
    const writing = setInterval(() => {
      if (running.facts.lastId < total) running.facts.add(...Array<string>(atOnce).fill("a.b"));
    }, 1);
    onTestFinished(() => clearInterval(writing));
  };
  return { ...running, client, write };
};

const idsOf = (message: LiveMessage): readonly number[] => {
  const { facts = [] } = message.kind === "snapshot" ? message.snapshot : message.delta;
  return facts.map(({ id }) => id);
};

const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe("a client of the live feed over a socket", () => {
  it("misses nothing and gets nothing twice, fast or slow, however fast facts come", async () => {
    const { client, write } = await setup();
    const total = 10_000;
    write(total, 20);
    const follow = async (pauseMs: number): Promise<readonly number[]> => {
      const got: number[] = [];
      let messages = 0;
      for await (const message of client.live(new AbortController().signal, 0)) {
        got.push(...idsOf(message));
        if ((got.at(-1) ?? 0) >= total) break;
        messages += 1;
        if (messages % 5 === 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
      return got;
    };
    for (const got of await Promise.all([follow(0), follow(100)])) {
      expect(got).toEqual(range(1, got.length));
      expect(got.length).toBeGreaterThanOrEqual(total);
    }
  });

  it("goes on where it broke off, and shows what the runtime shows", async () => {
    const { client, facts, write } = await setup();
    const total = 400;
    write(total, 2);
    const got: number[] = [];
    let screen: LiveSnapshot | undefined;
    let lastId = 0;
    let connections = 0;
    for (; lastId < total && connections < 1_000; connections += 1) {
      let messages = 0;
      for await (const message of client.live(new AbortController().signal, lastId)) {
        got.push(...idsOf(message));
        lastId = message.id;
        if (message.kind === "snapshot") screen = applySnapshot(screen, message.snapshot);
        else if (screen) screen = applyDelta(screen, message.delta);
        messages += 1;
        if (messages === 2 || lastId >= total) break;
      }
    }
    expect(connections).toBeGreaterThan(1);
    expect(got).toEqual(range(1, facts.lastId));
    expect(screen?.facts.map(({ id }) => id)).toEqual(got);
    expect(screen?.components.map(({ name }) => name)).toEqual(["web"]);
  });

  it("ends quietly when the server closes or the client has seen enough", async () => {
    const { client, server } = await setup();
    const leaving = new AbortController();
    const follow = async (signal: AbortSignal, onMessage: () => void): Promise<number> => {
      let count = 0;
      for await (const _ of client.live(signal)) {
        count += 1;
        onMessage();
      }
      return count;
    };
    const heard = Promise.withResolvers<void>();
    const left = follow(leaving.signal, () => leaving.abort());
    const closed = follow(new AbortController().signal, heard.resolve);
    await expect(left).resolves.toBe(1);
    await heard.promise;
    await server.close();
    await expect(closed).resolves.toBe(1);
  });

  it.each([
    [{ "last-event-id": "x" }, "/api/v1/live", "read", 400],
    [{}, "/api/v1/live?types=a.", "read", 400],
    [{}, "/api/v1/live", "infer", 403],
    [{}, "/api/v1/live", undefined, 401],
  ])("is refused when it may not ask so: %j %s %s", async (headers, path, token, status) => {
    const { send } = await setup();
    expect((await send({ path, headers, token })).status).toBe(status);
  });

  it("shares the places of those who follow the events", async () => {
    const { send, server } = await setup({ streams: 1 });
    const socket = connect({ port: server.port, host: "127.0.0.1" });
    onTestFinished(() => void socket.destroy());
    const head = `GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n`;
    socket.write(`${head}Authorization: Bearer read\r\n\r\n`);
    const ask = async (path: string) => (await send({ path, token: "read" })).status;
    await vi.waitFor(async () => expect(await ask("/api/v1/events")).toBe(503), 10_000);
    expect(await ask("/api/v1/live")).toBe(503);
    socket.destroy();
    await vi.waitFor(async () => expect(await ask("/api/v1/live")).toBe(200), 10_000);
  });

  it("has no head without a body", async () => {
    const { send, facts } = await setup();
    const head = await send({ method: "HEAD", path: "/api/v1/live", token: "read" });
    expect([head.status, facts.listeners.size]).toEqual([404, 0]);
  });
});
