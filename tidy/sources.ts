/** The house as the rules see it: its source files, parsed once, and a walk over their syntax. */

import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync } from "vite";

export const root: string = fileURLToPath(new URL("..", import.meta.url));

export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

export interface Source {
  /** From the root, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  readonly program: Node & { readonly body: readonly Node[] };
  readonly isTest: boolean;
}

export interface Import {
  readonly from: Source;
  readonly specifier: string;
  /** The file from the root, for a relative import; undefined for a package. */
  readonly target: string | undefined;
  /** What is taken; `*` for all of it. */
  readonly names: readonly string[];
}

/** All TypeScript of the packages, the examples, the suites, the benchmarks and these rules. */
export function allSources(): readonly Source[] {
  const patterns = [
    "packages/*/src/**/*.{ts,tsx}",
    "packages/dashboard/*.ts",
    "examples/**/*.ts",
    "tidy/*.ts",
    "torture/**/*.ts",
    "benchmarks/*.ts",
    "benchmarks/*/*.ts",
    "mutation/*.ts",
    "compat/*.ts",
  ];
  const paths = patterns.flatMap((pattern) => globSync(pattern, { cwd: root }));
  return paths
    .filter((path) => !path.includes("node_modules"))
    .toSorted()
    .map(parse);
}

/** What ships: no tests, no suites, no examples. */
export function productSources(): readonly Source[] {
  return allSources().filter(({ path, isTest }) => /^packages\/[^/]+\/src\//.test(path) && !isTest);
}

function parse(path: string): Source {
  const text = readFileSync(join(root, path), "utf8");
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path} does not parse: ${errors[0]?.message}`);
  return {
    path,
    text,
    lines: text.split("\n").length - 1,
    program: program as unknown as Source["program"],
    isTest: /\.test\.tsx?$|\/fixtures\//.test(path),
  };
}

export const lineOf = (source: Source, node: Node): number =>
  source.text.slice(0, node.start).split("\n").length;

export const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "type" in value && "start" in value;

/** Visits every node of a tree, parents first. */
export function walk(node: Node, visit: (node: Node, parents: readonly Node[]) => void): void {
  const step = (here: Node, parents: readonly Node[]): void => {
    visit(here, parents);
    const below = [...parents, here];
    for (const value of Object.values(here)) {
      const children = Array.isArray(value) ? value : [value];
      for (const child of children) if (isNode(child)) step(child, below);
    }
  };
  step(node, []);
}

/** Imports, re-exports, `import()` and `import("...")` in types. */
export function importsOf(source: Source): readonly Import[] {
  const found: Import[] = [];
  const add = (specifier: unknown, names: readonly string[]): void => {
    if (typeof specifier !== "string") return;
    const target = specifier.startsWith(".")
      ? relative(root, resolve(root, dirname(source.path), specifier))
      : undefined;
    found.push({ from: source, specifier, target, names });
  };
  walk(source.program, (node) => {
    const from = literal(node["source"]);
    if (node.type === "ImportDeclaration" || node.type === "ExportNamedDeclaration") {
      const specifiers = (node["specifiers"] as readonly Node[] | undefined) ?? [];
      add(from, specifiers.map(takenName));
    } else if (node.type === "ExportAllDeclaration" || node.type === "ImportExpression") {
      add(from, ["*"]);
    } else if (node.type === "TSImportType") {
      add(literal(node["argument"]) ?? from, [nameOf(node["qualifier"]) ?? "*"]);
    }
  });
  return found;
}

/** The names that a file exports, with the node of each; re-exports keep their `from`. */
export function exportsOf(source: Source): readonly { name: string; node: Node; from?: string }[] {
  return source.program.body.flatMap((node) => {
    if (node.type !== "ExportNamedDeclaration") return [];
    const from = literal(node["source"]);
    const declaration = node["declaration"];
    if (isNode(declaration)) return declaredNames(declaration).map((name) => ({ name, node }));
    const specifiers = (node["specifiers"] as readonly Node[] | undefined) ?? [];
    return specifiers.map((specifier) => ({
      name: nameOf(specifier["exported"]) ?? "",
      node,
      ...(from !== undefined && { from }),
    }));
  });
}

export function declaredNames(declaration: Node): readonly string[] {
  const declarations = declaration["declarations"];
  if (!Array.isArray(declarations)) return [nameOf(declaration["id"]) ?? ""];
  return declarations.flatMap((each: Node) => {
    const id = each["id"] as Node;
    const properties = (id["properties"] as readonly Node[] | undefined) ?? [];
    return id.type === "ObjectPattern"
      ? properties.map((property) => nameOf(property["value"]) ?? "")
      : [nameOf(id) ?? ""];
  });
}

export function nameOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  const name = node["name"] ?? node["value"];
  return typeof name === "string" ? name : undefined;
}

function takenName(specifier: Node): string {
  if (specifier.type === "ImportNamespaceSpecifier") return "*";
  return nameOf(specifier["imported"]) ?? nameOf(specifier["local"]) ?? "default";
}

function literal(node: unknown): string | undefined {
  const value = isNode(node)
    ? isNode(node["literal"])
      ? node["literal"]["value"]
      : node["value"]
    : undefined;
  return typeof value === "string" ? value : undefined;
}
