import { describe, expect, it } from "vitest";

import type { Result } from "./result.ts";
import { tableOf } from "./table.ts";
import { markdownTable, rounded, times } from "./table-text.ts";

const spread = (median: number) => ({ median, least: median / 2, most: median * 2 });

function setup(change: Partial<Result> = {}): Result {
  return {
    name: "calls",
    title: "What a call costs.",
    date: "2026-11-22T10:00:00.000Z",
    commit: "0123456789abcdef",
    clean: true,
    quick: false,
    seed: "kintsugi",
    rounds: 5,
    seconds: 61,
    noisy: [],
    machine: { cpu: "a processor", cores: 2, memoryGiB: 8, kernel: "6.1", disk: "ext4" },
    load: { before: [0.1, 0, 0], after: [1.5, 0, 0], othersCores: 0.05 },
    versions: { Node: "24.0.0", peer: "1.2.3" },
    goals: [],
    sections: [
      {
        title: "success of",
        figures: [
          { key: "ns", label: "ns", better: "less" },
          { key: "bytes", label: "bytes" },
        ],
        rows: [
          {
            name: "retry",
            ours: "ours",
            contestants: [
              {
                name: "ours",
                isPeer: false,
                figures: { ns: spread(100) },
                ratios: {},
                rounds: [],
              },
              {
                name: "peer",
                isPeer: true,
                note: "syncs",
                figures: { ns: spread(250), bytes: spread(1_024) },
                ratios: { ns: spread(2.5) },
                rounds: [],
              },
              {
                name: "gone",
                isPeer: true,
                missing: "no such program\nat x",
                figures: {},
                ratios: {},
                rounds: [],
              },
            ],
          },
        ],
      },
    ],
    ...change,
  };
}

describe("a figure in a table", () => {
  it.each([
    [12_345.6, "12,346"],
    [99.94, "99.9"],
    [1.2345, "1.23"],
    [0.01567, "0.016"],
    [-42.21, "-42.2"],
    [0, "0"],
    [Number.NaN, "-"],
  ])("shows %d as %s", (value, text) => {
    expect(rounded(value)).toBe(text);
  });

  it("shows a ratio with its spread", () => {
    expect(times({ median: 0.5, least: 0.4, most: 0.61 })).toBe("0.5x (0.4 to 0.61)");
  });
});

describe("the table of a result", () => {
  it("has a line for each contestant, those that could not run included", () => {
    const lines = tableOf(setup())
      .split("\n")
      .filter((line) => line.startsWith("|"));
    const cells = lines.map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
    expect(cells).toEqual([
      ["success of", "", "ns", "bytes", "ours is better: ns"],
      expect.anything(),
      ["retry", "ours", "100", "-", "ours"],
      ["", "peer", "250", "1,024", "2.5x (1.25 to 5)"],
      ["", "gone", "could not run", "-", "-"],
    ]);
  });

  it("says the machine, the load and what was measured", () => {
    const text = tableOf(setup());
    for (const part of [
      "a processor",
      "load 0.1 before and 1.5 after",
      "0123456789ab",
      "peer 1.2.3",
    ]) {
      expect(text).toContain(part);
    }
  });

  it("says below it what a peer promises and why one could not run", () => {
    expect(tableOf(setup())).toMatch(/- peer: syncs\n- gone could not run: no such program$/);
  });

  it("warns of noise, of quick runs and of a checkout that was changed", () => {
    const text = tableOf(setup({ noisy: ["the load was 9"], quick: true, clean: false }));
    expect(text).toContain("**Noisy: the load was 9.**");
    expect(text).toContain("**Quick run");
    expect(text).toContain("with changes");
  });

  it("warns of nothing when there is nothing to warn of", () => {
    expect(tableOf(setup())).not.toContain("**");
  });
});

describe("a Markdown table", () => {
  it("has columns of one width", () => {
    expect(
      markdownTable([
        ["a", "b", "c"],
        ["long name", "x", "1"],
      ]),
    ).toBe(
      ["| a         | b   |   c |", "| --------- | --- | --: |", "| long name | x   |   1 |"].join(
        "\n",
      ),
    );
  });
});
