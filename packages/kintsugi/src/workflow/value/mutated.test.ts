/** Texts that a codec or a seal wrote, and that something has changed since: a hundred thousand of them. */

import { isDeepStrictEqual } from "node:util";

import { seededRandom } from "@kintsugi/policy/base";
import { describe, expect, it } from "vitest";

import { CorruptRecordError } from "../errors.ts";
import { decode, encode } from "./codec.ts";
import { SealBrokenError } from "./keyring.ts";
import { Seal } from "./seal.ts";

const SEED = "mutated texts";
const random = seededRandom(SEED);
const below = (count: number): number => Math.floor(random.next() * count);
const oneOf = <T>(values: readonly T[]): T => values[below(values.length)] as T;

const deep = (depth: number): unknown => (depth === 0 ? 1 : [deep(depth - 1)]);

const VALUES: readonly unknown[] = [
  undefined,
  -0,
  12345678901234567890n ** 20n,
  "half a pair \ud800 and \udc00\ud800",
  JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"prototype": 1}}'),
  { $: "date", v: 5, list: [{ $: { $: "map" } }] },
  new Map<unknown, unknown>([
    [{ a: 1n }, new Set([Number.NaN, -Infinity])],
    ["at", new Date(5)],
  ]),
  new Uint8Array([0, 255, 3]),
  new TypeError("no", { cause: new Error("because", { cause: [1] }) }),
  deep(200),
  Array.from({ length: 40 }, (_, id) => ({ id, name: `n ${id}`, at: new Date(id), n: BigInt(id) })),
];

/** Pieces that a reader could stumble over. */
const PIECES = [
  ...['{"$":"', '"v":', "null", "[", "]", "{", "}", '"', ",", "\\ud800", "\u0000", "-0", "1e999"],
  ...['"__proto__":{"$":"undefined"}', '{"$":"bigint","v":"', "9".repeat(3_000), "[".repeat(3_000)],
  ...['{"$":"map","v":[[', '{"$":"set","v":', '{"$":"error","v":', '{"$":"unreadable","v":', "~1p"],
];

function mutate(text: string): string {
  const at = below(text.length + 1);
  const to = Math.min(text.length, at + below(12));
  switch (below(6)) {
    case 0:
      return text.slice(0, at) + text.slice(to);
    case 1:
      return text.slice(0, at);
    case 2:
      return text.slice(0, at) + oneOf(PIECES) + text.slice(at);
    case 3:
      return text.slice(0, at) + oneOf(PIECES) + text.slice(to);
    case 4:
      return text.slice(0, at) + text.slice(at, to).repeat(1 + below(50)) + text.slice(to);
    default:
      return text.slice(0, at) + String.fromCharCode(below(300)) + text.slice(at + 1);
  }
}

describe(`a text that was changed, of a hundred thousand by the seed "${SEED}"`, () => {
  it("is either read as some value, and no other object is touched, or refused with a typed error", () => {
    const texts = VALUES.map((value) => encode(value));
    let read = 0;
    for (let round = 0; round < 60_000; round += 1) {
      let text = oneOf(texts);
      for (let times = 1 + below(3); times > 0; times -= 1) text = mutate(text);
      try {
        encode(decode(text)); // What is read is a value that can be recorded: nothing made by name.
        read += 1;
      } catch (error) {
        if ((error as { code?: string }).code === "KINTSUGI_UNRECORDABLE") continue; // Too deep.
        expect(error, text).toBeInstanceOf(CorruptRecordError);
      }
    }
    expect(read).toBeGreaterThan(1_000);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it("is never taken for another value once it was sealed", () => {
    const seal = new Seal();
    const sealed = VALUES.map((value) => ({ value, text: seal.close(encode(value), "here") }));
    for (let round = 0; round < 40_000; round += 1) {
      const { value, text } = oneOf(sealed);
      try {
        const back = decode(seal.open(mutate(text), "here"));
        if (value instanceof Error) expect(back).toMatchObject({ message: value.message });
        else expect(isDeepStrictEqual(back, decode(encode(value))), text).toBe(true);
      } catch (error) {
        const isTyped = error instanceof CorruptRecordError || error instanceof SealBrokenError;
        expect(isTyped, String(error)).toBe(true);
      }
    }
  });

  it.each([
    ["of a million brackets", "[".repeat(1_000_000) + "]".repeat(1_000_000)],
    ["of a hundred thousand tags", `${'{"$":"set","v":['.repeat(100_000)}${"]}".repeat(100_000)}`],
    ["of a number of a million digits", `{"$":"bigint","v":"${"9".repeat(1_000_000)}"}`],
  ])("%s is refused, or read, and ends nothing", (_, text) => {
    try {
      decode(text);
    } catch (error) {
      expect(error).toBeInstanceOf(CorruptRecordError);
    }
  });
});
