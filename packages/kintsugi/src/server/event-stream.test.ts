import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { manualClock } from "../testing/index.ts";
import { EventStreams, type EventStreamsOptions, type StreamRequest } from "./event-stream.ts";
import { type FakeClient, fakeClient } from "./fixtures/fake-client.ts";
import { fakeLog } from "./fixtures/fake-log.ts";
import { StreamPlaces } from "./stream-line.ts";

interface Choices extends Partial<EventStreamsOptions> {
  readonly firstId?: number;
  readonly maxClients?: number;
}

function setup(options: Choices = {}) {
  const clock = manualClock();
  const facts = fakeLog(options.firstId);
  const errors: unknown[] = [];
  const places = new StreamPlaces(options.maxClients ?? 64);
  const streams = new EventStreams({
    facts,
    clock,
    places,
    onError: (error) => errors.push(error),
    ...options,
  });
  const follow = (request: Partial<StreamRequest> = {}, patience?: number) => {
    const client = fakeClient(patience);
    streams.open(client, { lastId: undefined, types: undefined, ...request });
    return client;
  };
  return { clock, facts, places, follow, errors };
}

const idsOf = (client: FakeClient) => client.events.map(({ id }) => Number(id));

const typesOf = (client: FakeClient) => client.events.map(({ type }) => type);

/** As `id type`. */
const shortly = (client: FakeClient) => client.events.map(({ id, type }) => `${id} ${type}`);

describe("a client that follows the events", () => {
  it("hears of what happens from now on", async () => {
    const { clock, facts, follow } = setup();
    facts.add("run.started", "run.completed");
    const client = follow();
    facts.add("incident.opened");
    await clock.advance(0);
    expect(shortly(client)).toEqual(["3 incident.opened"]);
  });

  it("gets what it missed first, over several pages", async () => {
    const { clock, facts, follow } = setup();
    facts.add(...Array<string>(230).fill("a.b"));
    const client = follow({ lastId: 10 });
    facts.add("c.d");
    await clock.advance(0);
    expect(idsOf(client)).toEqual(Array.from({ length: 221 }, (_, index) => 11 + index));
  });

  it("gets the facts that it asked for, and the others are not looked at twice", async () => {
    const { clock, facts, follow } = setup();
    const client = follow({ types: ["incident.", "run.completed"] });
    facts.add("run.started", "incident.opened", "run.completed", "runs.over");
    await clock.advance(0);
    expect(typesOf(client)).toEqual(["incident.opened", "run.completed"]);
    facts.add("runs.over");
    await clock.advance(0);
    expect(facts.asked.at(-1)).toBe(4);
  });

  it("sees a sign of life every fifteen seconds", async () => {
    const { clock, follow } = setup();
    const client = follow();
    await clock.advance(45_000);
    expect(client.text.match(/^: ping$/gm)?.length).toBe(3);
  });

  it("is told when the log no longer holds what it missed", async () => {
    const { clock, facts, follow } = setup();
    facts.add("a.a", "b.b", "c.c", "d.d");
    facts.forgetBefore(3);
    const client = follow({ lastId: 1 });
    const upToDate = follow({ lastId: 2 });
    await clock.advance(0);
    expect(typesOf(client)).toEqual(["log.truncated", "c.c", "d.d"]);
    expect(client.text).toContain('data: {"askedId":1,"firstId":3}');
    expect(idsOf(upToDate)).toEqual([3, 4]);
  });

  it("is told when the log is another than the one it knew", async () => {
    const { clock, facts, follow } = setup();
    facts.add("a.a");
    const client = follow({ lastId: 900 });
    await clock.advance(0);
    expect(typesOf(client)).toEqual(["log.truncated", "a.a"]);
  });

  it("is told when the log forgets while it reads", async () => {
    const { clock, facts, follow } = setup();
    facts.add(...Array<string>(60).fill("a.b"));
    const client = follow({ lastId: 0 }, 10);
    await clock.advance(0);
    facts.forgetBefore(56);
    while (idsOf(client).at(-1) !== 60) {
      client.read();
      await clock.advance(0);
    }
    expect(typesOf(client)).toContain("log.truncated");
    expect(idsOf(client).slice(-5)).toEqual([56, 57, 58, 59, 60]);
  });

  it("cannot be sent a line of its own making", async () => {
    const { clock, facts, follow } = setup();
    const client = follow();
    facts.add("a.b\ndata: forged\r\n");
    await clock.advance(0);
    expect(shortly(client)).toEqual(["1 a.b data: forged  "]);
  });
});

