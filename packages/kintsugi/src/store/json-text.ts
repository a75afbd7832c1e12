/**
 * JSON that comes back as it went in. `JSON.stringify` alone drops functions, turns NaN into null
 * and a Date into a string without a word; here such a value is refused, with the path to it.
 * Nothing is ever built by name when it is read (LangGraph's CVE-2025-64439 came from such a
 * loader).
 */

import { StoreUsageError } from "./errors.ts";

/** Deeper values are refused before they overflow the stack of whoever reads them. */
const MAX_DEPTH = 200;

/**
 * The JSON text of a value. A property that is undefined is left out, and -0 becomes 0: JSON has
 * neither. Lone surrogates are escaped, so that the text is well-formed and loses nothing.
 *
 * @throws {@link StoreUsageError} with the path of what JSON cannot carry.
 */
export function toJsonText(value: unknown, path: string): string {
  const problem = findProblem(value, 0, []);
  if (problem !== undefined) throw new StoreUsageError(path + problem.path, problem.text);
  return JSON.stringify(value);
}

interface Problem {
  readonly path: string;
  readonly text: string;
}

/** Builds no paths on the way down: they are put together on the way back, in need. */
function findProblem(value: unknown, depth: number, above: object[]): Problem | undefined {
  switch (typeof value) {
    case "string":
    case "boolean":
      return undefined;
    case "number":
      return Number.isFinite(value) ? undefined : here(`is ${value}, which JSON cannot carry`);
    case "object":
      return value === null ? undefined : findProblemInside(value, depth, above);
    default:
      return here(`is ${article(typeof value)}, which JSON cannot carry`);
  }
}

function findProblemInside(value: object, depth: number, above: object[]): Problem | undefined {
  if (depth >= MAX_DEPTH) return here(`lies deeper than ${MAX_DEPTH} levels`);
  if (above.includes(value)) return here("contains itself");
  above.push(value);
  const problem = Array.isArray(value)
    ? findProblemInArray(value, depth, above)
    : findProblemInObject(value, depth, above);
  above.pop();
  return problem;
}

function findProblemInArray(
  values: readonly unknown[],
  depth: number,
  above: object[],
): Problem | undefined {
  for (let index = 0; index < values.length; index += 1) {
    const problem = findProblem(values[index], depth + 1, above);
    if (problem !== undefined) return { ...problem, path: `[${index}]${problem.path}` };
  }
  return undefined;
}

function findProblemInObject(value: object, depth: number, above: object[]): Problem | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null && !isForeignPlain(prototype)) {
    return here(`is ${article(value.constructor?.name || "object")}, not a plain object`);
  }
  if ("toJSON" in value && typeof value.toJSON === "function") {
    return here("has a toJSON method, so it would come back as something else");
  }
  for (const [name, inner] of Object.entries(value)) {
    if (inner === undefined) continue;
    const problem = findProblem(inner, depth + 1, above);
    if (problem !== undefined) return { ...problem, path: `.${name}${problem.path}` };
  }
  return undefined;
}

/** A plain object of another realm, such as a test runner's sandbox. */
const isForeignPlain = (prototype: unknown): boolean =>
  typeof prototype === "object" &&
  prototype !== null &&
  Object.getPrototypeOf(prototype) === null &&
  Object.hasOwn(prototype, "isPrototypeOf");

const here = (text: string): Problem => ({ path: "", text });

const article = (noun: string): string => (/^[aeiou]/i.test(noun) ? `an ${noun}` : `a ${noun}`);
