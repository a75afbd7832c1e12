import { describe, expect, it } from "vitest";

import { type BlockText, withBlocks } from "./quoting.ts";

describe("a document with blocks", () => {
  const textOf: BlockText = (name, kind) => (name === "known" ? `${kind} of ${name}` : undefined);

  it("gets the table, or the lines, between the marks and nothing else changed", () => {
    const old =
      "a\n<!-- bench:known -->\n12 ns\n<!-- /bench -->\nb\n<!-- bench:known:lines -->\n<!-- /bench -->\n";
    expect(withBlocks(old, textOf)).toBe(
      "a\n<!-- bench:known -->\ntable of known\n<!-- /bench -->\nb\n<!-- bench:known:lines -->\nlines of known\n<!-- /bench -->\n",
    );
  });

  it("is left as it is once its blocks are right", () => {
    const right = "<!-- bench:known -->\ntable of known\n<!-- /bench -->\n";
    expect(withBlocks(right, textOf)).toBe(right);
  });

  it("is refused when it speaks of what was never measured", () => {
    expect(() => withBlocks("<!-- bench:other -->\n<!-- /bench -->", textOf)).toThrow(/"other"/);
  });
});
