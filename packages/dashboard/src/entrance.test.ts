import { manualClock } from "kintsugi/testing";
import { describe, expect, it } from "vitest";

import type { Fetch } from "./browser.ts";
import { entrance } from "./entrance.ts";

/** A tab, and a server that gives a session for each code but `"old"` while it is there. */
function setup() {
  const clock = manualClock();
  const kept = new Map<string, string>();
  const server = { isThere: true };
  const told: string[] = [];
  const fetch: Fetch = async (_, { body }) => {
    if (!server.isThere) throw new Error("ECONNREFUSED");
    const { code } = JSON.parse(String(body));
    return code === "old"
      ? Response.json({}, { status: 401 })
      : Response.json({ token: `session of ${code}` }, { status: 201 });
  };
  const way = entrance({
    fetch,
    clock,
    shelf: {
      get: (key) => kept.get(key) ?? null,
      set: (key, value) => void (value === null ? kept.delete(key) : kept.set(key, value)),
    },
    follow(token, lastId) {
      told.push(`follows ${token} after ${lastId}`);
      return {
        lastId: 7,
        nudge: () => told.push("nudged"),
        close: () => told.push(`left ${token}`),
      };
    },
    onLost: () => told.push("lost"),
    onLocked: (why) => told.push(why),
  });
  const open = async (code: string): Promise<void> => {
    way.open(`#code=${code}`, () => {});
    await clock.advance(0);
  };
  return { way, open, told, clock, server };
}

describe("a tab that is open already", () => {
  it("takes a new code for the old connection, and says that it is not live until it is", async () => {
    const { open, told } = setup();
    await open("a");
    await open("b");
    expect(told).toEqual([
      "follows session of a after undefined",
      "left session of a",
      "lost",
      "follows session of b after 7",
    ]);
  });

  it("stays at its connection while nobody answers to a new code, and when that is refused", async () => {
    const { open, told, server, clock } = setup();
    await open("a");
    server.isThere = false;
    await open("b");
    await clock.advance(5_000);
    expect(told).toEqual(["follows session of a after undefined"]);
    await open("old");
    server.isThere = true;
    await clock.advance(500);
    expect(told.slice(1)).toEqual(["nudged"]);
  });

  it("follows once when two codes come at once", async () => {
    const { way, open, told } = setup();
    way.open("#code=a", () => {});
    await open("b");
    expect(told).toEqual(["follows session of b after undefined"]);
  });

  it("is locked when its session is refused, and opens anew with a code", async () => {
    const { way, open, told } = setup();
    await open("a");
    way.refuse();
    await open("b");
    expect(told.slice(1)).toEqual(["session-over", "follows session of b after undefined"]);
  });
});

describe("a tab that was never open", () => {
  it("is locked by a code that is refused", async () => {
    const { open, told } = setup();
    await open("old");
    expect(told).toEqual(["old-code"]);
  });

  it("brings its code until somebody answers", async () => {
    const { open, told, server, clock } = setup();
    server.isThere = false;
    await open("a");
    await clock.advance(1_000);
    server.isThere = true;
    await clock.advance(500);
    expect(told).toEqual(["follows session of a after undefined"]);
  });
});
