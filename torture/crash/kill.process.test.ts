import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import { tortureEngine } from "./torture-engine.ts";

describe("ten kills at random moments", () => {
  it("lose, repeat and change nothing", async () => {
    const result = await tortureEngine({ mode: "kill", seed: "ten", count: 10 });
    expect(result).toMatchObject({ faults: 10, violations: [] });
    expect(result.runsEnded).toBe(result.runsAccepted);
    expect(result.effects).toBeGreaterThan(10);
  });

  it("are enough to find a journal that writes nothing", async () => {
    const broken = "journals-nothing";
    const { violations } = await tortureEngine({ mode: "kill", seed: "ten", count: 10, broken });
    expect(violations.map(({ kind }) => kind)).toContain("repeated");
  });
});

describe("a torture that cannot be", () => {
  const main = fileURLToPath(new URL("../main.ts", import.meta.url));
  const said = (args: readonly string[], env = process.env): readonly [number | null, string] => {
    const node = ["--conditions=source", "--disable-warning=ExperimentalWarning", main, ...args];
    const { status, stderr } = spawnSync(process.execPath, node, { encoding: "utf8", env });
    return [status, stderr.trim()];
  };

  it.each([
    [["--mode", "burn"], /^--mode must be kill, write, power, stop or program; got "burn"$/],
    [["--mode", "kill", "--count", "0"], /^--count must be a whole number of at least 1, got 0$/],
    [["--broken", "whole"], /^--broken must be one of journals-nothing, buffers, .*; got "whole"$/],
    [["--seed", "../x"], /^--seed must be letters, digits, dots and dashes; got "..\/x"$/],
    [["--sed", "1"], /^Unknown option '--sed'/],
  ])("says why: %j", (args, sentence) => {
    const [status, words] = said(args);
    expect(words).toMatch(sentence);
    expect(status).toBe(2);
  });

  it("says what the machine lacks", () => {
    expect(said(["--mode", "write"], { PATH: "/nonexistent" })).toEqual([
      2,
      'The mode "write" needs gcc, and the headers of the C library (Debian: gcc libc6-dev)',
    ]);
  });
});
