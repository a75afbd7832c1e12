import { describe, expect, it, vi } from "vitest";

import { manualClock, simulatedWorld } from "../../testing/index.ts";
import { Checkpoints, type CheckpointsOptions } from "./checkpoints.ts";
import { fileCheckpoints } from "./file-checkpoints.ts";

function setup(id = "crawl", options: Partial<CheckpointsOptions> = {}) {
  const clock = manualClock();
  const { files } = simulatedWorld({ seed: 1 }).host();
  const store = fileCheckpoints({ folder: "/states", files });
  const report = vi.fn();
  const make = (name = id) =>
    new Checkpoints({ id: name, store, clock, report, maxCheckpoints: () => 3, ...options });
  const state = async () => (await make().load())?.state;
  return { clock, files, store, report, make, state };
}

describe("a state that was saved", () => {
  it("is the one that is loaded, by whoever asks for its id", async () => {
    const { make, state } = setup();
    await expect(state()).resolves.toBeUndefined();
    await expect(make().save({ page: 1, seen: new Set(["a"]) })).resolves.toBe(1);
    await expect(make().save({ page: 2, at: new Date(5) })).resolves.toBe(2);
    await expect(state()).resolves.toEqual({ page: 2, at: new Date(5) });
    await expect(make("other").load()).resolves.toBeUndefined();
  });

  it("is the state as it was then, though the work goes on", async () => {
    const { make, state } = setup();
    const work = { page: 1 };
    const saving = make().save(work);
    work.page = 2;
    await saving;
    await expect(state()).resolves.toEqual({ page: 1 });
  });

  it("is refused where no text can carry it, and what was saved before stays", async () => {
    const { make, state } = setup();
    await make().save(1);
    const wrong = make().save({ done: () => 1 });
    await expect(wrong).rejects.toMatchObject({
      code: "KINTSUGI_UNRECORDABLE",
      message: expect.stringMatching(
        /^state\.done of checkpoint ".*" is a function, which cannot be recorded/,
      ),
    });
    await expect(state()).resolves.toBe(1);
  });

  it("is kept with a few before it, and listed with them", async () => {
    const { make, clock } = setup();
    const states = make();
    for (let page = 1; page <= 5; page += 1) {
      await states.save(page);
      await clock.advance(10);
    }
    const listed = await states.list();
    expect(listed.map(({ version }) => version)).toEqual([3, 4, 5]);
    expect(listed[0]).toEqual({
      kind: "state",
      id: "crawl",
      version: 3,
      savedAtMs: clock.epochMs() - 30,
      rolledBackTo: null,
    });
  });

  it.each([
    ["by one", false],
    ["by several for the same id", true],
  ])("is kept in the order in which it was asked for, %s, however quickly", async (_, several) => {
    const { make, state } = setup();
    const one = make();
    const saves = [1, 2, 3].map((page) => (several ? make() : one).save(page));
    await expect(Promise.all(saves)).resolves.toEqual([1, 2, 3]);
    await expect(state()).resolves.toBe(3);
  });

  it("does not wait for those of another id, and follows one that failed", async () => {
    const { make, store, state } = setup();
    const disk = Promise.withResolvers<void>();
    vi.spyOn(store, "versions").mockReturnValueOnce(disk.promise.then(() => []));
    const failing = make("other").save(1);
    const next = make("other").save(2);
    await make().save("at once");
    await expect(state()).resolves.toBe("at once");
    disk.reject(new Error("the disk is gone"));
    await expect(failing).rejects.toThrow("the disk is gone");
    await expect(next).resolves.toBe(1);
  });
});

describe("a state that is taken up again", () => {
  it("is a new version, and the next save stands on it", async () => {
    const { make, state } = setup();
    const states = make();
    await states.save("good");
    await states.save("bad");
    await expect(states.rollback(1)).resolves.toMatchObject({ state: "good" });
    await expect(state()).resolves.toBe("good");
    expect(await states.list()).toMatchObject([{}, {}, { version: 3, rolledBackTo: 1 }]);
  });

  it("must be there", async () => {
    const { make } = setup();
    await make().save(1);
    await expect(make().rollback(7)).rejects.toMatchObject({
      code: "KINTSUGI_CHECKPOINT_MISSING",
      message: '"crawl" has no checkpoint 7 that could be read; it has: 1',
    });
  });
});

