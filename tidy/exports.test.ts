import { describe, expect, it } from "vitest";

import { publicEntries } from "./api-report.ts";
import { roomOf } from "./floors.ts";
import { allSources, exportsOf, importsOf, isNode, type Node, type Source } from "./sources.ts";

const sources = allSources();
const byPath = new Map(sources.map((source) => [source.path, source]));
const entries = new Set(publicEntries().map(({ file }) => file));

/** `file: name` of everything that somebody takes, tests included where `withTests`. */
const taken = (withTests: boolean): ReadonlySet<string> => {
  const found = new Set<string>();
  for (const source of sources) {
    if (source.isTest && !withTests) continue;
    for (const { target, specifier, names } of importsOf(source)) {
      const file = target ?? publicEntries().find((entry) => entry.specifier === specifier)?.file;
      for (const name of names) found.add(`${file}: ${name}`);
    }
  }
  return found;
};

const places = (source: Source): readonly string[] =>
  exportsOf(source).map(({ name }) => `${source.path}: ${name}`);

/** A type that a signature of the same file speaks of: whoever uses the one needs a name for the other. */
const isWord = (source: Source, name: string, node: Node): boolean => {
  const declaration = node["declaration"];
  const isType = isNode(declaration) && /^TS(Interface|TypeAlias)/.test(declaration.type);
  return isType && (source.text.match(new RegExp(`\\b${name}\\b`, "g")) ?? []).length > 1;
};

/** What a configuration names under `runtime.modules` is taken by its `kind`; a plugin, by Stryker. */
const isModuleOfUsers = (path: string): boolean =>
  /^examples\/\w+\/src\/app\.ts$|^torture\/page\/program\/|^mutation\/runner\.ts$/.test(path);

describe("an export", () => {
  const used = taken(true);
  const isUsed = (place: string): boolean =>
    used.has(place) || used.has(`${place.split(": ")[0]}: *`);

  it("inside a room is taken by somebody", () => {
    const inner = sources.filter(
      ({ path, isTest }) => !isTest && !path.endsWith("/index.ts") && !isModuleOfUsers(path),
    );
    const dead = inner.flatMap((source) =>
      exportsOf(source)
        .filter(
          ({ name, node }) => !isUsed(`${source.path}: ${name}`) && !isWord(source, name, node),
        )
        .map(({ name }) => `${source.path}: ${name}`),
    );
    expect(dead).toEqual([]);
  });

  it("of a door that is no public entry is taken by another room", () => {
    const doors = sources.filter(
      ({ path }) => path.endsWith("/index.ts") && !entries.has(path) && roomOf(path) !== undefined,
    );
    expect(doors.flatMap(places).filter((place) => !isUsed(place))).toEqual([]);
  });

  it("of a public entry leads to a file that has it", () => {
    const broken = [...entries].flatMap((entry) => {
      const source = byPath.get(entry);
      return source ? importsOf(source).filter(({ target }) => target && !byPath.has(target)) : [];
    });
    expect(broken).toEqual([]);
  });
});
