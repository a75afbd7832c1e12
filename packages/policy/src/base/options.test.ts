import { describe, expect, it } from "vitest";

import { numberBetween, shown, wholeNumber } from "./options.ts";

describe("an option that is a whole number", () => {
  it("is handed on from its least value up", () => {
    expect(wholeNumber("maxAttempts", 1, 1)).toBe(1);
    expect(wholeNumber("maxAttempts", Number.MAX_SAFE_INTEGER, 1)).toBe(Number.MAX_SAFE_INTEGER);
  });

  it.each([0, 1.5, Number.NaN, Infinity, 2 ** 53])("is refused by name when it is %d", (value) => {
    const message = `maxAttempts must be a whole number of at least 1, got ${value}`;
    expect(() => wholeNumber("maxAttempts", value, 1)).toThrow(new RangeError(message));
  });
});

it("an option that is a number as text is refused, and shown as text", () => {
  const text = "3" as unknown as number;
  expect(() => wholeNumber("maxAttempts", text, 1)).toThrow(/got "3"$/);
  expect(() => numberBetween("ttlMs", text, 0, 10)).toThrow(/got "3"$/);
});

describe("an option between two numbers", () => {
  it.each([0, 0.5, 1])("is handed on when it is %d, the ends included", (value) => {
    expect(numberBetween("jitterFactor", value, 0, 1)).toBe(value);
  });

  it.each([-0.1, 1.1, Number.NaN])("is refused by name when it is %d", (value) => {
    const message = `jitterFactor must be a number from 0 to 1, got ${value}`;
    expect(() => numberBetween("jitterFactor", value, 0, 1)).toThrow(new RangeError(message));
  });

  it("says of an end that is the least number above 0 what it is", () => {
    const message = "ttlMs must be a number above 0 to 10, got 0";
    expect(() => numberBetween("ttlMs", 0, Number.MIN_VALUE, 10)).toThrow(new RangeError(message));
  });
});

it.each([
  ["text", "x", '"x"'],
  ["a function", () => {}, "a function"],
  ["a list", [1], "an object"],
  ["an object that has no text", Object.create(null), "an object"],
  ["a symbol", Symbol("x"), "Symbol(x)"],
  ["nothing", undefined, "undefined"],
])("%s is shown in a sentence for what it is", (_, value, text) => {
  expect(shown(value)).toBe(text);
});
