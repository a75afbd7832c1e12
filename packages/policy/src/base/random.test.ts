import { describe, expect, it } from "vitest";

import { type Random, seededRandom, systemRandom } from "./random.ts";

const take = (random: Random, count: number): readonly number[] =>
  Array.from({ length: count }, () => random.next());

describe("seeded chance", () => {
  it("repeats itself for the same seed, and for no other", () => {
    expect(take(seededRandom("a"), 100)).toEqual(take(seededRandom("a"), 100));
    expect(take(seededRandom("a"), 3)).not.toEqual(take(seededRandom("b"), 3));
    expect(take(seededRandom(7), 3)).toEqual(take(seededRandom("7"), 3));
  });

  it("is the same on every machine", () => {
    const drawn = [0.6510139158926904, 0.23505778796970844, 0.17880498082377017];
    expect(take(seededRandom("kintsugi"), 3)).toEqual(drawn);
    expect(seededRandom("kintsugi").uuid()).toBe("a6a8d916-3c2c-4f48-adc6-29c9ecc8e923");
  });

  it("spreads evenly", () => {
    const boxes = new Array<number>(10).fill(0);
    for (const value of take(seededRandom("even"), 100_000)) {
      const box = Math.floor(value * 10);
      boxes[box] = (boxes[box] ?? 0) + 1;
    }
    // Six standard deviations of a fair draw are 570.
    for (const count of boxes) expect(Math.abs(count - 10_000)).toBeLessThan(570);
  });
});

describe.each([
  { name: "the system's chance", random: systemRandom },
  { name: "seeded chance", random: seededRandom(1) },
])("$name", ({ random }) => {
  it("gives numbers of at least 0 and less than 1", () => {
    for (const value of take(random, 1_000)) {
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThan(1);
    }
  });

  it("gives version 4 UUIDs, each another", () => {
    const ids = Array.from({ length: 1_000 }, () => random.uuid());
    const version4 = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
    for (const id of ids) expect(id).toMatch(version4);
    expect(new Set(ids).size).toBe(1_000);
  });
});
