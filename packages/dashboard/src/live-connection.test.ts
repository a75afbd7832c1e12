import type { LiveMessage } from "kintsugi/live";
import { manualClock } from "kintsugi/testing";
import { describe, expect, it, onTestFinished } from "vitest";

import { board } from "./fixtures/boards.ts";
import { followLive } from "./live-connection.ts";

const frame = (id: number, type: string, body: object): string =>
  `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(body)}\n\n`;

/** A server whose answers are written one after the other; without one, it refuses the connection. */
function setup() {
  const clock = manualClock();
  const asked: { lastId: string | undefined; atMs: number; signal: AbortSignal }[] = [];
  const told: string[] = [];
  const bodies: ReadableStreamDefaultController<Uint8Array>[] = [];
  let status = 200;
  let isUp = true;
  const connection = followLive({
    clock,
    token: "secret",
    fetch: async (_address, request) => {
      const headers = new Headers(request.headers);
      expect(headers.get("authorization")).toBe("Bearer secret");
      const lastId = headers.get("last-event-id") ?? undefined;
      asked.push({ lastId, atMs: clock.monotonicMs(), signal: request.signal as AbortSignal });
      if (!isUp) throw new TypeError("connection refused");
      const body = new ReadableStream<Uint8Array>({ start: (open) => void bodies.push(open) });
      return new Response(body, { status });
    },
    onMessage: (message: LiveMessage) => told.push(`${message.kind} ${message.id}`),
    onLost: () => told.push("lost"),
    onRefused: () => told.push("refused"),
  });
  onTestFinished(() => connection.close());
  return {
    clock,
    asked,
    told,
    connection,
    send: async (id: number, type: string, body: object) => {
      bodies.at(-1)?.enqueue(new TextEncoder().encode(frame(id, type, body)));
      await clock.advance(0);
    },
    end: async () => {
      bodies.at(-1)?.close();
      await clock.advance(0);
    },
    answer: (next: { status?: number; isUp?: boolean }) => {
      status = next.status ?? status;
      isUp = next.isUp ?? isUp;
    },
  };
}

async function live() {
  const world = setup();
  await world.clock.advance(0);
  await world.send(7, "snapshot", board());
  return world;
}

describe("a live stream", () => {
  it("tells its snapshot and its deltas in order", async () => {
    const { send, told } = await live();
    await send(9, "delta", { atMs: 1 });
    expect(told).toEqual(["snapshot 7", "delta 9"]);
  });

  it("tells no delta before its snapshot", async () => {
    const { clock, send, told } = setup();
    await clock.advance(0);
    await send(9, "delta", { atMs: 1 });
    expect(told).toEqual([]);
  });

  it("is asked for again, from the newest fact that was told, when it ends", async () => {
    const { clock, end, asked, told, send } = await live();
    await send(9, "delta", { atMs: 1 });
    await end();
    expect(told.at(-1)).toBe("lost");
    await clock.advance(250);
    expect(asked.map(({ lastId }) => lastId)).toEqual([undefined, "9"]);
    await send(12, "snapshot", board());
    expect(told.at(-1)).toBe("snapshot 12");
  });

  it("is taken for dead when nothing was heard for four seconds, and its request is ended", async () => {
    const { clock, send, asked, told } = await live();
    await clock.advance(3_900);
    await send(7, "delta", { atMs: 1 });
    await clock.advance(3_900);
    expect(told).not.toContain("lost");
    await clock.advance(100);
    expect(told.at(-1)).toBe("lost");
    expect(asked[0]?.signal.aborted).toBe(true);
  });
});

describe("a server that does not answer", () => {
  it("is asked after 250 ms, then after twice as long each time, up to two seconds", async () => {
    const { clock, end, asked, answer, told } = await live();
    answer({ isUp: false });
    await end();
    await clock.advance(7_800);
    const waits = asked.map(({ atMs }, place) => atMs - (asked[place - 1]?.atMs ?? 0)).slice(1);
    expect(waits).toEqual([250, 500, 1_000, 2_000, 2_000, 2_000]);
    expect(told.filter((word) => word === "lost")).toHaveLength(1);
  });

  it("is asked at once when the tab is seen again", async () => {
    const { clock, end, asked, answer, connection } = await live();
    answer({ isUp: false });
    await end();
    await clock.advance(4_000);
    const before = asked.length;
    connection.nudge();
    await clock.advance(0);
    expect(asked).toHaveLength(before + 1);
    await clock.advance(250);
    expect(asked).toHaveLength(before + 2);
  });

  it("is asked for ever while it says that it is busy", async () => {
    const { clock, asked, answer, end } = await live();
    answer({ status: 503 });
    await end();
    await clock.advance(10_000);
    expect(asked.length).toBeGreaterThan(5);
  });
});

describe("a session that is over", () => {
  it.each([401, 403])("asks nothing more after %d", async (status) => {
    const { clock, asked, answer, end, told } = await live();
    answer({ status });
    await end();
    await clock.advance(60_000);
    expect(told.at(-1)).toBe("refused");
    expect(asked).toHaveLength(2);
  });
});

describe("a page that goes away", () => {
  it("ends its request and plans nothing", async () => {
    const { clock, asked, connection, told } = await live();
    connection.close();
    await clock.advance(60_000);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.signal.aborted).toBe(true);
    expect(told).toEqual(["snapshot 7"]);
  });
});
