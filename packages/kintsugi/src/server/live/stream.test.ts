import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { manualClock } from "../../testing/index.ts";
import { type FakeClient, fakeClient } from "../fixtures/fake-client.ts";
import { fakeLog } from "../fixtures/fake-log.ts";
import { fakeRuntime } from "../fixtures/running-server.ts";
import { StreamPlaces } from "../stream-line.ts";
import { applyDelta, applySnapshot } from "./apply.ts";
import { Board } from "./board.ts";
import { LiveStreams } from "./stream.ts";
import type { LiveDelta, LiveSnapshot } from "./views.ts";

function setup(firstId = 1) {
  const clock = manualClock();
  const facts = fakeLog(firstId);
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  let beats = 0;
  const base = fakeRuntime([]);
  const trust = async () => [{ component: "web", mean: beats, lower: 0, observations: 1 }];
  const runtime = { ...base, trust, clock, facts };
  const board = new Board({ runtime, onError });
  const places = new StreamPlaces(64);
  const streams = new LiveStreams({ facts, clock, onError, board, places, stallMs: 5_000 });
  const follow = (lastId?: number, patience?: number): FakeClient => {
    const client = fakeClient(patience);
    streams.open(client, lastId);
    return client;
  };
  const beat = (): void => {
    beats += 1;
  };
  const add = (count: number): void => {
    facts.add(...Array<string>(count).fill("a.b"));
  };
  return { clock, facts, follow, places, errors, beat, add };
}

const bodies = (client: FakeClient): readonly (LiveSnapshot & LiveDelta)[] =>
  client.events.map(({ data }) => JSON.parse(data));

const idsOf = (client: FakeClient): readonly number[] =>
  bodies(client).flatMap(({ facts }) => facts?.map(({ id }) => id) ?? []);

const kinds = (client: FakeClient): readonly string[] =>
  client.events.map(({ type, id }) => `${type} ${id}`);

const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** What a page shows that took in all of it, from `before` on. */
const screenOf = (client: FakeClient, before?: LiveSnapshot): LiveSnapshot | undefined =>
  client.events.reduce<LiveSnapshot | undefined>((screen, { type, data }) => {
    const body = JSON.parse(data);
    if (type === "snapshot") return applySnapshot(screen, body);
    return screen && applyDelta(screen, body);
  }, before);

describe("a client of the live feed", () => {
  it("gets a snapshot with the newest facts, then what changes", async () => {
    const { clock, follow, add, beat } = setup();
    add(150);
    const client = follow();
    await clock.advance(50);
    expect(kinds(client)).toEqual(["snapshot 150"]);
    expect(idsOf(client)).toEqual(range(51, 150));
    expect(bodies(client)[0]).toMatchObject({ v: 1, isGap: false, program: { name: "app" } });
    add(1);
    beat();
    await clock.advance(100);
    expect(kinds(client)).toEqual(["snapshot 150", "delta 151"]);
    expect(bodies(client)[1]?.rows).toEqual({
      trust: { put: [{ component: "web", mean: 1, lower: 0, observations: 1 }] },
    });
  });

  it("hears nothing while nothing changes, beside a sign of life", async () => {
    const { clock, follow } = setup();
    const client = follow();
    await clock.advance(45_000);
    expect(kinds(client)).toEqual(["snapshot 0"]);
    expect(client.text.match(/^: ping$/gm)?.length).toBe(3);
  });

  it("gets what it missed, and nothing twice", async () => {
    const { clock, follow, add } = setup();
    add(400);
    const client = follow(10);
    await clock.advance(50);
    expect(idsOf(client)).toEqual(range(11, 400));
    expect(bodies(client)[0]?.isGap).toBe(false);
    const upToDate = follow(400);
    await clock.advance(50);
    expect(kinds(upToDate)).toEqual(["snapshot 400"]);
    expect(idsOf(upToDate)).toEqual([]);
  });

  it.each([
    ["missed too much", 10, 700],
    ["comes from another log", 900, 700],
    ["knows only what was dropped", 40, 700],
  ])("is told of a gap when it %s", async (_, lastId, last) => {
    const { clock, facts, follow, add } = setup();
    add(last);
    facts.forgetBefore(100);
    const client = follow(lastId);
    await clock.advance(50);
    expect(bodies(client)[0]?.isGap).toBe(true);
    expect(idsOf(client)).toEqual(range(last - 499, last));
  });

  it("is told of a gap when the log lets go of facts that it is about to read", async () => {
    const { clock, facts, follow, add } = setup();
    add(30);
    const after = facts.after;
    facts.after = async (...asked) => {
      facts.forgetBefore(facts.lastId - 4);
      return after(...asked);
    };
    const client = follow(10);
    await clock.advance(100);
    add(20);
    await clock.advance(100);
    expect(bodies(client).map(({ isGap }) => isGap)).toEqual([true, true]);
    expect(idsOf(client)).toEqual([...range(26, 30), ...range(46, 50)]);
  });

  it("gets large facts in several messages", async () => {
    const { clock, facts, follow } = setup();
    const newcomer = follow();
    await clock.advance(50);
    for (let count = 0; count < 20; count += 1) facts.addLarge(100_000);
    await clock.advance(500);
    const client = follow(0);
    await clock.advance(0);
    expect(idsOf(client)).toEqual(range(1, 20));
    expect(idsOf(newcomer)).toEqual(range(1, 20));
    expect(client.events.length).toBe(4);
    const longest = Math.max(...client.events.map(({ data }) => data.length));
    expect(longest).toBeLessThan(600_000);
    const late = follow();
    await clock.advance(200);
    expect(idsOf(late)).toEqual(range(16, 20));
  });

  it("gets at most 200 facts in a delta, and the others at once behind it", async () => {
    const { clock, follow, add } = setup();
    const client = follow();
    await clock.advance(200);
    add(450);
    await clock.advance(0);
    expect(kinds(client)).toEqual(["snapshot 0", "delta 200", "delta 400", "delta 450"]);
  });
});

