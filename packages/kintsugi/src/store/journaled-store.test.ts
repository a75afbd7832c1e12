import { describe, expect, it } from "vitest";

import { manualClock } from "../testing/index.ts";
import { memoryDisk } from "./memory-disk.ts";
import { memoryStore } from "./memory-store.ts";
import { type Change, type Fact, fact, insert, type Table } from "./port.ts";

interface Note {
  readonly id: number;
}

const notes: Table<Note> = {
  name: "notes",
  version: 1,
  key: ["id"],
  columns: { id: { type: "integer" } },
};

const note = (id: number): Change => insert(notes, { id });

function setup() {
  const clock = manualClock();
  const disk = memoryDisk();
  const store = memoryStore({ clock, disk, tables: [notes as never] });
  const states: string[] = [];
  store.onState(({ kind }) => void states.push(kind));
  const facts: Fact[] = [];
  store.facts.subscribe((one) => void facts.push(one));

  /** How each commit ended, by what it held; those that wait are not in it. */
  const ended: string[] = [];
  const commit = (name: string, ...changes: Change[]): void => {
    store.commit(changes).then(
      () => ended.push(name),
      (error: { readonly code: string }) => ended.push(`${name}: ${error.code}`),
    );
  };
  return { clock, disk, store, states, facts, ended, commit };
}

describe("commits of one turn", () => {
  it("end when that turn is over, and not before", async () => {
    const { clock, ended, commit } = setup();
    commit("a", note(1));
    commit("b", note(2));
    await Promise.resolve();
    expect(ended).toEqual([]);
    await clock.advance(0);
    expect(ended).toEqual(["a", "b"]);
    expect(clock.pending).toBe(0);
  });
});

describe("a disk that is full", () => {
  it("lets commits wait, and tries again each second", async () => {
    const { clock, disk, store, states, ended, commit } = setup();
    disk.condition = "full";
    commit("a", note(1));
    await clock.advance(0);
    expect(store.state).toEqual({ kind: "full", sinceMs: clock.epochMs() });
    commit("b", note(2));
    await clock.advance(5_000);
    expect(ended).toEqual([]);
    disk.condition = "well";
    await clock.advance(999);
    expect(ended).toEqual([]);
    await clock.advance(1);
    expect(ended).toEqual(["a", "b"]);
    expect(states).toEqual(["full", "open"]);
    expect(clock.pending).toBe(0);
  });

  it("is recorded as two facts, around what waited", async () => {
    const { clock, disk, facts, commit } = setup();
    disk.condition = "full";
    commit("a", fact("note.written", 1, {}));
    await clock.advance(500);
    disk.condition = "well";
    await clock.advance(500);
    expect(facts.map(({ type, payload }) => [type, payload])).toEqual([
      ["store.full", {}],
      ["note.written", {}],
      ["store.room", { fullMs: 1_000, factsDropped: 0 }],
    ]);
  });

  it("drops the oldest facts beyond a thousand, and says how many", async () => {
    const { clock, disk, facts, ended, commit } = setup();
    disk.condition = "full";
    commit("first", note(1));
    await clock.advance(0);
    for (let n = 1; n <= 1_003; n += 1) commit(`fact ${n}`, fact("number.drawn", n, { n }));
    await clock.advance(0);
    expect(ended).toEqual([1, 2, 3].map((n) => `fact ${n}: KINTSUGI_STORE_OVERLOADED`));
    disk.condition = "well";
    await clock.advance(1_000);
    expect(ended.slice(3, 6)).toEqual(["first", "fact 4", "fact 5"]);
    expect(facts).toHaveLength(1_002);
    expect(facts.at(-1)?.payload).toMatchObject({ factsDropped: 3 });

    disk.condition = "full";
    commit("last", note(2));
    await clock.advance(0);
    disk.condition = "well";
    await clock.advance(1_000);
    expect(facts.at(-1)?.payload).toMatchObject({ factsDropped: 0 });
  });

  it("turns away what is too much to wait, and nothing that is small enough", async () => {
    const { clock, disk, ended, commit } = setup();
    const many = Array.from({ length: 100_000 }, (_, id) => note(id));
    disk.condition = "full";
    commit("many", ...many);
    commit("one more", note(-1));
    await clock.advance(0);
    commit("another", note(-1));
    await clock.advance(2_000);
    const refused = ["one more", "another"].map((name) => `${name}: KINTSUGI_STORE_OVERLOADED`);
    expect(ended).toEqual(refused);
    disk.condition = "well";
    await clock.advance(1_000);
    commit("later", note(-1));
    await clock.advance(0);
    expect(ended.slice(2)).toEqual(["many", "later"]);
  });

  it("takes in as much as there is room for, in order", async () => {
    const { clock, disk, store, ended, commit } = setup();
    disk.condition = "full";
    disk.room = 3; // One of them for the fact that it is full.
    commit("a", note(1));
    commit("b", note(2));
    commit("c", note(3), note(4));
    commit("d", note(5));
    await clock.advance(0);
    expect(ended).toEqual(["a", "b"]);
    expect(store.state.kind).toBe("full");
    disk.room = 2;
    await clock.advance(1_000);
    expect(ended).toEqual(["a", "b", "c"]);
    disk.condition = "well";
    await clock.advance(1_000);
    expect(ended).toEqual(["a", "b", "c", "d"]);
  });

  it("gives up what waits when the store is closed", async () => {
    const { clock, disk, store, states, ended, commit } = setup();
    disk.condition = "full";
    commit("a", note(1));
    await clock.advance(2_000);
    await store.close();
    expect(ended).toEqual(["a: KINTSUGI_STORE_CLOSED"]);
    expect(states).toEqual(["full", "closed"]);
    expect(clock.pending).toBe(0);
  });

  it("takes its chance when the store is closed just as there is room again", async () => {
    const { clock, disk, store, ended, commit } = setup();
    disk.condition = "full";
    commit("a", note(1));
    await clock.advance(0);
    disk.condition = "well";
    await store.close();
    expect(ended).toEqual(["a"]);
  });

  it("leaves a store alone that a listener closes on hearing of it", async () => {
    const { clock, disk, store, ended, commit } = setup();
    store.onState(({ kind }) => {
      if (kind === "full") void store.close();
    });
    disk.condition = "full";
    commit("a", note(1));
    await clock.advance(5_000);
    expect(ended).toEqual(["a: KINTSUGI_STORE_CLOSED"]);
    expect(clock.pending).toBe(0);
  });
});

