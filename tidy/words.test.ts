import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { allSources, exportsOf, productSources, root } from "./sources.ts";

/** Words that say nothing about a thing. Names that users of other tools know are the exceptions. */
const empty = /manager|helper|util|common|handler|data(?!base)|info(?!rm)/i;
const allowedNames = new Set(["dataDir", "handleResultType"]);

const glossary = readFileSync(join(root, "docs/glossary.md"), "utf8");

describe("the words of the house", () => {
  it("have no empty ones in the names of files", () => {
    const files = allSources().map(({ path }) => path.split("/").at(-1) ?? "");
    expect(files.filter((file) => empty.test(file))).toEqual([]);
  });

  it("have no empty ones in the names that others use", () => {
    const names = productSources().flatMap((source) =>
      exportsOf(source).map(({ name }) => `${source.path}: ${name}`),
    );
    const bad = names.filter((place) => {
      const name = place.split(": ")[1] ?? "";
      return empty.test(name) && !allowedNames.has(name);
    });
    expect(bad).toEqual([]);
  });

  it.each([
    "Call",
    "Policy",
    "Workflow",
    "Run",
    "Step",
    "Component",
    "Supervisor",
    "Event",
    "Trigger",
    "Incident",
    "Playbook",
    "Proposal",
  ])("explain %s in the glossary", (noun) => {
    expect(glossary).toMatch(new RegExp(`^\\| \\*\\*${noun}\\*\\*`, "m"));
  });

  it("name every fact that is written in the glossary", () => {
    const house = productSources().filter(({ path }) => !path.includes("/testing/"));
    const written = house.flatMap(({ text }) =>
      [...text.matchAll(/\bfact\(\s*"([a-z-]+\.[a-z-]+)"/g)].map(([, type]) => type ?? ""),
    );
    const unknown = [...new Set(written)].filter((type) => !glossary.includes(`\`${type}\``));
    expect(written.length).toBeGreaterThan(0);
    expect(unknown).toEqual([]);
  });

  it("promise nothing for later in the sources", () => {
    const excuses = /\b(TODO|FIXME|XXX|HACK)\b|not implemented|for now\b/;
    const found = allSources()
      .filter(({ path }) => path !== "tidy/words.test.ts")
      .flatMap(({ path, text }) =>
        text
          .split("\n")
          .flatMap((line, index) => (excuses.test(line) ? [`${path}:${index + 1}`] : [])),
      );
    expect(found).toEqual([]);
  });
});
