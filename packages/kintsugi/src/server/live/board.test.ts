import { describe, expect, it } from "vitest";

import { manualClock } from "../../testing/index.ts";
import type { RunFilter, RunView } from "../../workflow/index.ts";
import { fakeLog } from "../fixtures/fake-log.ts";
import { fakeRuntime } from "../fixtures/running-server.ts";
import type { RuntimeForServer } from "../runtime-port.ts";
import { Board } from "./board.ts";

function setup(changes: Partial<RuntimeForServer> = {}) {
  const clock = manualClock();
  const facts = fakeLog();
  const errors: unknown[] = [];
  /** When each look began, in milliseconds. */
  const looks: number[] = [];
  const base = fakeRuntime([]);
  const runtime: RuntimeForServer = {
    ...base,
    clock,
    facts,
    ...changes,
    status: async () => {
      looks.push(clock.monotonicMs());
      return (changes.status ?? base.status)();
    },
  };
  const board = new Board({ runtime, onError: (error) => errors.push(error) });
  return { board, clock, facts, errors, looks };
}

const ignore = (): void => {};

describe("the board while nobody watches", () => {
  it("looks at nothing", async () => {
    const { board, clock, facts, looks } = setup();
    facts.add("a.b");
    await clock.advance(10_000);
    expect(looks).toEqual([]);
    const leave = board.watch(ignore);
    await clock.advance(1_500);
    leave();
    facts.add("a.b");
    await clock.advance(10_000);
    expect(looks).toEqual([0, 1_000].map((ms) => ms + 10_000));
    expect([clock.pending, facts.listeners.size]).toEqual([0, 0]);
    expect(board.state.program).toBeUndefined();
  });

  it("takes no notice of a look that somebody who left had asked for", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { board, clock, looks } = setup({ trust: () => promise.then(() => []) });
    const leave = board.watch(ignore);
    await clock.advance(1);
    leave();
    let heard = 0;
    board.watch(() => {
      heard += 1;
    });
    await clock.advance(500);
    expect([looks, heard]).toEqual([[0], 0]);
    resolve();
    await clock.advance(501);
    expect(looks).toEqual([0, 1_002]);
    expect(heard).toBe(1);
  });
});

describe("the board while somebody watches", () => {
  it("looks once a second, and tells whoever watches", async () => {
    const { board, clock, looks } = setup();
    let heard = 0;
    board.watch(() => {
      heard += 1;
    });
    board.watch(ignore);
    await clock.advance(3_500);
    expect(looks).toEqual([0, 1_000, 2_000, 3_000]);
    expect(heard).toBe(4);
  });

  it("looks at once when something happens, then ten times a second while more does", async () => {
    const { board, clock, facts, looks } = setup();
    board.watch(ignore);
    await clock.advance(550);
    for (let ms = 0; ms < 290; ms += 10) {
      facts.add("a.b");
      await clock.advance(10);
    }
    expect(looks).toEqual([0, 550, 650, 750]);
    await clock.advance(1_200);
    expect(looks).toEqual([0, 550, 650, 750, 850, 1_850]);
  });

  it("sees a run that has ended as soon as a fact says so", async () => {
    const [digest] = await fakeRuntime([]).runs({});
    const ended = [digest as RunView];
    const runs = async ({ status }: RunFilter) => (status === "completed" ? [...ended] : []);
    const { board, clock, facts } = setup({ runs });
    board.watch(ignore);
    await clock.advance(500);
    ended.push({ ...(digest as RunView), id: "second" });
    facts.add("run.completed");
    await clock.advance(0);
    expect([...board.state.lists.runs.rows.keys()]).toEqual(["digest/1", "second"]);
  });

  it("never looks twice at once, and rests as long as a look took", async () => {
    const clock = manualClock();
    let atOnce = 0;
    let most = 0;
    const slow = async () => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      const { promise, resolve } = Promise.withResolvers<void>();
      clock.after(400, resolve);
      await promise;
      atOnce -= 1;
      return [];
    };
    const { board, facts, looks } = setup({ clock, trust: slow });
    const began: number[] = [];
    board.watch(() => began.push(clock.monotonicMs()));
    for (let ms = 0; ms < 2_000; ms += 50) {
      facts.add("a.b");
      await clock.advance(50);
    }
    expect(most).toBe(1);
    expect(began).toEqual([400, 1_200, 2_000]);
    expect(looks.length).toBe(3);
  });
});

describe("a view that cannot be read", () => {
  it("stays as it was, and is reported once until it can be read again", async () => {
    const broken = new Error("the disk failed");
    let failure: Error | undefined;
    let read = 0;
    const { board, clock, errors } = setup({
      trust: async () => {
        if (failure) throw failure;
        read += 1;
        return [{ component: "web", mean: read, lower: 0, observations: 1 }];
      },
    });
    board.watch(ignore);
    const shown = () => [...board.state.lists.trust.rows.values()].map(({ row }) => row);
    await clock.advance(500);
    failure = broken;
    await clock.advance(3_000);
    expect(errors).toEqual([broken]);
    expect(shown()).toMatchObject([{ mean: 1 }]);
    failure = undefined;
    await clock.advance(1_000);
    expect(shown()).toMatchObject([{ mean: 2 }]);
    failure = broken;
    await clock.advance(1_000);
    expect(errors.length).toBe(2);
  });

  it("leaves the others what they are", async () => {
    const { board, clock } = setup({
      components: () => {
        throw new Error("no");
      },
    });
    board.watch(ignore);
    await clock.advance(1);
    expect(board.state.program?.row.name).toBe("app");
    expect([...board.state.lists.runs.rows.keys()]).toEqual(["digest/1"]);
  });
});
