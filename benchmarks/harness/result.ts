/** The result of a benchmark: a file that is committed, and that every figure in a document comes from. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";

import type { FigureSpec, Figures, Spread } from "./figures.ts";
import type { Load, Machine } from "./machine.ts";

export interface Result {
  readonly name: string;
  readonly title: string;
  /** Of the end, ISO 8601. */
  readonly date: string;
  readonly commit: string;
  /** Whether the checkout was that commit, results aside. */
  readonly clean: boolean;
  readonly quick: boolean;
  /** Gives the order of the first round. */
  readonly seed: string;
  readonly rounds: number;
  readonly seconds: number;
  /** Why the figures are not to be trusted; empty where they are. */
  readonly noisy: readonly string[];
  readonly machine: Machine;
  readonly load: Load;
  /** Node, peers and servers. */
  readonly versions: Readonly<Record<string, string>>;
  /** @defaultValue none are set */
  readonly goals?: readonly GoalResult[];
  readonly sections: readonly SectionResult[];
}

export interface SectionResult {
  readonly title: string;
  readonly figures: readonly FigureSpec[];
  readonly rows: readonly RowResult[];
}

export interface RowResult {
  readonly name: string;
  readonly ours: string;
  readonly contestants: readonly ContestantResult[];
}

export interface ContestantResult {
  readonly name: string;
  /** Whether it is somebody else's. */
  readonly isPeer?: boolean;
  readonly note?: string;
  /** Why it could not run, where it could not. */
  readonly missing?: string;
  readonly figures: Readonly<Record<string, Spread>>;
  /** How many times better ours is, from the ratios of single rounds. */
  readonly ratios: Readonly<Record<string, Spread>>;
  readonly rounds: readonly Figures[];
}

export interface GoalResult {
  readonly label: string;
  /** With its unit. */
  readonly ours: string;
  readonly goal: string;
  /** Undefined where it is only reported. */
  readonly isMet: boolean | undefined;
  /** The best peer of the row. */
  readonly peer: string;
  /** How many times better ours is. */
  readonly ratio: string;
}

const folder = new URL("../results/", import.meta.url);

/** Quick runs are for whoever changes a benchmark: their results are not committed. */
const fileOf = (name: string, quick: boolean): URL =>
  new URL(`${name}${quick ? ".quick" : ""}.json`, folder);

/** The file that was written. */
export function writeResult(result: Result): URL {
  mkdirSync(folder, { recursive: true });
  const file = fileOf(result.name, result.quick);
  writeFileSync(file, `${JSON.stringify(result, null, 1)}\n`);
  return file;
}

/** The committed result; undefined where there is none yet. */
export function committedResult(name: string): Result | undefined {
  const file = fileOf(name, false);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Result) : undefined;
}

/** A contestant of a row by their names, where it was measured. */
export function contestantOf(
  result: Result,
  row: string,
  contestant: string,
): ContestantResult | undefined {
  const rows = result.sections.flatMap((section) => section.rows);
  const found = rows
    .find(({ name }) => name === row)
    ?.contestants.find(({ name }) => name === contestant);
  return found?.missing === undefined ? found : undefined;
}
