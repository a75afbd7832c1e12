import { expect, it } from "vitest";

import { shownValue } from "./shown-value.ts";

it("a recorded value is shown as JSON, whatever is in it", () => {
  const value = {
    text: "a",
    none: undefined,
    big: 12n,
    at: new Date(0),
    never: new Date(Number.NaN),
    map: new Map([["k", new Set([1])]]),
    bytes: new Uint8Array(3),
    error: new RangeError("too far"),
  };
  expect(JSON.parse(JSON.stringify(shownValue(value)))).toEqual({
    text: "a",
    none: null,
    big: "12",
    at: "1970-01-01T00:00:00.000Z",
    never: null,
    map: [["k", [1]]],
    bytes: "3 bytes",
    error: "RangeError: too far",
  });
});

it("a value that is very deep is cut, so that no stack is", () => {
  let deep: unknown = 1;
  for (let depth = 0; depth < 100_000; depth += 1) deep = [deep];
  expect(JSON.stringify(shownValue(deep))).toContain('"..."');
});
