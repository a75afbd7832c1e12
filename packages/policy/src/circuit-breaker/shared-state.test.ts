import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  closeForAll,
  gaveBack,
  hasPlace,
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

/** Open for all until 1,000, in its fifth generation. */
const open: Open = {
  kind: "open",
  revision: 7,
  generation: 5,
  untilMs: 1_000,
  openings: 2,
  votes: [],
  trials: [],
  successes: 0,
  isolations: [],
};

describe("a vote", () => {
  const own = { node: "a", untilMs: 3_000, openings: 1 };

  it("says nothing new while the circuit is open for all, or when it is over", () => {
    expect(vote(own, 1)(open, 999)).toBe(open);
    expect(vote(own, 2)(untold, 3_000)).toBe(untold);
    expect(vote(own, 2)(untold, 2_999)).toMatchObject({ kind: "closed", votes: [own] });
  });

  it("that opens it again counts one opening more, or as many as the quorum has", () => {
    expect(vote(own, 1)(untold, 0)).toMatchObject({ kind: "open", openings: 1 });
    expect(vote(own, 1)(open, 1_000)).toMatchObject({ kind: "open", openings: 3 });
    const patient = { node: "b", untilMs: 3_000, openings: 6 };
    const voted = vote({ ...own, openings: 4 }, 2)(vote(patient, 2)(untold, 0), 0);
    expect(voted).toMatchObject({ kind: "open", openings: 4 });
  });
});

describe("what a trial has found", () => {
  const [mine, other] = [
    { node: "a", untilMs: 2_000 },
    { node: "b", untilMs: 2_500 },
  ];
  const leased: Open = { ...open, trials: [mine, other] };

  it("counts in the generation that it was made in, and in no other", () => {
    expect(succeeded("b", 5, 2)(leased, 1_500)).toMatchObject({ successes: 1, trials: [mine] });
    expect(succeeded("b", 4, 2)(leased, 1_500)).toBe(leased);
  });

  it("takes the vote of its node back, where it is closed, and changes nothing where there is none", () => {
    const voted = vote({ node: "a", untilMs: 3_000, openings: 1 }, 2)(untold, 0);
    expect(succeeded("a", 0, 1)(voted, 10)).toMatchObject({ kind: "closed", votes: [] });
    expect(succeeded("b", 0, 1)(voted, 10)).toBe(voted);
  });

  it("may be nothing: then its place is given back, and no other's", () => {
    expect(gaveBack("b", 5)(leased, 1_500)).toMatchObject({ trials: [mine] });
    expect(gaveBack("c", 5)(leased, 1_500)).toBe(leased);
    expect(gaveBack("b", 4)(leased, 1_500)).toBe(leased);
    expect(gaveBack("b", 0)(untold, 1_500)).toBe(untold);
  });

  it("leaves its place to another node when the lease is over, and nobody is told of it any more", () => {
    const terms = { node: "c", places: 2, leaseMs: 100 };
    expect(lease(terms)(leased, 1_999)).toBe(leased);
    const next = { node: "c", untilMs: 2_100 };
    expect(lease(terms)(leased, 2_000)).toMatchObject({ trials: [other, next] });
    expect(hasPlace(leased, 2, 1_999)).toBe(false);
    expect(hasPlace(leased, 2, 2_000)).toBe(true);
    expect(hasPlace(untold, 1, 0)).toBe(true);
  });
});

describe("a release", () => {
  it("changes nothing where its node holds nothing", () => {
    const held = isolate({ node: "a", untilMs: 2_000 })(untold, 0);
    expect(release("b")(held, 10)).toBe(held);
    expect(release("a")(held, 10)).toMatchObject({ isolations: [] });
  });
});

describe("a record that a store has lost", () => {
  it("is followed by numbers that nobody has seen, as the time is ahead of all that were used", () => {
    const nowMs = 1_767_225_600_000;
    const own = { node: "a", untilMs: nowMs + 9, openings: 1 };
    const first = revised(vote(own, 1)(untold, nowMs), nowMs);
    const anew = revised(closeForAll(untold, nowMs + 50), nowMs + 50);
    expect(anew.revision).toBeGreaterThan(first.revision);
    expect(anew.generation).toBeGreaterThan(first.generation);
  });
});

describe("a record from a store", () => {
  it.each([
    undefined,
    null,
    7,
    "closed",
    {},
    { ...untold, kind: "ajar" },
    { ...untold, kind: "open" },
    { ...open, kind: "ajar" },
    { ...open, untilMs: null },
    { ...open, successes: undefined },
    { ...open, trials: "none" },
    { ...open, trials: [{ node: "a" }] },
    { ...untold, votes: "none" },
    { ...untold, votes: [{ node: 1, untilMs: 2 }] },
    { ...untold, isolations: [null] },
    { ...untold, revision: "1" },
  ])("is none when it is %j", (value) => {
    expect(sharedFrom(value)).toBeUndefined();
  });
});
