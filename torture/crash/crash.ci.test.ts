import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { isMode, type Mode, tortureEngine } from "./torture-engine.ts";

interface KeptSeed {
  readonly mode: string;
  readonly seed: string;
  readonly count: number;
  /** What it found, when it was kept. */
  readonly found: string;
}

const kept = JSON.parse(
  readFileSync(new URL("failing-seeds.json", import.meta.url), "utf8"),
) as readonly KeptSeed[];

/** A seed of its own for each run of the suite: what one run misses, a later one finds. */
const fresh = String(process.hrtime.bigint());

async function survives(mode: Mode, seed: string, count: number): Promise<number> {
  const result = await tortureEngine({ mode, seed, count });
  const { faults, seconds, secondsPerFault, violations } = result;
  console.log(
    `${mode}, seed ${seed}: ${faults} faults in ${seconds} s (${secondsPerFault} s each)`,
  );
  expect(violations).toEqual([]);
  return faults;
}

describe("the engine on SQLite", () => {
  it("survives 300 kills at random moments", async () => {
    expect(await survives("kill", fresh, 300)).toBe(300);
  });

  it("survives a kill at every change of a file, whole and torn", async () => {
    const points = await survives("write", fresh, Number.POSITIVE_INFINITY);
    expect(points).toBeGreaterThan(100);
  });

  it("survives 50 power cuts", async () => {
    expect(await survives("power", fresh, 50)).toBe(50);
  });

  it("survives 20 owners that are stopped, replaced and let loose again", async () => {
    expect(await survives("stop", fresh, 20)).toBe(20);
  });

  it.each(kept)("survives what once failed: $mode, seed $seed", async ({ mode, seed, count }) => {
    expect(isMode(mode)).toBe(true);
    await survives(mode as Mode, seed, count);
  });
});
