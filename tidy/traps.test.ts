import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { root } from "./sources.ts";

const read = (path: string): string => readFileSync(join(root, path), "utf8");

const rows = [
  ...read("docs/policy-traps.md").matchAll(/^\| (\d+) \| (.+) \| `([\w./-]+)` \| (.+) \|$/gm),
].map(([, number, , file = "", title = ""]) => ({
  number: Number(number),
  path: `packages/policy/src/${file}`,
  title,
}));

describe("the list of traps", () => {
  it("names each of the 27, in their order", () => {
    const numbers = [...new Set(rows.map(({ number }) => number))];
    expect(numbers).toEqual(Array.from({ length: 27 }, (_, place) => place + 1));
    const lines = read("docs/policy-traps.md").match(/^\| \d+ /gm);
    expect(rows).toHaveLength(lines?.length ?? 0);
  });

  it("names tests that exist, and that are run", () => {
    const missing = rows.filter(({ path, title }) => {
      if (!existsSync(join(root, path))) return true;
      const named = `${JSON.stringify(title)}, async`;
      const text = read(path)
        .replaceAll(/\(\s+"/g, '("')
        .replaceAll(/",\s+/g, '", ');
      return ![named, named.replace(/async$/, "()")].some((test) => text.includes(test));
    });
    expect(missing).toEqual([]);
  });

  it("names no test that is left out", () => {
    const left = rows.filter(({ path }) => /\.(skip|todo|only)\b/.test(read(path)));
    expect(left).toEqual([]);
  });
});
