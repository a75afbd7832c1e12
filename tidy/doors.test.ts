import { describe, expect, it } from "vitest";

import { allSources, isNode, lineOf, type Node, nameOf, type Source, walk } from "./sources.ts";

/** The adapters of time, chance and the machine; and what stands outside the house. */
const adapters =
  /^packages\/policy\/src\/base\/(clock|random)\.ts$|^packages\/kintsugi\/src\/host\/|^packages\/dashboard\/(src\/browser|build)\.ts$|^tidy\/|^torture\/|^benchmarks\/|^compat\/|^mutation\//;

/** Testing's own adapters: the simulated world waits one real turn of the platform between events. */
const testingAdapters = /^packages\/kintsugi\/src\/testing\//;

const forbiddenGlobals = new Set([
  "setTimeout",
  "setInterval",
  "setImmediate",
  "queueMicrotask",
  "performance",
  "fetch",
]);

/** `Date.now` as object and member; `Date` itself stands for `new Date()` without an argument. */
const forbiddenMembers = new Set([
  "Date.now",
  "Math.random",
  "process.env",
  "process.hrtime",
  "process.nextTick",
  "process.getBuiltinModule",
  "process.kill",
  "AbortSignal.timeout",
  "crypto.randomUUID",
  "crypto.getRandomValues",
]);

/** Module values that may change: the policy registry, and the default runtime, both made on first use. */
const allowedModuleState: readonly string[] = [
  "packages/policy/src/executor/process-slot.ts: own",
  "packages/kintsugi/src/runtime/default/default-runtime.ts: shared",
  // What belongs to signals and attempts wherever they come from: no call can see another by it.
  "packages/policy/src/base/attempt.ts: attempts",
  "packages/policy/src/base/parent-signal.ts: known",
  "packages/policy/src/base/parent-signal.ts: latest",
  "packages/policy/src/base/parent-signal.ts: childless",
  // It belongs to the stores that it is kept by: who uses the same one takes turns.
  "packages/kintsugi/src/workflow/checkpoint/turns.ts: turns",
  "packages/kintsugi/src/workflow/checkpoint/known-versions.ts: stores",
  // Limits are read only, and shared where they are equal: nobody can tell.
  "packages/policy/src/circuit-breaker/thresholds.ts: latest",
];

describe("the doors of the machine", () => {
  const sources = allSources().filter(({ isTest }) => !isTest);

  it("are the only way to time, chance, processes and the network", () => {
    const inHouse = sources.filter(
      ({ path }) =>
        !adapters.test(path) && !testingAdapters.test(path) && !path.startsWith("examples/"),
    );
    expect(inHouse.flatMap(breaches)).toEqual([]);
  });

  it("are seen when somebody climbs through the window", () => {
    const climber = allSources().find(({ path }) => path === "packages/policy/src/base/clock.ts");
    expect(climber && breaches(climber).length).toBeGreaterThan(0);
  });

  it("leave no module value that changes but those that are listed", () => {
    const changing = sources
      .filter(({ path }) => path.startsWith("packages/"))
      .flatMap((source) => moduleState(source).map((name) => `${source.path}: ${name}`));
    expect(changing.filter((place) => !allowedModuleState.includes(place))).toEqual([]);
  });
});

function breaches(source: Source): readonly string[] {
  const found: string[] = [];
  walk(source.program, (node, parents) => {
    const name = breach(node, parents);
    if (name) found.push(`${source.path}:${lineOf(source, node)}: ${name}`);
  });
  return found;
}

/** Chance has doors of its own in `node:crypto`; hashes have not. */
const chance = /^(random|getRandom|webcrypto|generate)/;

function breach(node: Node, parents: readonly Node[]): string | undefined {
  const parent = parents.at(-1);
  if (node.type === "ImportSpecifier" && /crypto/.test(importedFrom(parent))) {
    const name = nameOf(node["imported"]) ?? "";
    return chance.test(name) ? `${name} of node:crypto` : undefined;
  }
  if (node.type === "VariableDeclarator" && nameOf(node["init"]) === "process") {
    return isNode(node["id"]) && node["id"].type === "ObjectPattern"
      ? "parts of process"
      : undefined;
  }
  if (node.type === "MemberExpression") {
    const member = `${nameOf(node["object"])}.${nameOf(node["property"])}`;
    if (forbiddenMembers.has(member)) return member;
    const global = /^globalThis\.(.+)$/.exec(member)?.[1];
    return global && forbiddenGlobals.has(global) && !isTypeOnly(parents) ? member : undefined;
  }
  if (node.type === "NewExpression" && nameOf(node["callee"]) === "Date") {
    return (node["arguments"] as readonly Node[]).length === 0 ? "new Date()" : undefined;
  }
  if (node.type !== "Identifier" || !parent) return undefined;
  const name = nameOf(node) ?? "";
  if (!forbiddenGlobals.has(name) || isTypeOnly(parents)) return undefined;
  if (parents.some((each) => parametersOf(each).includes(name))) return undefined; // Injected.
  const used = parent.type === "CallExpression" || parent.type === "MemberExpression";
  const isObject = parent["object"] === node || parent["callee"] === node;
  return used && isObject ? name : undefined;
}

const importedFrom = (declaration: Node | undefined): string =>
  isNode(declaration?.["source"]) ? String(declaration["source"]["value"]) : "";

const isTypeOnly = (parents: readonly Node[]): boolean =>
  parents.some(({ type }) => type === "TSTypeQuery" || type === "TSTypeAnnotation");

/** Names that a function takes in: inside it, an injected `fetch` is no door of the machine. */
function parametersOf(node: Node): readonly string[] {
  const parameters = (node["params"] as readonly unknown[] | undefined) ?? [];
  return (Array.isArray(parameters) ? parameters : []).flatMap((parameter) => {
    if (!isNode(parameter)) return [];
    if (parameter.type !== "ObjectPattern") return [nameOf(parameter) ?? ""];
    const properties = (parameter["properties"] as readonly Node[] | undefined) ?? [];
    return properties.map((property) => nameOf(property["value"]) ?? "");
  });
}

/** Names of `let` and of empty collections at the top of a module: state that all share. */
function moduleState(source: Source): readonly string[] {
  return source.program.body.flatMap((statement) => {
    const declaration = isNode(statement["declaration"]) ? statement["declaration"] : statement;
    if (declaration.type !== "VariableDeclaration") return [];
    const isLet = declaration["kind"] !== "const";
    return (declaration["declarations"] as readonly Node[]).flatMap((each) => {
      const value = each["init"];
      const isEmpty =
        isNode(value) &&
        value.type === "NewExpression" &&
        /^(Map|Set|WeakMap|WeakSet)$/.test(nameOf(value["callee"]) ?? "") &&
        (value["arguments"] as readonly Node[]).length === 0;
      return isLet || isEmpty ? [nameOf(each["id"]) ?? ""] : [];
    });
  });
}
