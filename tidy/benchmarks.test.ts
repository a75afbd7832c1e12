import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { benches, blockText } from "../benchmarks/benches.ts";
import { withBlocks } from "../benchmarks/harness/quoting.ts";
import { committedResult } from "../benchmarks/harness/result.ts";
import { root } from "./sources.ts";

const documents = globSync(
  ["*.md", "docs/**/*.md", "packages/*/README.md", "benchmarks/README.md"],
  {
    cwd: root,
  },
);

describe("what was measured", () => {
  it.each(documents)("stands in %s as the committed results say (quote.ts --write)", (path) => {
    const text = readFileSync(join(root, path), "utf8");
    expect(withBlocks(text, blockText)).toBe(text);
  });

  it("was no quick run where it is committed", () => {
    const results = benches.flatMap(({ name }) => committedResult(name) ?? []);
    expect(results.filter(({ quick }) => quick).map(({ name }) => name)).toEqual([]);
  });

  it("has one exact version of each peer", () => {
    const text = readFileSync(join(root, "benchmarks/package.json"), "utf8");
    const { dependencies } = JSON.parse(text) as { dependencies: Record<string, string> };
    const loose = Object.entries(dependencies).filter(
      ([, version]) => !/^\d+\.\d+\.\d+$/.test(version),
    );
    expect(loose).toEqual([]);
  });
});
