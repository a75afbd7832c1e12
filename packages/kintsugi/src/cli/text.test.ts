import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { facts, jsonLines, printable, size, span, table } from "./text.ts";

/** Every character that steers, as Unicode and the terminals know them. */
const steering = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

describe("text of others", () => {
  it.each([
    ["\u001b[31mred\u001b[0m", "␛[31mred␛[0m"],
    ["\u001b]0;title\u0007", "␛]0;title␇"],
    ["done\rgone\r\n", "done␍gone␍␊"],
    ["\u0000\u001f\u007f", "␀␟␡"],
    ["\u009b31m\u0085", "\uFFFD31m\uFFFD"],
    ["\u202Etxt.exe\u2066\u200B\uFEFF", "\uFFFDtxt.exe\uFFFD\uFFFD\uFFFD"],
    ["a\u2028b\u2029c", "a\uFFFDb\uFFFDc"],
    ["\uD800 \u{E0041}", "\uFFFD \uFFFD"],
    ["a\tb", "a  b"],
    ["<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"],
    ["zwölf 漢字 🙂 e\u0301", "zwölf 漢字 🙂 e\u0301"],
  ])("shows what steers as what does nothing: %j", (text, shown) => {
    expect(printable(text)).toBe(shown);
    expect(printable(shown)).toBe(shown);
  });

  it("steers nothing, whatever it is", () => {
    const text = fc.string({ unit: "binary", maxLength: 50, size: "max" });
    fc.assert(
      fc.property(text, (any) => {
        expect(printable(any)).not.toMatch(steering);
      }),
    );
  });

  it("stays what it was as JSON, and steers nothing there either", () => {
    const message = "\u001b[31m\u202E\u009b\u2028\u{E0041}\r ü";
    const lines = jsonLines({ message, list: [1] });
    expect(lines.join("")).not.toMatch(steering);
    expect(lines).toContain('  "list": [');
    expect(JSON.parse(lines.join("\n"))).toEqual({ message, list: [1] });
    const text = fc.string({ unit: "binary", maxLength: 50, size: "max" });
    fc.assert(
      fc.property(text, (any) => {
        expect(JSON.parse(jsonLines([any]).join("\n"))).toEqual([any]);
        expect(jsonLines([any]).join("")).not.toMatch(steering);
      }),
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
    ).toEqual(["NAME      AGE", "a␊b       1", "long one  22"]);
  });
});

it("aligns facts, and leaves out what has no value", () => {
  expect(facts({ a: "1", longer: "2\n3", none: null })).toEqual(["a:      1", "longer: 2␊3"]);
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
