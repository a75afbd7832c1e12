import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { Series } from "../../observe/index.ts";
import type { CallView } from "../runtime-port.ts";
import { applyDelta } from "./apply.ts";
import {
  type BoardState,
  type BoardViews,
  deltaSince,
  emptyBoard,
  snapshotOf,
  update,
} from "./board-state.ts";
import type { LiveProgram, LiveSnapshot } from "./views.ts";

const program = { name: "app" } as LiveProgram;

const call = (name: string, succeeded = 0): CallView => ({
  name,
  succeeded,
  failed: 0,
  retried: 0,
  circuit: "closed",
  circuitRetryAtMs: null,
  fallbacks: 0,
});

const series = (startMs: number, calls: readonly number[]): Series => {
  const zeros = calls.map(() => 0);
  return {
    startMs,
    everyMs: 1_000,
    calls,
    failed: zeros,
    retries: zeros,
    p95Ms: zeros,
    steps: zeros,
  };
};

const after = (...views: readonly BoardViews[]): BoardState =>
  views.reduce<BoardState>(update, emptyBoard);

const told = { atMs: 0, facts: [], isGap: false };

const shown = (state: BoardState): LiveSnapshot => {
  const snapshot = snapshotOf(state, told);
  if (!snapshot) throw new Error("There is no program");
  return snapshot;
};

/** Brings a client up to date as a stream does. */
const follow = (client: LiveSnapshot, version: number, state: BoardState): LiveSnapshot => {
  const delta = deltaSince(state, version);
  return delta ? applyDelta(client, { atMs: 0, ...delta }) : client;
};

describe("the board", () => {
  it("has no snapshot before the program is known", () => {
    expect(snapshotOf(after({ calls: [call("a")] }), told)).toBeUndefined();
  });

  it("is the same one after a look that saw nothing new", () => {
    const state = after({ program, calls: [call("a"), call("b")], series: series(0, [1, 2]) });
    const again = {
      program: { ...program },
      calls: [call("a"), call("b")],
      series: series(0, [1, 2]),
    };
    expect(update(state, again)).toBe(state);
    expect(deltaSince(state, state.version)).toBeUndefined();
  });

  it("keeps what could not be read", () => {
    const state = after({ program, calls: [call("a")] }, { program, calls: undefined });
    expect(shown(state).calls).toEqual([call("a")]);
  });

  it("tells the rows that changed, and no others", () => {
    const first = after({ program, calls: [call("a"), call("b")] });
    const state = update(first, { calls: [call("a"), call("b", 1)] });
    expect(deltaSince(state, first.version)).toEqual({ rows: { calls: { put: [call("b", 1)] } } });
  });

  it("tells what is gone by its key alone", () => {
    const first = after({ program, calls: [call("a"), call("b"), call("c")] });
    const state = update(first, { calls: [call("a"), call("c")] });
    expect(deltaSince(state, first.version)).toEqual({ rows: { calls: { gone: ["b"] } } });
    const later = update(state, { calls: [call("a", 1), call("c")] });
    expect(deltaSince(later, state.version)).toEqual({ rows: { calls: { put: [call("a", 1)] } } });
  });

  it("tells the order where a row came", () => {
    const first = after({ program, calls: [call("a")] });
    const state = update(first, { calls: [call("b"), call("a")] });
    expect(deltaSince(state, first.version)).toEqual({
      rows: { calls: { put: [call("b")], order: ["b", "a"] } },
    });
  });

  it("tells who slept for longer than it remembers what is left", () => {
    const calls = Array.from({ length: 300 }, (_, index) => call(`c${index}`));
    let state = after({ program, calls });
    const version = state.version;
    for (let count = 1; count <= 250; count += 1)
      state = update(state, { calls: calls.slice(count) });
    const order = calls.slice(250).map(({ name }) => name);
    expect(deltaSince(state, version)?.rows).toEqual({ calls: { order } });
    expect(deltaSince(state, version + 50)?.rows?.calls?.gone?.length).toBe(200);
    expect(state.lists.calls.gone.length).toBe(200);
  });

  it("tells the values of a series from the oldest that changed", () => {
    const first = after({ program, series: series(1_000, [1, 2, 3]) });
    const state = update(first, { series: series(2_000, [2, 4, 5]) });
    expect(deltaSince(state, first.version)).toEqual({ series: series(3_000, [4, 5]) });
  });
});

describe("a client of the board, at any pace", () => {
  const view = fc.record({
    calls: fc.option(
      fc.uniqueArray(fc.record({ name: fc.constantFrom(..."abcdefgh"), count: fc.nat(2) }), {
        selector: ({ name }) => name,
        maxLength: 8,
        size: "max",
      }),
      { nil: undefined },
    ),
    health: fc.constantFrom("healthy", "failed"),
    seconds: fc.integer({ min: 0, max: 3 }),
    newest: fc.nat(3),
    readers: fc.subarray([0, 1, 2]),
  });

  it("ends with exactly what the board shows, in order", () => {
    const seen = { order: 0, gone: 0, skipped: 0 };
    fc.assert(
      fc.property(fc.array(view, { minLength: 1, maxLength: 60, size: "max" }), (looks) => {
        let state = after({ program, series: series(0, [0]) });
        let values: readonly number[] = [0];
        const clients = [0, 1, 2].map(() => ({ screen: shown(state), version: state.version }));
        const read = (client: (typeof clients)[number]): void => {
          const delta = deltaSince(state, client.version);
          seen.order += delta?.rows?.calls?.order ? 1 : 0;
          seen.gone += delta?.rows?.calls?.gone ? 1 : 0;
          seen.skipped += state.version - client.version > 1 ? 1 : 0;
          client.screen = follow(client.screen, client.version, state);
          client.version = state.version;
        };
        for (const { calls, health, seconds, newest, readers } of looks) {
          values = [...values, ...Array<number>(seconds).fill(0)].with(-1, newest);
          const window = Math.max(0, values.length - 20);
          state = update(state, {
            calls: calls?.map(({ name, count }) => call(name, count)),
            program: { ...program, version: health },
            series: series(window * 1_000, values.slice(window)),
          });
          for (const reader of readers) read(clients[reader] as (typeof clients)[number]);
        }
        for (const client of clients) {
          read(client);
          const { series: drawn, ...screen } = client.screen;
          const { series: shownSeries, ...board } = shown(state);
          expect(screen).toEqual(board);
          expect(drawn.calls.slice(-shownSeries.calls.length)).toEqual(shownSeries.calls);
        }
      }),
      { numRuns: 300 },
    );
    expect(Math.min(seen.order, seen.gone, seen.skipped)).toBeGreaterThan(100);
  });
});
