import { describe, expect, it } from "vitest";

import { median, percentile, ratiosOf, rotated, spreadOf, spreadsOf } from "./figures.ts";

describe("the middle of some values", () => {
  it("is the one in the middle, whatever their order", () => {
    expect(median([9, 1, 5])).toBe(5);
  });

  it("lies between the two in the middle when their count is even", () => {
    expect(median([1, 10, 4, 2])).toBe(3);
  });

  it("leaves the values as they were", () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });

  it("is refused where there are none", () => {
    expect(() => median([])).toThrow(RangeError);
  });
});

describe("a percentile", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

  it("is the value that this share does not pass", () => {
    expect(percentile(hundred, 0.5)).toBe(51);
    expect(percentile(hundred, 0.99)).toBe(100);
  });

  it("of one value is that value", () => {
    expect(percentile([7], 0.99)).toBe(7);
  });

  it("is refused where there are no values", () => {
    expect(() => percentile([], 0.5)).toThrow(RangeError);
  });
});

describe("the spread of rounds", () => {
  it("says the middle, the least and the most", () => {
    expect(spreadOf([4, 1, 3])).toEqual({ median: 3, least: 1, most: 4 });
  });

  it("is told for the figures that every round has", () => {
    const rounds = [{ ns: 1, bytes: 10 }, { ns: 3, bytes: 30 }, { ns: 2 }];
    expect(spreadsOf(rounds)).toEqual({ ns: { median: 2, least: 1, most: 3 } });
  });

  it("is empty where nothing was measured", () => {
    expect(spreadsOf([])).toEqual({});
  });
});

describe("how many times better ours is", () => {
  it("is theirs over ours where less is better", () => {
    expect(ratiosOf([{ ns: 2 }], [{ ns: 10 }], "ns", "less")).toEqual([5]);
  });

  it("is ours over theirs where more is better", () => {
    expect(ratiosOf([{ steps: 10 }], [{ steps: 20 }], "steps", "more")).toEqual([0.5]);
  });

  it("compares within each round, not across them", () => {
    const ours = [{ ns: 1 }, { ns: 100 }];
    const theirs = [{ ns: 3 }, { ns: 300 }];
    expect(ratiosOf(ours, theirs, "ns", "less")).toEqual([3, 3]);
  });

  it("leaves out rounds in which a difference fell below 0, or a side is missing", () => {
    const ours = [{ ns: -1 }, { ns: 2 }, { ns: 2 }, { ns: 2 }];
    const theirs = [{ ns: 4 }, { ns: 0 }, { ns: 4 }];
    expect(ratiosOf(ours, theirs, "ns", "less")).toEqual([2]);
  });
});

describe("rotation", () => {
  it("lets each contestant begin once before one begins again", () => {
    const orders = [0, 1, 2, 3].map((round) => rotated(["A", "B", "C"], round).join(""));
    expect(orders).toEqual(["ABC", "BCA", "CAB", "ABC"]);
  });

  it("of nothing is nothing", () => {
    expect(rotated([], 5)).toEqual([]);
  });
});
