/** What is kept of a run: small enough to be read, with the place of everything that no test noticed. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** The part of Stryker's report that is looked at (its "mutation testing report schema"). */
export interface Report {
  readonly files: Readonly<
    Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>
  >;
}

interface Mutant {
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly status: string;
  readonly location: { readonly start: { readonly line: number; readonly column: number } };
}

export interface Survivor {
  /** `file:line` from the folder of the policy. */
  readonly place: string;
  readonly mutator: string;
  /** The line as it stands. */
  readonly line: string;
  /** What stood there instead of a part of it. */
  readonly became: string;
  /** Why no test can, or need, tell the difference; left out where nobody has said so. */
  readonly reason?: string;
}

export interface MutationResult {
  readonly folder: string;
  /** ISO 8601, of the day. */
  readonly date: string;
  readonly stryker: string;
  /** Per cent of the mutants that some test noticed, by failing or by never ending. */
  readonly score: number;
  readonly killed: number;
  readonly timedOut: number;
  /** Mutants that no test ran through are among them. */
  readonly survived: number;
  readonly survivors: readonly Survivor[];
}

/** A verdict on a survivor, found again by what the line says: line numbers move. */
export interface Verdict {
  readonly file: string;
  /** A part of the line. */
  readonly line: string;
  /** Left out where it goes for all mutants of the line. */
  readonly mutator?: string;
  readonly reason: string;
}

export function resultOf(
  folder: string,
  report: Report,
  verdicts: readonly Verdict[],
  versions: { readonly stryker: string; readonly date: string },
): MutationResult {
  const survivors: Survivor[] = [];
  let killed = 0;
  let timedOut = 0;
  for (const [path, { source, mutants }] of Object.entries(report.files)) {
    const lines = source.split("\n");
    const file = path.replace(/^src\/[^/]+\//, "");
    for (const { mutatorName, replacement = "", status, location } of mutants) {
      if (status === "Killed") killed += 1;
      if (status === "Timeout") timedOut += 1;
      if (status !== "Survived" && status !== "NoCoverage") continue;
      survivors.push({
        place: `${file}:${location.start.line}`,
        mutator: mutatorName,
        line: lines[location.start.line - 1]?.trim() ?? "",
        became: replacement.replace(/\s+/g, " ").slice(0, 120),
      });
    }
  }
  const noticed = killed + timedOut;
  const score = Math.round((1_000 * noticed) / Math.max(1, noticed + survivors.length)) / 10;
  const { stryker, date } = versions;
  const survived = survivors.length;
  const found = { folder, date, stryker, score, killed, timedOut, survived, survivors };
  return withVerdicts(found, verdicts);
}

/** The same result, with what is said of its survivors now. */
export function withVerdicts(result: MutationResult, verdicts: readonly Verdict[]): MutationResult {
  const survivors = result.survivors.map(({ place, mutator, line, became }): Survivor => {
    const file = `${result.folder}/${place.replace(/:\d+$/, "")}`;
    const verdict = verdicts.find(
      (each) =>
        each.file === file && line.includes(each.line) && (each.mutator ?? mutator) === mutator,
    );
    return { place, mutator, line, became, ...(verdict && { reason: verdict.reason }) };
  });
  return { ...result, survivors };
}

const fileOf = (folder: string): URL => new URL(`results/${folder}.json`, import.meta.url);

export function writeResult(result: MutationResult): void {
  writeFileSync(fileOf(result.folder), `${JSON.stringify(result, undefined, 2)}\n`);
}

/** Undefined where none is committed. */
export function committedResult(folder: string): MutationResult | undefined {
  const file = fileOf(folder);
  if (!existsSync(file)) return undefined;
  return JSON.parse(readFileSync(file, "utf8")) as MutationResult;
}
