import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  closeForAll,
  gaveBack,
  isolate,
  lease,
  release,
  revised,
  type SharedCircuit,
  sharedFrom,
  succeeded,
  untold,
  vote,
} from "./shared-state.ts";

const nodes = ["a", "b", "c", "d"] as const;
const actions = ["vote", "lease", "success", "give back", "isolate", "release", "reset"] as const;

interface Step {
  readonly action: (typeof actions)[number];
  readonly node: (typeof nodes)[number];
  readonly waitMs: number;
  readonly forMs: number;
  readonly isStale: boolean;
}

interface Rules {
  readonly quorum: number;
  readonly places: number;
}

function changed(
  record: SharedCircuit,
  { action, node, forMs, isStale }: Step,
  { quorum, places }: Rules,
  nowMs: number,
): SharedCircuit {
  const generation = isStale ? record.generation - 1 : record.generation;
  const untilMs = nowMs + forMs;
  switch (action) {
    case "vote":
      return vote({ node, untilMs, openings: 1 }, quorum)(record, nowMs);
    case "lease":
      return lease({ node, places, leaseMs: forMs })(record, nowMs);
    case "success":
      return succeeded(node, generation, places)(record, nowMs);
    case "give back":
      return gaveBack(node, generation)(record, nowMs);
    case "isolate":
      return isolate({ node, untilMs })(record, nowMs);
    case "release":
      return release(node)(record, nowMs);
    case "reset":
      return closeForAll(record, nowMs);
  }
}

const unlike = (record: SharedCircuit): SharedCircuit => ({ ...record, revision: 0 });

describe("the record of a circuit, in any history of its nodes", () => {
  const step: fc.Arbitrary<Step> = fc.record({
    action: fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom<Step["action"]>("vote", "lease", "success") },
      { weight: 1, arbitrary: fc.constantFrom(...actions) },
    ),
    node: fc.constantFrom(...nodes),
    waitMs: fc.integer({ min: 0, max: 40 }),
    forMs: fc.integer({ min: 1, max: 100 }),
    isStale: fc.boolean(),
  });
  const rules = fc.record({
    quorum: fc.integer({ min: 1, max: 3 }),
    places: fc.integer({ min: 1, max: 3 }),
  });

  it("opens by a quorum alone, leases no more than it has, and is numbered for ever upwards", () => {
    const arrows = new Set<string>();
    fc.assert(
      fc.property(rules, fc.array(step, { maxLength: 200, size: "max" }), (given, steps) => {
        let record = untold;
        let nowMs = 1_000;
        let said = new Map<string, number>();
        for (const each of steps) {
          nowMs += each.waitMs;
          const before = record;
          const after = changed(before, each, given, nowMs);
          if (after === before) continue;
          record = revised(after, nowMs);
          expect(sharedFrom(JSON.parse(JSON.stringify(record)))).toEqual(record);
          expect(record.revision).toBeGreaterThan(before.revision);
          expect(record.generation).toBeGreaterThanOrEqual(before.generation);
          const isNew = record.generation > before.generation;
          if (isNew) arrows.add(`${before.kind} > ${record.kind} by ${each.action}`);
          else expect(record.kind).toBe(before.kind);
          if (each.action === "vote") said.set(each.node, nowMs + each.forMs);
          if (each.action === "success") said.delete(each.node);
          if (isNew && record.kind === "open") {
            const living = [...said.values()].filter((untilMs) => nowMs < untilMs);
            expect(living.length).toBeGreaterThanOrEqual(given.quorum);
            const agreeing = living.filter((untilMs) => untilMs >= (record as Open).untilMs);
            expect(agreeing.length).toBeGreaterThanOrEqual(given.quorum);
            expect(record).toMatchObject({ votes: [], trials: [], successes: 0 });
            said = new Map();
          }
          if (each.action === "vote" && record.kind === "open") {
            expect(record.trials.filter(({ node }) => node === each.node)).toEqual([]);
          }
          if (each.action === "reset") said = new Map();
          if (record.kind === "open") {
            const out = record.trials.filter(({ untilMs }) => nowMs < untilMs).length;
            if (each.action === "lease") {
              expect(out + record.successes).toBeLessThanOrEqual(given.places);
              expect(nowMs).toBeGreaterThanOrEqual(record.untilMs);
            }
            expect(record.successes).toBeLessThan(given.places);
          }
          const isDeed = each.action === "isolate" || each.action === "release";
          if (!isDeed) expect(record.isolations).toEqual(before.isolations);
          else
            expect(unlike({ ...record, isolations: [] })).toEqual(
              unlike({ ...before, isolations: [] }),
            );
        }
      }),
      { numRuns: 300 },
    );
    expect([...arrows].sort()).toEqual([
      "closed > closed by reset",
      "closed > open by vote",
      "open > closed by reset",
      "open > closed by success",
      "open > open by vote",
    ]);
  });
});

type Open = Extract<SharedCircuit, { kind: "open" }>;

describe("a record from a store", () => {
  it.each([
    undefined,
    null,
    7,
    "closed",
    {},
    { ...untold, kind: "ajar" },
    { ...untold, kind: "open" },
    { ...untold, votes: [{ node: 1, untilMs: 2 }] },
    { ...untold, isolations: [null] },
    { ...untold, revision: "1" },
  ])("is none when it is %j", (value) => {
    expect(sharedFrom(value)).toBeUndefined();
  });
});
