import { describe, expect, it } from "vitest";

import { factsToTrim } from "./fact-limits.ts";

describe("a log of facts", () => {
  it.each([
    { count: 0, maxFacts: 1, trimmed: 0 },
    { count: 2, maxFacts: 1, trimmed: 1 },
    { count: 20, maxFacts: 20, trimmed: 0 },
    { count: 21, maxFacts: 20, trimmed: 3 },
    { count: 100_001, maxFacts: 100_000, trimmed: 1_001 },
    { count: 150_000, maxFacts: 100_000, trimmed: 51_000 },
  ])("of $count, where $maxFacts may stay, loses $trimmed at once", (given) => {
    expect(factsToTrim(given.count, given.maxFacts)).toBe(given.trimmed);
  });
});
