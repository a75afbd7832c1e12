import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";

import { type LedgerLine, openLedger } from "../model-server/ledger.ts";
import { delayFor, moodFor } from "../model-server/misbehave.ts";
import { summarise } from "../model-server/summarise.ts";
import { findPackages } from "./documents.ts";
import { checkLedger, countCalls } from "./ledger.ts";
import { classifyLicence } from "./licence.ts";
import { groupNearDuplicates, likeness, signatureOf } from "./near-duplicates.ts";
import { writeReport } from "./report.ts";
import { judge } from "./summary.ts";

/** A folder with these files; removed afterwards. */
function setup(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "digest-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

describe("a folder of packages", () => {
  it("gives the readme, changelog and licence files of each, in order", () => {
    const folder = setup({
      "b/README.md": "b",
      "@scope/a/LICENSE": "a",
      "@scope/a/CHANGELOG.md": "a",
      "@scope/a/licence-check.js": "no document",
      "b/src/index.js": "no document",
    });
    expect(findPackages(folder)).toEqual([
      {
        name: "@scope/a",
        documents: [
          { path: "@scope/a/CHANGELOG.md", kind: "changelog" },
          { path: "@scope/a/LICENSE", kind: "licence" },
        ],
      },
      { name: "b", documents: [{ path: "b/README.md", kind: "readme" }] },
    ]);
  });

  it("gives a hundred of them, the first by their names, so that the job ends in its time", () => {
    const names = Array.from({ length: 103 }, (_, number) => `p${1_000 + number}`);
    const folder = setup(Object.fromEntries(names.map((name) => [`${name}/README.md`, name])));
    expect(findPackages(folder).map(({ name }) => name)).toEqual(names.slice(0, 100));
  });
});

describe("a licence", () => {
  it.each([
    ["MIT", "Permission is hereby granted, free of charge, to any person obtaining\n a copy"],
    ["Apache-2.0", "Apache License\n   Version 2.0, January 2004"],
    ["BSD-2-Clause", "Redistribution and use in source and binary forms, with or without"],
    ["unknown", "All rights reserved"],
  ])("is known as %s by its own sentence", (name, text) => {
    expect(classifyLicence(text)).toBe(name);
  });
});

describe("near-duplicates", () => {
  const text = Array.from({ length: 200 }, (_, index) => `word${index}`).join(" ");

  it("are alike to themselves, whatever the text", () => {
    fc.assert(
      fc.property(fc.string(), (any) => likeness(signatureOf(any), signatureOf(any)) === 1),
    );
  });

  it("group texts that differ in a word, and leave others alone", () => {
    const documents = [
      { path: "a", signature: signatureOf(`Copyright 2024 Anna. ${text}`) },
      { path: "b", signature: signatureOf(`Copyright 2024 Bert. ${text}`) },
      { path: "c", signature: signatureOf("quite another text about quite other things") },
    ];
    expect(groupNearDuplicates(documents)).toEqual([["a", "b"]]);
  });
});

describe("a summary", () => {
  it("is made of sentences of the text, and the same each time", () => {
    const sentence = "The bowl is mended with gold where it broke.";
    const text = `# Bowl\n\n${sentence} Nobody hides it.\n\n| a | table |\n\n${sentence}`;
    expect(summarise(text)).toContain("mended with gold");
    expect(summarise(text)).toBe(summarise(text));
    expect(summarise(text)).not.toContain("|");
  });

  it("takes any text", () => {
    fc.assert(fc.property(fc.string(), (text) => summarise(text).length <= 280));
  });
});

describe("a provider's bad day", () => {
  const temper = { failureRate: 0.18, delayMs: 100 };
  const documents = Array.from({ length: 3_000 }, (_, index) => `package-${index}/README.md`);
  const day = (seed: string, failures = 0) =>
    documents.map((document) => moodFor(seed, document, failures, temper));

  it("is the same for the same seed, and another one for another", () => {
    expect(day("seed")).toEqual(day("seed"));
    expect(day("seed")).not.toEqual(day("other"));
  });

  it("is about as bad as it was set, whatever was refused before", () => {
    for (const failures of [0, 1, 2]) {
      const bad = day("seed", failures).filter(({ kind }) => kind !== "well");
      expect(bad.length / documents.length).toBeGreaterThan(0.16);
      expect(bad.length / documents.length).toBeLessThan(0.2);
      expect(bad.filter(({ kind }) => kind === "silent").length).toBeGreaterThan(20);
    }
  });

  it("answers about every document in the end, if it is asked again", () => {
    const tries = (document: string): number => {
      let failures = 0;
      while (failures < 50 && moodFor("seed", document, failures, temper).kind !== "well")
        failures += 1;
      return failures;
    };
    expect(Math.max(...documents.map(tries))).toBeLessThan(10);
  });

  it("takes as long for a document at each try, and never so long that a caller gives up", () => {
    const delays = documents.map((document) => delayFor("seed", document, temper));
    const answered = day("seed", 3).map((mood) => (mood.kind === "well" ? mood.delayMs : null));
    expect(answered.every((ms, index) => ms === null || ms === delays[index])).toBe(true);
    expect(Math.max(...delays)).toBe(500);
    expect(delays.filter((ms) => ms === 500).length / documents.length).toBeCloseTo(0.05, 1);
  });
});

describe("a ledger", () => {
  const line = (what: LedgerLine["what"], document: string): LedgerLine => ({
    what,
    document,
    key: `run/${document}:1`,
    attempt: 1,
    incarnation: 1,
  });

  it("knows in the next life what failed in the one before, whatever came of its last line", () => {
    const file = join(setup({}), "ledger.jsonl");
    const first = openLedger(file);
    expect(first.failuresOf("a")).toBe(0);
    first.write(line("asked", "a"));
    first.write(line("failed", "a"));
    first.write(line("failed", "b"));
    expect(first.failuresOf("a")).toBe(1);
    appendFileSync(file, '{"what":"failed","docu');
    const next = openLedger(file);
    expect(next.failuresOf("a")).toBe(1);
    expect(next.failuresOf("c")).toBe(0);
    next.write(line("failed", "a"));
    expect(openLedger(file).failuresOf("a")).toBe(2);
  });

  it("counts calls that were taken and calls that failed; answers alone are effects", () => {
    const file = join(setup({}), "ledger.jsonl");
    const ledger = openLedger(file);
    for (const what of ["asked", "failed", "asked", "failed", "asked", "answered"] as const) {
      ledger.write(line(what, "a"));
    }
    expect(countCalls(file)).toEqual({ asked: 3, failed: 2, hit: ["a"] });
    expect(checkLedger(file)).toEqual({ effects: 1, repeated: 0, violations: [] });
  });
});

describe("the judgement", () => {
  const documentOf = (path: string, calls = 1) => ({
    path,
    package: ".",
    kind: "readme" as const,
    sha256: "",
    words: 1,
    summary: "",
    licence: null,
    calls,
  });
  const reportOf = (folder: string, paths: readonly string[]): string => {
    const documents = paths.map((path) => documentOf(path, 3));
    writeReport(join(folder, "out"), {
      folder,
      packages: 1,
      documents,
      licences: {},
      nearDuplicates: [],
    });
    return join(folder, "out/report.json");
  };

  const judged = (folder: string, report: string, status = "completed") =>
    judge(folder, report, join(folder, "ledger.jsonl"), status);

  it("counts what was lost and what was recorded twice", () => {
    const folder = setup({ "a/README.md": "a", "b/README.md": "b" });
    expect(judged(folder, reportOf(folder, ["a/README.md", "a/README.md"]))).toMatchObject({
      lost: ["b/README.md"],
      twice: ["a/README.md"],
      complete: false,
    });
  });

  it("is well when every document is there once", () => {
    const folder = setup({ "a/README.md": "a", "b/README.md": "b" });
    const outcome = judged(folder, reportOf(folder, ["a/README.md", "b/README.md"]));
    expect(outcome).toMatchObject({ complete: true, done: 2, callsRetried: 4 });
  });

  it("believes the model server, where it has one, how often it was asked", () => {
    const folder = setup({ "a/README.md": "a" });
    const asked = Array.from({ length: 8 }, () => JSON.stringify({ what: "asked" }));
    writeFileSync(join(folder, "ledger.jsonl"), asked.join("\n"));
    expect(judged(folder, reportOf(folder, ["a/README.md"]))).toMatchObject({ callsRetried: 7 });
  });

  it("takes no report of an earlier run, and none of another folder, for this one", () => {
    const folder = setup({ "a/README.md": "a" });
    const report = reportOf(folder, ["a/README.md"]);
    expect(judged(folder, report, "dead")).toMatchObject({ done: 0, complete: false });
    const other = setup({ "a/README.md": "a" });
    expect(judged(other, report)).toMatchObject({ done: 0, complete: false });
  });

  it("sees a step that took effect again after it was recorded", () => {
    const folder = setup({ "a/README.md": "a" });
    const lines = ["run/a:1", "run/a:2", "run/a:2", "run/a:1"].map((key) =>
      JSON.stringify({ what: "answered", key }),
    );
    writeFileSync(join(folder, "ledger.jsonl"), [...lines, '{"key":"run/a:3'].join("\n"));
    const outcome = judged(folder, reportOf(folder, ["a/README.md"]));
    expect(outcome.twice).toEqual(["run/a:1 took effect again after step 2 of its run"]);
    expect(outcome.complete).toBe(false);
    expect(checkLedger(join(folder, "ledger.jsonl"))).toMatchObject({ effects: 4, repeated: 2 });
  });

  it("is that all is lost without a report", () => {
    const folder = setup({ "a/README.md": "a" });
    expect(judged(folder, join(folder, "none.json"))).toMatchObject({ done: 0, complete: false });
  });
});
