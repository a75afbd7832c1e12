import { isDeepStrictEqual } from "node:util";

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CorruptRecordError, UnrecordableError } from "../errors.ts";
import { decode, encode } from "./codec.ts";
import { RecordedError } from "./recorded-error.ts";

const roundTrip = (value: unknown): unknown => decode(encode(value));

/** Everything that can be recorded but errors, with keys that are out to confuse. */
const anyKey = fc.oneof(
  fc.string(),
  fc.constantFrom("$", "v", "__proto__", "constructor", "toJSON"),
);
const anyValue = fc.letrec((tie) => ({
  leaf: fc.oneof(
    fc.string(),
    fc.constantFrom("$", '"$"', "__proto__"),
    fc.double(),
    fc.constantFrom(Number.NaN, Infinity, -Infinity, -0, 0),
    fc.boolean(),
    fc.constantFrom(null, undefined),
    fc.bigInt(),
    fc.date({ noInvalidDate: false }),
    fc.uint8Array(),
  ),
  object: fc
    .array(fc.tuple(anyKey, tie("value")), { maxLength: 4 })
    .map((entries) => Object.fromEntries(entries) as unknown),
  value: fc.oneof(
    { maxDepth: 3 },
    tie("leaf"),
    fc.array(tie("value"), { maxLength: 4 }),
    tie("object"),
    fc
      .array(fc.tuple(tie("value"), tie("value")), { maxLength: 3 })
      .map((entries) => new Map(entries)),
    fc.array(tie("value"), { maxLength: 3 }).map((values) => new Set(values)),
  ),
})).value;

describe("a recorded value", () => {
  it("comes back as it was, whatever it is made of", () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        // Of deep sets in maps vitest's own equality is not always sure.
        expect(isDeepStrictEqual(roundTrip(value), value)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("is never changed by being recorded", () => {
    const value = { at: new Date(5), nested: [1n, { $: "date" }] };
    encode(value);
    expect(value).toStrictEqual({ at: new Date(5), nested: [1n, { $: "date" }] });
  });

  it("keeps a key named __proto__ a key", () => {
    const value = JSON.parse('{"__proto__": {"polluted": true}, "at": 1}') as object;
    const back = roundTrip({ inner: value, date: new Date(0) }) as { inner: object };
    expect(Object.getPrototypeOf(back.inner)).toBe(Object.prototype);
    expect(Object.keys(back.inner)).toEqual(["__proto__", "at"]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it("takes a Buffer as the bytes that it is, and only those that it shows", () => {
    const shown = Buffer.from("a long text").subarray(2, 6);
    expect(roundTrip(shown)).toStrictEqual(new Uint8Array(Buffer.from("long")));
  });

  it("may be seen from two places, as long as it is no circle", () => {
    const shared = { at: 1 };
    expect(roundTrip([shared, shared])).toEqual([{ at: 1 }, { at: 1 }]);
  });
});

describe("a recorded error", () => {
  it("keeps name, message, code and the causes, but not its class", () => {
    const root = Object.assign(new RangeError("too far"), { code: "E_FAR" });
    const error = new TypeError("no", { cause: new Error("because", { cause: root }) });
    const back = roundTrip({ error }) as { error: RecordedError };
    expect(back.error).toBeInstanceOf(RecordedError);
    expect(back.error).toMatchObject({
      name: "TypeError",
      message: "no",
      cause: { name: "Error", message: "because", cause: { name: "RangeError", code: "E_FAR" } },
    });
  });

  it("keeps the text of a cause that is no error", () => {
    const text = (cause: unknown): unknown =>
      (roundTrip(new Error("no", { cause })) as RecordedError).cause;
    const circle: { self?: unknown } = {};
    circle.self = circle;
    expect(text("plain")).toBe("plain");
    expect(text({ status: 500 })).toBe('{"status":500}');
    expect(text(circle)).toBe("a cause that cannot be told");
  });

  it("follows causes that go round in a circle only so far", () => {
    const error = new Error("round");
    error.cause = error;
    expect(encode(error).match(/round/g)).toHaveLength(9);
  });
});

describe("what cannot be recorded", () => {
  class Account {}
  const circle: { inner: unknown[] } = { inner: [] };
  circle.inner.push(circle);
  let deep: unknown = 1;
  for (let depth = 0; depth < 600; depth += 1) deep = [deep];

  it.each([
    ["value.items[1].callback", "a function", { items: [1, { callback: () => {} }] }],
    ["value", "a symbol", Symbol("s")],
    ['value["a b"]', "an instance of Account", { "a b": new Account() }],
    ["value.inner[0]", "part of a circle", circle],
    ["value", "keyed by a symbol", { [Symbol("s")]: 1 }],
    ["value[0]", "an instance of Account", new Map([["k", new Account()]])],
    ["value", "an instance of Float64Array", new Float64Array(1)],
  ])("is refused by its path: %s is %s", (path, what, value) => {
    const error = new UnrecordableError(path, what);
    expect(() => encode(value)).toThrow(error);
  });

  it("is refused when it is nested too deep", () => {
    expect(() => encode(deep)).toThrow("is nested deeper than 500, which cannot be recorded");
  });
});

describe("a record that this codec did not write", () => {
  it.each(["", "{", '{"$":"Account","v":{}}', '{"$":"constructor"}', '{"$":null}'])(
    "is refused: %s",
    (text) => {
      expect(() => decode(text)).toThrow(CorruptRecordError);
    },
  );
});
