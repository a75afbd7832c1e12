import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { compareCells, compareText } from "./cell-order.ts";

describe("the order of cells", () => {
  it("is that of UTF-8 bytes for text", () => {
    const unit = fc.constantFrom(
      "\0",
      "a",
      "b",
      "é",
      "\ud7ff",
      "\ue000",
      "\uffff",
      "🜚",
      "\u{10ffff}",
    );
    const text = fc.string({ unit });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareText(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
  });

  it("puts null first, then numbers, then text", () => {
    const ordered = [null, -1, 0, 1.5, "", "a"];
    expect(ordered.toReversed().sort(compareCells)).toEqual(ordered);
  });
});
