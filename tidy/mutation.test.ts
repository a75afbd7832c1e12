import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { folders } from "../mutation/folders.ts";
import { committedResult } from "../mutation/result.ts";
import { withTable } from "../mutation/table.ts";
import { root } from "./sources.ts";

/** Per cent of the mutants of a folder that its tests must notice. */
const LEAST = 85;

describe("what the tests notice of mutants", () => {
  const results = folders.flatMap((folder) => committedResult(folder) ?? []);

  it(`is at least ${LEAST} % in each folder of the policies that was run`, () => {
    const weak = results.filter(({ score }) => score < LEAST);
    expect(weak.map(({ folder, score }) => `${folder}: ${score} %`)).toEqual([]);
  });

  it("stands in the document as the committed results say (npm run mutation -- --table)", () => {
    const text = readFileSync(join(root, "docs/testing-policies.md"), "utf8");
    expect(withTable(text)).toBe(text);
  });
});
