/** Turns what the schema refuses into sentences: what is there, and what was expected. */

import type { z } from "zod";

import { keyName } from "./faults.ts";
import { nearest } from "./nearest.ts";
import type { Path } from "./yaml.ts";

/** A fault that has not been placed yet. */
export interface Finding {
  readonly path: Path;
  /** Whether the key itself is wrong, or the value under it. */
  readonly part: "key" | "value";
  readonly message: string;
}

type Issue = z.core.$ZodIssue;

/** All findings in `tree`; every message of an issue says what was expected (values.ts). */
export function explain(issues: readonly Issue[], tree: unknown): readonly Finding[] {
  return issues.flatMap((issue) => explainOne(issue, tree, issue.path));
}

function explainOne(issue: Issue, tree: unknown, path: Path): readonly Finding[] {
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({
        path: [...path, key],
        part: "key" as const,
        message: `unknown key "${key}" ${inside(path)}; ${meant(key, issue.message.split(", "))}`,
      }));
    case "invalid_key": {
      const name = String(path.at(-1));
      const expected = issue.issues[0]?.message ?? "another name";
      const message = `${show(name)} is no name ${inside(path.slice(0, -1))}; expected ${expected}`;
      return [{ path, part: "key", message }];
    }
    case "invalid_union": {
      const branch = likeliest(issue.errors);
      if (branch) return branch.flatMap((each) => explainOne(each, tree, [...path, ...each.path]));
      return [mismatch(path, tree, issue.message, optionsOf(issue))];
    }
    case "invalid_value":
      return [mismatch(path, tree, issue.message, issue.values.map(String))];
    default:
      return [mismatch(path, tree, issue.message, [])];
  }
}

/** The words that would have told the forms apart; zod gives them, and leaves them out of its types. */
function optionsOf(issue: object): readonly string[] {
  return "options" in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
}

/**
 * The form that the writer had in mind: the one that fits best. Undefined when two fit as well as
 * each other; then the union's own message names all forms.
 */
function likeliest(forms: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const ranked = forms
    .map((issues) => ({ issues, misfit: issues.map(weigh).reduce((sum, each) => sum + each, 0) }))
    .toSorted((a, b) => a.misfit - b.misfit);
  const [best, second] = ranked;
  return best && second && best.misfit < second.misfit ? best.issues : undefined;
}

const weigh = (issue: Issue): number =>
  issue.code === "unrecognized_keys" ? issue.keys.length : 1;

function mismatch(
  path: Path,
  tree: unknown,
  expected: string,
  candidates: readonly string[],
): Finding {
  const value = valueAt(tree, path);
  const key = path.length > 0 ? keyName(path) : "the configuration";
  const found = value === undefined ? "is missing" : `is ${show(value)}`;
  const isChoice = candidates.length > 1 && typeof value === "string";
  const near = isChoice ? nearest(value, candidates) : undefined;
  const hint = near === undefined ? "" : `, did you mean "${near}"?`;
  return { path, part: "value", message: `${key} ${found}; expected ${expected}${hint}` };
}

function meant(key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  return near === undefined ? `expected one of ${known.join(", ")}` : `did you mean "${near}"?`;
}

const inside = (path: Path): string => (path.length > 0 ? `in ${keyName(path)}` : "at the top");

function valueAt(tree: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, part) => {
    const isHolder = typeof value === "object" && value !== null && Object.hasOwn(value, part);
    return isHolder ? (value as Record<PropertyKey, unknown>)[part] : undefined;
  }, tree);
}

/** Enough of a value to recognise it. Lists and maps are not printed: they may hold secrets. */
export function show(value: unknown): string {
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  if (typeof value === "function") return "a function";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}...` : text;
}

const LONGEST_SHOWN = 60;