describe("a client of the live feed that does not read", () => {
  it("is dropped when it sleeps on, and the board rests", async () => {
    const { clock, facts, follow, add, places } = setup();
    const client = follow(undefined, 2);
    await clock.advance(200);
    add(1);
    await clock.advance(4_800);
    expect(kinds(client)).toEqual(["snapshot 0"]);
    await clock.advance(1_000);
    expect([client.destroyed, places.size, clock.pending]).toEqual([true, 0, 0]);
    expect(facts.listeners.size).toBe(0);
  });

  it("skips what the board showed between, and no fact", async () => {
    const { clock, follow, add, beat } = setup();
    const client = follow(undefined, 2);
    for (let count = 0; count < 30; count += 1) {
      add(3);
      beat();
      await clock.advance(100);
    }
    client.read();
    await clock.advance(0);
    expect(kinds(client)).toEqual(["snapshot 3", "delta 90"]);
    expect(screenOf(client)?.trust[0]?.mean).toBe(30);
    expect(idsOf(client)).toEqual(range(1, 90));
  });

  it("gets a new snapshot when the log has let go of what it was not told", async () => {
    const { clock, facts, follow, add } = setup();
    const client = follow(undefined, 2);
    add(10);
    await clock.advance(100);
    add(10);
    facts.forgetBefore(16);
    client.read();
    await clock.advance(100);
    expect(kinds(client)).toEqual(["snapshot 10", "snapshot 20"]);
    expect(bodies(client)[1]?.isGap).toBe(true);
    expect(screenOf(client)?.facts.map(({ id }) => id)).toEqual(range(16, 20));
  });
});

describe("live feeds of a server", () => {
  it("hear that the program is stopped on purpose, and of no other end", async () => {
    const { clock, follow, add, places } = setup();
    add(3);
    const told = follow();
    await clock.advance(50);
    places.sayStop();
    places.close();
    expect(kinds(told)).toEqual(["snapshot 3", "delta 3"]);
    expect(bodies(told).at(-1)).toMatchObject({ isStopping: true });
    const untold = follow();
    await clock.advance(50);
    places.close();
    expect(kinds(untold)).toEqual(["snapshot 3"]);
  });

  it("end when the server closes, and when the log cannot be read", async () => {
    const { clock, facts, follow, add, places, errors } = setup();
    const client = follow();
    await clock.advance(50);
    places.close();
    expect([client.ended, clock.pending]).toEqual([true, 0]);
    const broken = new Error("the disk failed");
    const other = follow();
    await clock.advance(50);
    facts.failWith(broken);
    add(1);
    await clock.advance(200);
    expect([other.ended, errors]).toEqual([true, [broken]]);
  });
});

describe("a live feed, in any history", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("add" as const), count: fc.integer({ min: 1, max: 90 }) }),
    fc.record({ kind: fc.constant("turn" as const), count: fc.integer({ min: 1, max: 150 }) }),
    fc.record({ kind: fc.constantFrom("read" as const, "reconnect" as const) }),
  );

  it("tells every fact once and in order, and ends with what the board shows", async () => {
    const seen = { resumed: 0, paused: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40, size: "max" }), async (steps) => {
        const { clock, facts, follow, beat, add, places } = setup();
        const got: number[] = [];
        let screen: LiveSnapshot | undefined;
        let client = follow(0, 3);
        let lastId = 0;
        const takeOver = (): void => {
          got.push(...idsOf(client));
          screen = screenOf(client, screen);
          lastId = Number(client.events.at(-1)?.id ?? lastId);
          client.leave();
        };
        for (const each of steps) {
          beat();
          if (each.kind === "add") add(each.count);
          if (each.kind === "turn") await clock.advance(each.count);
          if (client.writableNeedDrain) seen.paused += 1;
          if (each.kind === "read") client.read();
          if (each.kind === "reconnect") {
            takeOver();
            client = follow(lastId, 3);
            seen.resumed += 1;
          }
          // More than a client may have missed would be a gap.
          if (facts.lastId - Number(client.events.at(-1)?.id ?? lastId) > 400) {
            client.read();
            await clock.advance(200);
          }
        }
        for (let round = 0; round < 5; round += 1) {
          client.read();
          await clock.advance(1_000);
        }
        takeOver();
        expect(got).toEqual(range(1, facts.lastId));
        const kept = range(Math.max(1, facts.lastId - 999), facts.lastId);
        expect(screen?.facts.map(({ id }) => id)).toEqual(kept);
        expect(screen?.trust[0]?.mean).toBe(steps.length);
        expect([clock.pending, places.size]).toEqual([0, 0]);
      }),
      { numRuns: 60 },
    );
    expect(Math.min(seen.resumed, seen.paused)).toBeGreaterThan(50);
  });
});
