import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { Line, Place } from "./line.ts";
import { join, type LineState, left, next, type Standing, served, waiting } from "./line-state.ts";

class Numbered extends Place {
  readonly id: number;
  constructor(id: number) {
    super();
    this.id = id;
  }
}

/** The order in which all who join at once are served. */
function order(standings: readonly Standing[]): readonly number[] {
  const ids: number[] = [];
  let state = standings.reduce<LineState>(join, {});
  for (let id = next(state); id !== undefined; id = next(state)) {
    ids.push(id);
    state = served(state);
  }
  return ids;
}

const stand = (id: number, rest: Partial<Standing> = {}): Standing => ({
  id,
  priority: 0,
  key: "",
  weight: 1,
  ...rest,
});

describe("those who wait", () => {
  it("are served as they came, where nothing tells them apart", () => {
    expect(order([stand(1), stand(2), stand(3)])).toEqual([1, 2, 3]);
  });

  it("are served by priority first", () => {
    const line = [stand(1), stand(2, { priority: 3 }), stand(3, { priority: 9 }), stand(4)];
    expect(order(line)).toEqual([3, 2, 1, 4]);
  });

  it("take turns by key: one who sends many does not hold up one who sends few", () => {
    const many = [1, 2, 3, 4].map((id) => stand(id, { key: "many" }));
    expect(order([...many, stand(5, { key: "few" }), stand(6, { key: "one" })])).toEqual([
      1, 5, 6, 2, 3, 4,
    ]);
  });

  it("have as many turns in a row as their key has weight", () => {
    const heavy = [1, 2, 3, 4].map((id) => stand(id, { key: "heavy", weight: 2 }));
    const light = [5, 6].map((id) => stand(id, { key: "light" }));
    expect(order([...heavy, ...light])).toEqual([1, 2, 5, 3, 4, 6]);
  });
});

describe("a line, in any history", () => {
  const action = fc.oneof(
    { weight: 4, arbitrary: fc.constant("join" as const) },
    { weight: 3, arbitrary: fc.constant("serve" as const) },
    { weight: 1, arbitrary: fc.constant("leave" as const) },
  );
  const step = fc.record({
    action,
    priority: fc.constantFrom(0, 0, 1, 9),
    key: fc.constantFrom("a", "b", "c"),
    weight: fc.integer({ min: 1, max: 3 }),
    which: fc.nat(),
  });

  it("serves in the order of the rule, and leaving costs nobody else a place", () => {
    const taken = new Set<string>();
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: "max" }), (steps) => {
        const line = new Line<Numbered>();
        const standing = new Map<number, Numbered>();
        let state: LineState = {};
        for (const [id, { action, which, ...claim }] of steps.entries()) {
          const ids = waiting(state);
          if (action === "join") {
            const place = new Numbered(id);
            standing.set(id, place);
            line.join(place, claim);
            state = join(state, { id, ...claim });
          } else if (action === "serve") {
            expect(line.serve()?.id).toBe(next(state));
            state = served(state);
          } else {
            const gone = ids[which % Math.max(ids.length, 1)];
            const place = standing.get(gone ?? -1);
            if (place) {
              line.leave(place);
              line.leave(place);
            }
            if (gone !== undefined) state = left(state, gone);
          }
          if (ids.length > 0) taken.add(action);
          expect(line.first?.id).toBe(next(state));
          expect(line.size).toBe(waiting(state).length);
        }
      }),
    );
    expect([...taken].sort()).toEqual(["join", "leave", "serve"]);
  });
});
