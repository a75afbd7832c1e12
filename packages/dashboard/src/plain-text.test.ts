import { expect, it } from "vitest";

import { plain } from "./plain-text.ts";

it.each([
  ["an escape that would colour a terminal", "\u001b[31mred", "\u241b[31mred"],
  ["a line break and a tab", "a\r\n\tb", "a\u240d\u240a\u2409b"],
  ["a null and a delete", "\u0000\u007f", "\u2400\u2421"],
  ["a control character of the second block", "\u009b2J", "\uFFFD2J"],
  ["a turn of direction", "user\u202etxt.exe", "user\uFFFDtxt.exe"],
  ["what has no width", "pay\u200bpal\ufeff", "pay\uFFFDpal\uFFFD"],
  ["a separator of lines", "a\u2028b", "a\uFFFDb"],
  ["half of a pair", "\ud83d!", "\uFFFD!"],
])("shows %s", (_what, text, shown) => {
  expect(plain(text)).toBe(shown);
});

it("leaves markup, letters of all scripts and whole pairs as they are", () => {
  const text = "<img src=x onerror=alert(1)> مرحبا 金継ぎ 😀";
  expect(plain(text)).toBe(text);
});

it("cuts what nobody would read", () => {
  expect(plain("x".repeat(5_000))).toHaveLength(2_001);
});
