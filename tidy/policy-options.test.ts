import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { policyOptions, withTables } from "./policy-options.ts";
import { root } from "./sources.ts";

const document = readFileSync(join(root, "docs/policies.md"), "utf8");

describe("docs/policies.md", () => {
  it("has the options as the code says; `npm run options` renews them", () => {
    expect(document).toBe(withTables(document));
  });
});

describe("an option of a policy", () => {
  const nameless = (options: ReturnType<typeof policyOptions>): readonly string[] =>
    options.map(({ chapter, name }) => `${chapter}: ${name}`);

  it("says what it means, and what holds without it", () => {
    const silent = policyOptions().filter(({ meaning, fallback }) => !meaning || !fallback);
    expect(nameless(silent)).toEqual([]);
  });

  it("that is a number says its range", () => {
    const open = policyOptions().filter(({ isNumber, range }) => isNumber && !range);
    expect(nameless(open)).toEqual([]);
  });
});
