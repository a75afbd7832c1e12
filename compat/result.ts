/** How a run ended: to print, and to keep in compat/results. */

import { mkdirSync, writeFileSync } from "node:fs";

import type { Peer, TestFile } from "./peer.ts";

export interface Result {
  readonly peer: string;
  readonly version: string;
  readonly date: string;
  readonly node: string;
  /** Cases that say something about a user's program. */
  readonly behaviour: Count & { readonly needed: number };
  /** Cases about what the peer keeps to itself. */
  readonly apart: Count;
  readonly files: readonly (Count & { readonly file: string; readonly apart: boolean })[];
  readonly failures: readonly {
    readonly file: string;
    readonly name: string;
    readonly failure: string;
  }[];
}

interface Count {
  readonly passed: number;
  readonly of: number;
}

export function resultOf({ name, version, needed }: Peer, files: readonly TestFile[]): Result {
  return {
    peer: name,
    version,
    date: new Date().toISOString().slice(0, 10),
    node: process.versions.node,
    behaviour: { ...countOf(files.filter(({ apart }) => !apart)), needed },
    apart: countOf(files.filter(({ apart }) => apart)),
    files: files.map((file) => ({ file: file.file, apart: file.apart, ...countOf([file]) })),
    failures: files.flatMap(({ file, cases }) =>
      cases.flatMap(({ name, failure }) => (failure === undefined ? [] : { file, name, failure })),
    ),
  };
}

/** A Markdown table, which reads as one in a terminal too. */
export function tableOf({ peer, version, files, failures, behaviour, apart }: Result): string {
  const rows = files.map(({ file, passed, of, apart: isApart }) => [
    file,
    String(passed),
    String(of - passed),
    isApart ? "internal" : "",
  ]);
  const lines = [["file", "passed", "failed", ""], ...rows];
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  const text = lines.map(
    (line) => `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`,
  );
  text.splice(1, 0, `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`);
  return [
    `${peer} ${version}, its own tests against @kintsugi/policy/compat/${peer}`,
    "",
    ...text,
    "",
    `behaviour: ${behaviour.passed} of ${behaviour.of} passed, ${behaviour.needed} needed; ` +
      `internals: ${apart.passed} of ${apart.of}`,
    ...failures.map(({ file, name, failure }) => `failed: ${file}: ${name}: ${failure}`),
  ].join("\n");
}

/** Gives the place of the file. */
export function writeResult(result: Result): URL {
  const folder = new URL("results/", import.meta.url);
  const file = new URL(`${result.peer}.json`, folder);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, `${JSON.stringify(result, undefined, 1)}\n`);
  return file;
}

function countOf(files: readonly TestFile[]): Count {
  const cases = files.flatMap((file) => file.cases);
  return { passed: cases.filter(({ failure }) => failure === undefined).length, of: cases.length };
}
