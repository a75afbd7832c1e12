import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { readYaml } from "./yaml.ts";

/** Each fault as `line:column message`. */
const faultsOf = (text: string): readonly string[] =>
  readYaml(text).faults.map(
    ({ position: { line, column }, message }) => `${line}:${column} ${message}`,
  );

describe("a text that is YAML", () => {
  it("becomes plain values", () => {
    const { tree, faults } = readYaml("a: 1\nb: [x, null, true, 0x10]\nc: { d: ~ }\n");
    expect(faults).toEqual([]);
    expect(tree).toEqual({ a: 1, b: ["x", null, true, 16], c: { d: null } });
  });

  it("takes words of YAML 1.1 and dates for the texts that they are", () => {
    expect(readYaml("[yes, off, 2026-01-01, 010]").tree).toEqual(["yes", "off", "2026-01-01", 10]);
  });

  it("keeps a key named __proto__ a key, at any depth", () => {
    const { tree } = readYaml("a: { __proto__: { polluted: true } }\n__proto__: { x: 1 }\n");
    expect(Object.keys(tree as object)).toEqual(["a", "__proto__"]);
    expect(({} as { polluted?: boolean; x?: number }).polluted).toBeUndefined();
    expect((tree as { x?: number }).x).toBeUndefined();
  });

  it("follows aliases", () => {
    expect(readYaml("a: &x { b: 1 }\nc: *x\n").tree).toEqual({ a: { b: 1 }, c: { b: 1 } });
  });

  it("tells where keys and values stand, and the nearest place of what is missing", () => {
    const { locate } = readYaml("a: 1\nlist:\n  - { b: 2 }\n  - &x { c: 3 }\nd: *x\n");
    expect(locate(["a"], "key")).toEqual({ line: 1, column: 1 });
    expect(locate(["a"], "value")).toEqual({ line: 1, column: 4 });
    expect(locate(["list", 0, "b"], "key")).toEqual({ line: 3, column: 7 });
    expect(locate(["list", 1, "missing"], "value")).toEqual({ line: 4, column: 8 });
    expect(locate(["d", "c"], "value")).toEqual({ line: 4, column: 13 });
    expect(locate(["gone", "deeper"], "value")).toEqual({ line: 1, column: 1 });
    expect(locate([], "value")).toEqual({ line: 1, column: 1 });
  });
});

describe("a text that is refused", () => {
  it.each([
    ["a tab", "a:\n\tb: 1\n", ["2:1 a tab indents this line; expected spaces"]],
    [
      "an open quote",
      'a: "x\n',
      ['2:1 this is not YAML: missing closing "quote; expected YAML 1.2'],
    ],
    [
      "a second document",
      "a: 1\n---\nb: 2\n",
      ["2:1 a second document (---) begins here; expected one"],
    ],
    [
      "another version",
      "%YAML 1.1\n---\na: yes\n",
      ["1:1 the file says that it is YAML 1.1; expected 1.2"],
    ],
    [
      "tags, each of them",
      "a: !foo 1\nb: !!js/function x\n",
      [
        "1:4 a tag (!) of its own kind; expected plain values only",
        "2:4 a tag (!) of its own kind; expected plain values only",
      ],
    ],
    [
      "keys that stand twice, each of them",
      "a: { k: 1, k: 2 }\nb: { k: 1, k: 2 }\n1: x\n'1': y\n",
      [
        '1:12 the key "k" is there twice; expected each key once',
        '2:12 the key "k" is there twice; expected each key once',
        '4:1 the key "1" is there twice; expected each key once',
      ],
    ],
    ["a key of parts", "? [a, b]\n: 1\n", ["1:3 a key of several parts; expected a single word"]],
    ["an alias of nothing", "a: *x\n", ['1:4 nothing is anchored as "x" before this line']],
    ["an alias of itself", "a: &x [*x]\n", ["1:8 nested too deeply; expected at most 32 levels"]],
    [
      "too many levels",
      `${"[".repeat(40)}${"]".repeat(40)}`,
      ["1:34 nested too deeply; expected at most 32 levels"],
    ],
  ])("says so: %s", (_, text, expected) => {
    expect(faultsOf(text)).toEqual(expected);
  });

  it("refuses what multiplies itself", () => {
    const rows = Array.from({ length: 11 }, (_, row) =>
      row === 0
        ? "a0: &a0 [x, x, x, x, x, x, x, x, x, x]"
        : `a${row}: &a${row} [${Array(10)
            .fill(`*a${row - 1}`)
            .join(", ")}]`,
    );
    expect(faultsOf(rows.join("\n"))).toEqual(["2:15 more than 100 aliases (*); expected fewer"]);
    const wide = `a: &a [${"x,".repeat(20_000)}]\nb: [*a, *a, *a, *a, *a, *a]\n`;
    expect(faultsOf(wide)).toEqual([
      expect.stringContaining("make more than 100000 values of this file"),
    ]);
  });

  it.each([
    ["open brackets", "[".repeat(2 ** 20)],
    ["dashes", "- ".repeat(2 ** 19)],
    ["line ends", "\n".repeat(2 ** 20)],
  ])("counts the parts before it parses a megabyte of %s", (_, text) => {
    expect(faultsOf(text)).toEqual([
      "1:1 the file has more than 100000 parts; expected a configuration written by hand",
    ]);
  });

  it("is larger than a megabyte, in bytes", () => {
    const message = "1:1 the file is larger than 1 MiB; expected a configuration written by hand";
    expect(faultsOf(`"${"é".repeat(2 ** 19)}"`)).toEqual([message]);
    expect(faultsOf(`"${"e".repeat(2 ** 19)}"`)).toEqual([]);
  });

  it("names a parser that gave up by what it means", () => {
    expect(faultsOf("[".repeat(50_000))).toEqual([
      expect.stringMatching(/^1:\d+ nested too deeply; expected at most 32 levels$/),
    ]);
  });
});

describe("any text", () => {
  const snippet = fc.constantFrom(
    ..."a|b|: |\n|  |- |? |&x |*x|!t |{|}|[|]|,|'|\"|#|%|---\n|>|\\|\t|__proto__|1|~|é|\u0000".split(
      "|",
    ),
    "| \n",
    "|",
  );
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.array(snippet, { maxLength: 40, size: "max" }).map((parts) => parts.join("")),
  );

  it("gives values or faults, and places that exist", { timeout: 60_000 }, () => {
    let trees = 0;
    let refusals = 0;
    fc.assert(
      fc.property(text, (written) => {
        const { tree, faults, locate } = readYaml(written);
        if (faults.length > 0) refusals += 1;
        else trees += 1;
        expect(tree === undefined ? faults.length : 1).toBeGreaterThan(0);
        const lines = written.split(/\n/).length;
        for (const { line, column } of [
          ...faults.map((each) => each.position),
          locate(["a"], "key"),
        ]) {
          expect(line).toBeLessThanOrEqual(lines);
          expect(Math.min(line, column)).toBeGreaterThan(0);
        }
      }),
      { numRuns: 2_000 },
    );
    expect(trees).toBeGreaterThan(100);
    expect(refusals).toBeGreaterThan(100);
  });
});