describe("a state that another process saves as well", () => {
  /** Two stores on one folder: to each the other is another process. */
  const apart = () => {
    const { files, clock, report } = setup();
    const writer = () => {
      const store = fileCheckpoints({ folder: "/states", files });
      return new Checkpoints({ id: "crawl", store, clock, report, maxCheckpoints: () => 3 });
    };
    return { one: writer(), other: writer() };
  };

  it("is not lost to one who woke late: its save is refused, until it has loaded", async () => {
    const { one, other } = apart();
    await one.save("one");
    await other.load();
    await other.save("other");
    const late = { code: "KINTSUGI_CHECKPOINT_CONFLICT", knownVersion: 1, foundVersion: 2 };
    await expect(one.save("late")).rejects.toMatchObject({
      ...late,
      message:
        'Two save "crawl": its store has version 2 of somebody else, where version 1 was the last that ' +
        "this process knew. Let one of them save, after a load()",
    });
    await expect(one.rollback(1)).rejects.toMatchObject(late);
    await expect(one.load()).resolves.toMatchObject({ state: "other" });
    await expect(one.save("in turn")).resolves.toBe(3);
    await expect(other.save("late")).rejects.toMatchObject({ knownVersion: 2, foundVersion: 3 });
  });

  it("is taken over by one who comes anew", async () => {
    const { one, other } = apart();
    await one.save("one");
    await expect(other.save("other")).resolves.toBe(2);
  });

  it("keeps its count when another has emptied the store", async () => {
    const { one, other } = apart();
    await one.save("one");
    await other.clear();
    await expect(one.load()).resolves.toBeUndefined();
    await expect(one.save("again")).resolves.toBe(2);
    await other.clear();
    await expect(other.save("anew")).resolves.toBe(1);
  });
});

it("all states of an id can be forgotten, and no other's", async () => {
  const { make } = setup();
  await make().save(1);
  await make("other").save(2);
  await make().clear();
  await expect(make().load()).resolves.toBeUndefined();
  await expect(make("other").load()).resolves.toMatchObject({ state: 2 });
});

describe("a checkpoint that is damaged", () => {
  const file = "/states/crawl/0000000002.json";

  it.each([
    ["cut", (text: string) => text.slice(0, 40)],
    ["changed", (text: string) => text.replace("second", "secund")],
    ["of a newer program", (text: string) => text.replace('"format":1', '"format":2')],
    ["empty", () => ""],
  ])("because it is %s is told of, and the one before it counts", async (_, damage) => {
    const { make, files, report } = setup();
    await make().save("first");
    await make().save("second");
    files.writeAtomic(file, damage(files.read(file) ?? ""));
    await expect(make().load()).resolves.toMatchObject({ state: "first", version: 1 });
    expect(report.mock.calls[0]?.[0]).toMatchObject({ message: /^Checkpoint 2 of "crawl"/ });
    await expect(make().list()).resolves.toHaveLength(1);
    await expect(make().save("third")).resolves.toBe(3);
  });
});

describe("an id", () => {
  it.each(["..", ".", "a/b", "../../etc", "C:\\x", "é*?", "a".repeat(500), "%2E"])(
    "of %j has a folder of its own below the store's",
    async (id) => {
      const { make, files } = setup(id);
      await make().save(id);
      await expect(make().load()).resolves.toMatchObject({ state: id });
      expect(files.list("/states")).toEqual([]);
      expect(files.list("/")).toEqual([]);
    },
  );

  it("must not be empty", () => {
    const needs = "A checkpoint needs an id, a well-formed text that is not empty, got";
    expect(() => setup("").make()).toThrow(`${needs} an empty text`);
    expect(() => setup("a\ud800").make()).toThrow(`${needs} a text with half a letter in it`);
    expect(() => setup(5 as never).make()).toThrow(`${needs} 5`);
  });

  it.each([
    ["a".repeat(300), "a".repeat(301)],
    ["a.b", "a%2Eb"],
  ])("is not taken for another one", async (one, other) => {
    const { make } = setup();
    await make(one).save(1);
    await expect(make(other).load()).resolves.toBeUndefined();
  });
});

it("a state of a hundred megabytes is refused, and the one before it counts", async () => {
  const { make, state } = setup();
  await make().save("small");
  await expect(make().save("x".repeat(100 * 2 ** 20))).rejects.toThrow(
    /^The state of checkpoint "crawl" has 104,857,602 characters as text, and at most 16,776,192 can/,
  );
  await expect(state()).resolves.toBe("small");
});
