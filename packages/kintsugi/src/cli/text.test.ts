import { describe, expect, it } from "vitest";

import { facts, printable, size, span, table } from "./text.ts";

describe("text of others", () => {
  it("cannot steer the terminal, nor turn the direction of its letters", () => {
    expect(printable("a\u001b[2Jb\u202Ec\r\n\td\u0007")).toBe(
      "a\uFFFD[2Jb\uFFFDc\uFFFD\uFFFD  d\uFFFD",
    );
  });

  it("stays in its cell", () => {
    expect(
      table(
        ["NAME", "AGE"],
        [
          ["a\nb", "1"],
          ["long one", "22"],
        ],
      ),
    ).toEqual(["NAME      AGE", "a\uFFFDb       1", "long one  22"]);
  });
});

it("aligns facts, and leaves out what has no value", () => {
  expect(facts({ a: "1", longer: "2\n3", none: null })).toEqual(["a:      1", "longer: 2\uFFFD3"]);
});

it.each([
  [0, "0s"],
  [59_400, "59s"],
  [192_000, "3m 12s"],
  [7_260_000, "2h 1m"],
  [180_000_000, "2d 2h"],
  [-5, "0s"],
])("says %d ms as %s", (ms, text) => {
  expect(span(ms)).toBe(text);
});

it.each([
  [0, "0 B"],
  [1_023, "1023 B"],
  [1_536, "1.5 KB"],
  [157_286_400, "150 MB"],
  [2 ** 50, "1024 TB"],
])("says %d bytes as %s", (bytes, text) => {
  expect(size(bytes)).toBe(text);
});
