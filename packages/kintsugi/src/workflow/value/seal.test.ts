import { seededRandom } from "@kintsugi/policy/base";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { decode, encode } from "./codec.ts";
import { type EncryptionKey, Keyring } from "./keyring.ts";
import { Seal } from "./seal.ts";

const secretOf = (letter: string): string => Buffer.alloc(32, letter).toString("base64");

const ring = (current: string, keys: readonly EncryptionKey[]): Keyring =>
  new Keyring({ current, keys }, seededRandom("seal"));

const keyring = (current: string, ...ids: readonly string[]): Keyring =>
  ring(
    current,
    ids.map((id) => ({ id, secret: secretOf(id) })),
  );

const KINDS = {
  plain: new Seal(),
  compressed: new Seal({ compressFrom: 1 }),
  encrypted: new Seal({ keyring: keyring("a", "a") }),
  "compressed and encrypted": new Seal({ compressFrom: 1, keyring: keyring("a", "a") }),
};

describe.each(Object.entries(KINDS))("a text that is sealed %s", (_, seal) => {
  it("is the same when it is opened at its place, whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string(), (text, place) => {
        expect(seal.open(seal.close(text, place), place)).toBe(text);
      }),
      { numRuns: 200 },
    );
  });

  it("is not opened at another place", () => {
    const sealed = seal.close("text", "steps/outcome/run/3");
    expect(() => seal.open(sealed, "steps/outcome/run/4")).toThrow(/written for another place/);
  });

  it("is not opened when any of its bits has flipped", () => {
    const sealed = seal.close('{"paid":true,"sum":12.5}', "here");
    for (let at = 1; at < sealed.length; at += 1) {
      for (let bit = 0; bit < 7; bit += 1) {
        const flipped = String.fromCharCode(sealed.charCodeAt(at) ^ (1 << bit));
        const damaged = sealed.slice(0, at) + flipped + sealed.slice(at + 1);
        expect(() => seal.open(damaged, "here"), damaged).toThrow();
      }
    }
  });
});

describe("a text that is no sealed one any more, as its first character has flipped", () => {
  it("is no text of a value either", () => {
    const sealed = KINDS.plain.close('{"paid":true}', "here").slice(1);
    for (let bit = 0; bit < 7; bit += 1) {
      const damaged = String.fromCharCode("~".charCodeAt(0) ^ (1 << bit)) + sealed;
      expect(() => decode(KINDS.plain.open(damaged, "here"))).toThrow(/is no text of a value/);
    }
  });
});

describe("a text of the time before there were seals", () => {
  it.each(Object.entries(KINDS))("is read by one that seals %s", (_, seal) => {
    const text = encode({ old: [1n, new Date(5)] });
    expect(seal.open(text, "anywhere")).toBe(text);
  });
});

describe("a long text", () => {
  it("is compressed from the size on that is given", () => {
    const seal = new Seal({ compressFrom: 10_000 });
    const long = encode(Array.from({ length: 2_000 }, (__, id) => ({ id, name: "somebody" })));
    expect(seal.close(long, "here").length).toBeLessThan(long.length / 3);
    expect(seal.close("x".repeat(9_999), "here")).toHaveLength(9_999 + 11);
  });

  it("is not blown up beyond what a record can be", () => {
    const bomb = KINDS.compressed.close("x".repeat(70 * 2 ** 20), "here");
    expect(() => KINDS.compressed.open(bomb, "here")).toThrow(/cannot be decompressed/);
  });
});

describe("an encrypted text", () => {
  const first = new Seal({ keyring: keyring("first", "first") });
  const both = new Seal({ keyring: keyring("second", "first", "second") });
  const second = new Seal({ keyring: keyring("second", "second") });

  it("shows nothing of what it says, and never looks the same twice", () => {
    const sealed = first.close("the secret text", "here");
    expect(sealed).not.toMatch(/secret/);
    expect(Buffer.from(sealed.split(":")[1] ?? "", "base64").toString()).not.toMatch(/secret/);
    expect(first.close("the secret text", "here")).not.toBe(sealed);
  });

  it("is read by its own key when another is used for what is new", () => {
    expect(both.open(first.close("old", "here"), "here")).toBe("old");
    expect(second.open(both.close("new", "here"), "here")).toBe("new");
  });

  it("is refused by name when its key was not given, or is another", () => {
    const sealed = first.close("old", "here");
    const why = /^it is encrypted with key "first", which was not given$/;
    expect(() => second.open(sealed, "here")).toThrow(why);
    expect(() => new Seal().open(sealed, "here")).toThrow(why);
    const other = ring("first", [{ id: "first", secret: secretOf("z") }]);
    expect(() => new Seal({ keyring: other }).open(sealed, "here")).toThrow(
      /^the key "first" that was given is not the one that it was encrypted with$/,
    );
  });
});

describe("a key", () => {
  const make = (id: string, secret: string | Uint8Array, current = id): Keyring =>
    ring(current, [{ id, secret }]);

  it("is taken as bytes, in hexadecimal and in base64", () => {
    const bytes = Buffer.alloc(32, 7);
    const sealed = make("k", bytes).encrypt(Buffer.from("text"), "here");
    for (const secret of [bytes.toString("hex"), `${bytes.toString("base64")}\n`]) {
      expect(make("k", secret).decrypt(sealed, "here").toString()).toBe("text");
    }
  });

  it("is refused without a word of what it is", () => {
    const secret = "correct horse battery staple";
    const refusal = (): Keyring => make("k", secret);
    expect(refusal).toThrow(
      /^Key "k" must be 32 bytes, as they are, in hexadecimal or in base64; /,
    );
    expect(refusal).not.toThrow(/horse/);
    expect(() => make("a key", Buffer.alloc(32))).toThrow(/^The id of a key must be 1 to 64/);
    expect(() => make("k", Buffer.alloc(32), "j")).toThrow(
      'encryption.current is "j", which is none of the keys: k',
    );
    const twice = { id: "k", secret: Buffer.alloc(32) };
    expect(() => ring("k", [twice, twice])).toThrow('Two keys have the id "k"');
  });
});
