import type { LiveSnapshot } from "kintsugi/live";
import { describe, expect, it } from "vitest";

import { board, component, fact, NOON, program } from "./fixtures/boards.ts";
import { emptyPage, type PageInput, type PageState, pageState } from "./page-state.ts";

const after = (...inputs: readonly PageInput[]): PageState => inputs.reduce(pageState, emptyPage);
const snapshot = (changes: Partial<LiveSnapshot> = {}): PageInput => ({
  kind: "snapshot",
  id: 0,
  snapshot: board(changes),
});
const delta = (atMs: number, ...facts: readonly ReturnType<typeof fact>[]): PageInput => ({
  kind: "delta",
  id: 0,
  delta: { atMs, facts },
});
const ids = ({ board: known }: PageState): readonly number[] =>
  (known?.facts ?? []).map(({ id }) => id);

describe("a page", () => {
  it("is connecting until the first snapshot, then live", () => {
    expect(emptyPage.connection.kind).toBe("connecting");
    expect(after(snapshot()).connection.kind).toBe("live");
  });

  it("says since when what it shows is old, by the server's clock", () => {
    const state = after(snapshot(), delta(NOON + 3_000), { kind: "lost" });
    expect(state.connection).toEqual({ kind: "stale", sinceMs: NOON + 3_000 });
    expect(pageState(state, { kind: "lost" })).toBe(state);
  });

  it("knows an orderly stop from a crash, until a runtime answers again", () => {
    const stopping: PageInput = { kind: "delta", id: 0, delta: { atMs: NOON, isStopping: true } };
    expect(after(snapshot(), delta(NOON), { kind: "lost" }).wasStopped).toBe(false);
    expect(after(snapshot(), stopping, { kind: "lost" }).wasStopped).toBe(true);
    expect(after(snapshot(), stopping, { kind: "lost" }, snapshot()).wasStopped).toBe(false);
  });

  it("stays as it is when a connection is lost that never was", () => {
    expect(after({ kind: "lost" })).toBe(emptyPage);
  });

  it("forgets all that it knew when it is locked", () => {
    const state = after(snapshot({ facts: [fact(1, "run.started")] }), {
      kind: "locked",
      why: "session-over",
    });
    expect(state).toEqual({ ...emptyPage, connection: { kind: "locked", why: "session-over" } });
  });

  it("makes nothing of a delta before a snapshot", () => {
    expect(after(delta(NOON, fact(1, "run.started")))).toBe(emptyPage);
  });
});

describe("a page that is connected again", () => {
  const before = [
    snapshot({ facts: [fact(1, "run.started"), fact(2, "run.completed")] }),
    delta(NOON, fact(3, "run.started")),
    { kind: "lost" },
  ] as const;

  it("goes on with the facts after the last one, none twice", () => {
    const again = snapshot({ facts: [fact(4, "runtime.crashed"), fact(5, "runtime.started")] });
    const state = after(...before, again);
    expect(ids(state)).toEqual([1, 2, 3, 4, 5]);
    expect(state.gapBeforeId).toBeNull();
  });

  it("says where facts are missing", () => {
    const state = after(...before, snapshot({ isGap: true, facts: [fact(90, "run.started")] }));
    expect(state.gapBeforeId).toBe(90);
    expect(ids(state)).toEqual([90]);
  });

  it("begins anew with another data folder", () => {
    const other = program({ instance: "000000000000" });
    const state = after(...before, snapshot({ program: other, facts: [fact(1, "run.started")] }));
    expect(ids(state)).toEqual([1]);
  });
});

it("draws beats of what runs alone", () => {
  const components = [
    component({ lastBeatAtMs: NOON - 500 }),
    component({ name: "dead", phase: "gave-up" }),
  ];
  expect(after(snapshot({ components })).strips).toEqual({
    model: { second: NOON / 1_000, silences: [500] },
    dead: { second: NOON / 1_000, silences: [null] },
  });
});
