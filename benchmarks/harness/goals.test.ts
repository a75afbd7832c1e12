import { describe, expect, it } from "vitest";

import type { Figures } from "./figures.ts";
import { type Goal, goalsOf, goalTableOf } from "./goals.ts";
import type { ContestantResult, SectionResult } from "./result.ts";

function setup(figures: Readonly<Record<string, readonly Figures[]>>): readonly SectionResult[] {
  const contestants = Object.entries(figures).map(
    ([name, rounds]): ContestantResult => ({
      name,
      isPeer: name.startsWith("peer"),
      figures: {},
      ratios: {},
      rounds,
    }),
  );
  return [
    { title: "success of", figures: [], rows: [{ name: "retry", ours: "ours", contestants }] },
  ];
}

const ns = (...values: readonly number[]): readonly Figures[] =>
  values.map((value) => ({ ns: value }));
const goal: Goal = { label: "retry alone", row: "retry", figure: "ns", unit: "ns", atMost: 75 };

describe("a goal with a limit", () => {
  it("is met by a median that is no more, beside the peer that takes least", () => {
    const sections = setup({
      ours: ns(60, 70, 200),
      peerA: ns(300, 300, 300),
      peerB: ns(140, 140, 140),
    });
    expect(goalsOf([goal], sections)).toEqual([
      {
        label: "retry alone",
        ours: "70 ns",
        goal: "<= 75 ns",
        isMet: true,
        peer: "peerB 140",
        ratio: "2x",
      },
    ]);
  });

  it("is missed by more", () => {
    const [found] = goalsOf([goal], setup({ ours: ns(76) }));
    expect(found).toMatchObject({ isMet: false, peer: "-", ratio: "-" });
  });

  it("takes off another contestant round by round where it says so", () => {
    const sections = setup({ ours: ns(100, 300), listened: ns(120, 330) });
    const over: Goal = { ...goal, contestant: "listened", over: "ours", atMost: 40 };
    expect(goalsOf([over], sections)).toMatchObject([
      { ours: "25 ns", goal: "<= +40 ns", isMet: true },
    ]);
  });

  it("is not met by what could not be measured", () => {
    expect(goalsOf([goal], setup({ ours: [] }))).toMatchObject([{ ours: "- ns", isMet: false }]);
  });
});

describe("a goal against a peer", () => {
  const times: Goal = { ...goal, times: { peer: "peerA", atLeast: 4 } };

  it.each([
    [400, true],
    [399, false],
  ])("with %d of theirs for 100 of ours is met: %s", (theirs, isMet) => {
    const sections = setup({ ours: ns(100), peerA: ns(theirs), peerB: ns(1) });
    expect(goalsOf([times], sections)).toMatchObject([{ isMet, goal: ">= 4x less than peerA" }]);
  });
});

describe("a goal against a peer of whose figure more is better", () => {
  const faster: Goal = {
    ...goal,
    better: "more",
    unit: "/s",
    times: { peer: "peerA", atLeast: 10 },
  };

  it.each([
    [100, true],
    [101, false],
  ])("with %d of theirs for 1,000 of ours is met: %s", (theirs, isMet) => {
    const sections = setup({ ours: ns(1_000), peerA: ns(theirs) });
    expect(goalsOf([faster], sections)).toMatchObject([{ isMet, goal: ">= 10x more than peerA" }]);
  });

  it("stands beside the peer that has most", () => {
    const { times: _, ...reported } = faster;
    const sections = setup({ ours: ns(1_000), peerA: ns(100), peerB: ns(500) });
    expect(goalsOf([reported], sections)).toMatchObject([{ peer: "peerB 500", ratio: "2x" }]);
  });
});

describe("a figure without a limit", () => {
  it("is reported, and neither met nor missed", () => {
    const { atMost: _, ...reported } = goal;
    const [found] = goalsOf([reported], setup({ ours: ns(10) }));
    expect(found).toMatchObject({ goal: "reported", isMet: undefined });
    expect(found && goalTableOf([found])).toMatch(/\| retry alone \| 10 ns \| reported \| +- \|/);
  });
});

it("says which row a goal names that is not there", () => {
  expect(() => goalsOf([{ ...goal, row: "hedge" }], setup({}))).toThrow('no row "hedge"');
});