describe("a client that does not read", () => {
  it("is sent no more than it takes, and is dropped when it sleeps on", async () => {
    const { clock, facts, follow, places } = setup({ stallMs: 5_000, pingMs: 1_000 });
    const client = follow({}, 3);
    facts.add(...Array<string>(20).fill("a.b"));
    await clock.advance(4_999);
    expect(client.events.length).toBe(2);
    expect(client.text).not.toContain("ping");
    expect(client.destroyed).toBe(false);
    await clock.advance(1);
    expect(client.destroyed).toBe(true);
    expect(places.size).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it("goes on where it was when it reads in time", async () => {
    const { clock, facts, follow } = setup({ stallMs: 5_000 });
    const client = follow({}, 3);
    facts.add(...Array<string>(8).fill("a.b"));
    for (let round = 0; round < 5; round += 1) {
      await clock.advance(4_000);
      client.read();
    }
    await clock.advance(0);
    expect(idsOf(client)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(client.destroyed).toBe(false);
  });
});

describe("the streams of a server", () => {
  it("are limited in number, and a place is free again when a client leaves", () => {
    const { follow, places, clock } = setup({ maxClients: 2 });
    const first = follow();
    follow();
    expect(places.isFull).toBe(true);
    first.leave();
    expect(places.isFull).toBe(false);
    places.close();
    expect(places.size).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it("write nothing to a client that has left", async () => {
    const { clock, facts, follow, errors } = setup();
    const client = follow();
    facts.add("a.b");
    client.leave();
    facts.add("c.d");
    await clock.advance(60_000);
    expect(client.events).toEqual([]);
    expect(facts.listeners.size).toBe(0);
    expect(errors).toEqual([]);
  });

  it("end when the log cannot be read, and say so", async () => {
    const { clock, facts, follow, errors } = setup();
    const broken = new Error("the disk failed");
    const client = follow();
    facts.failWith(broken);
    facts.add("a.b");
    await clock.advance(0);
    expect(client.ended).toBe(true);
    expect(errors).toEqual([broken]);
  });
});

describe("a stream, in any history", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("add" as const), count: fc.integer({ min: 1, max: 70 }) }),
    fc.record({ kind: fc.constantFrom("read" as const, "turn" as const, "reconnect" as const) }),
  );

  it("gives every fact once and in order, across pauses and reconnections", async () => {
    const seen = { resumed: 0, paused: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40, size: "max" }), async (steps) => {
        const { clock, facts, follow } = setup();
        const got: number[] = [];
        let client = follow({ lastId: 0 }, 30);
        const takeOver = (): void => {
          got.push(...idsOf(client));
          client.leave();
        };
        for (const each of steps) {
          if (each.kind === "add") facts.add(...Array<string>(each.count).fill("a.b"));
          if (each.kind === "turn") await clock.advance(10);
          if (client.writableNeedDrain) seen.paused += 1;
          if (each.kind === "read") client.read();
          if (each.kind === "reconnect") {
            takeOver();
            client = follow({ lastId: got.at(-1) ?? 0 }, 30);
            seen.resumed += 1;
          }
        }
        for (
          let round = 0;
          round < 200 && facts.lastId !== (idsOf(client).at(-1) ?? got.at(-1));
        ) {
          client.read();
          await clock.advance(1);
          round += 1;
        }
        takeOver();
        expect(got).toEqual(Array.from({ length: facts.lastId }, (_, index) => index + 1));
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 60 },
    );
    expect(seen.resumed).toBeGreaterThan(50);
    expect(seen.paused).toBeGreaterThan(50);
  });
});
