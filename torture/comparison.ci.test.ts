import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

import type { Comparison } from "../examples/digest/src/comparison.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Runs the main job with and without our parts; what it printed, and what it wrote. */
function compareOnce(): { stdout: string; comparison: Comparison } {
  const { status, stdout, stderr } = spawnSync("npm", ["start", "--", "--bare", "--once"], {
    cwd: root,
    encoding: "utf8",
    timeout: 120_000,
  });
  console.log(stdout);
  expect(status, `${stdout}\n${stderr}`).toBe(0);
  const text = readFileSync(join(root, "examples/digest/out/comparison.json"), "utf8");
  return { stdout, comparison: JSON.parse(text) as Comparison };
}

/** The lines of the table without those that say of themselves that they vary. */
function steadyLines(stdout: string): readonly string[] {
  const table = stdout.slice(stdout.indexOf("with Kintsugi  "));
  return table.split("\n").filter((line) => !/~ [\d.]/.test(line));
}

describe("the job with Kintsugi and without, twice", () => {
  it("gives the same figures, times aside, and loses work on one side only", () => {
    const [one, other] = [compareOnce(), compareOnce()];
    expect(JSON.stringify(other.comparison.exact)).toBe(JSON.stringify(one.comparison.exact));
    expect(steadyLines(other.stdout)).toEqual(steadyLines(one.stdout));
    const { kintsugi, bare } = one.comparison.exact;
    expect(kintsugi).toMatchObject({ packagesFailed: 0, documentsLost: 0 });
    expect(bare.packagesFailed).toBeGreaterThan(0);
    expect(bare.documentsLost).toBeGreaterThan(0);
    expect(steadyLines(one.stdout).length).toBeGreaterThan(8);
  });
});