describe("a disk that fails", () => {
  it("ends the store: what waits is told, and nothing is tried again", async () => {
    const { clock, disk, store, states, ended, commit } = setup();
    disk.condition = "broken";
    commit("a", note(1));
    commit("b", note(2));
    await clock.advance(0);
    disk.condition = "well";
    commit("c", note(3));
    await clock.advance(60_000);
    expect(ended).toEqual(["c", "a", "b"].map((name) => `${name}: KINTSUGI_STORE_FAILED`).sort());
    expect(states).toEqual(["failed"]);
    await expect(store.get(notes, 1)).rejects.toMatchObject({ code: "KINTSUGI_STORE_FAILED" });
    await store.close();
    expect(store.state).toMatchObject({ kind: "failed" });
    expect(disk.tables.get("notes")?.rows.size).toBe(0);
  });

  it("ends a store whose disk was only full before", async () => {
    const { clock, disk, states, ended, commit } = setup();
    disk.condition = "full";
    commit("a", note(1));
    await clock.advance(0);
    disk.condition = "broken";
    await clock.advance(1_000);
    expect(ended).toEqual(["a: KINTSUGI_STORE_FAILED"]);
    expect(states).toEqual(["full", "failed"]);
    expect(clock.pending).toBe(0);
  });

  it("shows in a question as well", async () => {
    const { disk, store, states } = setup();
    memoryStore({ clock: manualClock(), disk });
    await expect(store.list(notes)).rejects.toMatchObject({ code: "KINTSUGI_STORE_FAILED" });
    expect(states).toEqual(["failed"]);
  });
});

describe("a store that is opened on the disk of another", () => {
  it("finds what was committed, and nothing that was queued", async () => {
    const { clock, disk, ended, commit } = setup();
    commit("a", note(1));
    await clock.advance(0);
    commit("b", note(2));
    const heir = memoryStore({ clock, disk });
    await clock.advance(0);
    expect(ended).toEqual(["a", "b: KINTSUGI_STORE_FAILED"]);
    expect(await heir.list(notes)).toEqual([{ id: 1 }]);
  });
});

describe("listeners", () => {
  it("are refused when they are a leak", () => {
    const { store } = setup();
    for (let n = 0; n < 999; n += 1) store.facts.subscribe(() => {});
    expect(() => store.facts.subscribe(() => {})).toThrow("at most 1000 listeners");
  });
});
