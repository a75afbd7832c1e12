/**
 * What one part of a configuration says about another: names that must exist, circles, limits that
 * exclude each other. Works on what was written, so that it finds its faults beside the schema's.
 */

import type { Finding } from "./explain.ts";
import { show } from "./explain.ts";
import { keyName } from "./faults.ts";
import { nearest } from "./nearest.ts";
import { KERNEL_MODULE } from "./schema-parts.ts";
import { alternatives, MOST_ENTRIES } from "./values.ts";
import type { Path } from "./yaml.ts";

/** Names that logs, chaos and trust give to parts of the house. */
const RESERVED = ["runtime", "watchdog", "self_healing"];

export function findBrokenRelations(tree: unknown): readonly Finding[] {
  const components = mapAt(tree, "components");
  return [
    ...languageWords(tree, []),
    ...Object.keys(components).flatMap(refuseReserved),
    ...Object.entries(components).flatMap(([name, each]) =>
      brokenDependencies(name, each, components),
    ),
    ...circles(components),
    ...Object.entries(mapAt(tree, "triggers")).flatMap(([name, each]) =>
      brokenTrigger(["triggers", name], fieldsOf(each), components),
    ),
    ...brokenPlan(tree, components),
  ];
}

/** A file cannot hold a kernel as a program can: it must say which module has it. */
export function findMissingModules(tree: unknown): readonly Finding[] {
  return Object.entries(mapAt(tree, "components")).flatMap(([name, component]) => {
    const { kind, module } = fieldsOf(component);
    if (kind !== "kernel" || module !== undefined) return [];
    const path = ["components", name, "module"];
    const message = `${keyName(path)} is missing; expected ${KERNEL_MODULE}`;
    return [{ path, part: "value" as const, message }];
  });
}

type Fields = Readonly<Record<string, unknown>>;

/** Keys such as `__proto__` mean something to the language wherever an object is used as a map. */
function languageWords(value: unknown, path: Path, seen = new WeakSet()): readonly Finding[] {
  if (typeof value !== "object" || value === null || seen.has(value)) return [];
  seen.add(value); // An object that a program gives may hold itself.
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = [...path, Array.isArray(value) ? Number(key) : key];
    if (!(key in Object.prototype)) return languageWords(inner, here, seen);
    const message = `"${key}" is a word of the language; expected another name`;
    return [{ path: here, part: "key" as const, message }];
  });
}

function refuseReserved(name: string): readonly Finding[] {
  if (!RESERVED.includes(name)) return [];
  const message = `a component cannot be called "${name}", as a part of the program is; expected another name`;
  return [{ path: ["components", name], part: "key", message }];
}

function brokenDependencies(name: string, component: unknown, all: Fields): readonly Finding[] {
  return dependenciesOf(component).flatMap((dependency, index) =>
    unknownName(["components", name, "dependsOn", index], dependency, Object.keys(all)),
  );
}

/** One finding a circle, at the component that comes first in the file. */
function circles(components: Fields): readonly Finding[] {
  if (Object.keys(components).length > MOST_ENTRIES) return []; // Refused by the schema already.
  const settled = new Set<string>();
  const findings: Finding[] = [];
  const visit = (name: string, trail: readonly string[]): void => {
    const start = trail.indexOf(name);
    if (start >= 0) {
      const circle = [...trail.slice(start), name];
      const message = `the dependencies ${circle.join(" -> ")} are a circle; expected one to start first`;
      findings.push({ path: ["components", name, "dependsOn"], part: "value", message });
    } else if (!settled.has(name) && Object.hasOwn(components, name)) {
      for (const next of dependenciesOf(components[name])) visit(next, [...trail, name]);
      settled.add(name);
    }
  };
  for (const name of Object.keys(components)) visit(name, []);
  return findings;
}

function brokenTrigger(path: Path, trigger: Fields, components: Fields): readonly Finding[] {
  const { type, component, above, aboveRatio, clear, clearRatio } = trigger;
  const findings: Finding[] = [];
  const add = (key: string, message: string): void => {
    findings.push({ path: [...path, key], part: "key", message });
  };
  if (above !== undefined && aboveRatio !== undefined) {
    add("aboveRatio", `${keyName(path)} has above and aboveRatio; expected one of them`);
  }
  if (clear !== undefined && clearRatio !== undefined) {
    add("clearRatio", `${keyName(path)} has clear and clearRatio; expected one of them`);
  }
  if (typeof component !== "string") return findings;
  const watched = fieldsOf(components[component]);
  if (!Object.hasOwn(components, component)) {
    findings.push(...unknownName([...path, "component"], component, Object.keys(components)));
  } else if (
    type === "heartbeat-failure" &&
    watched["kind"] === "process" &&
    !watched["heartbeat"]
  ) {
    add("component", `${component} does not beat; expected components.${component}.heartbeat`);
  } else if (type === "resource-spike" && above === undefined && !hasLimit(watched)) {
    add(
      "component",
      `${component} has no memory limit; expected limits.memory there, or above here`,
    );
  }
  return findings;
}

const hasLimit = (component: Fields): boolean =>
  fieldsOf(component["limits"])["memory"] !== undefined;

function brokenPlan(tree: unknown, components: Fields): readonly Finding[] {
  const plan = mapAt(tree, "chaos")["plan"];
  const seen = new Set<unknown>();
  const processes = Object.keys(components).filter(
    (name) => fieldsOf(components[name])["kind"] === "process",
  );
  const killable = [...processes, "runtime", "watchdog"];
  const others = [...Object.keys(components), ...Object.keys(mapAt(tree, "calls"))];
  const known = [...killable, ...others];
  return (Array.isArray(plan) ? plan : []).flatMap((entry, index) => {
    const path = ["chaos", "plan", index];
    const { name, kill, hang, leak, crash, failCalls } = fieldsOf(entry);
    const isTwin = typeof name === "string" && seen.has(name);
    seen.add(name);
    const message = `two faults are called ${show(name)}; expected a name for each`;
    const twin: Finding = { path: [...path, "name"], part: "value", message };
    return [
      ...(isTwin ? [twin] : []),
      ...wrongTarget([...path, "kill"], kill, killable, known),
      ...Object.entries({ hang, leak, crash, failCalls }).flatMap(([key, target]) =>
        wrongTarget([...path, key], target, processes, known),
      ),
    ];
  });
}

/** A fault whose target cannot have it would wait for ever: nothing would happen, without a word. */
function wrongTarget(
  path: Path,
  target: unknown,
  able: readonly string[],
  known: readonly string[],
): readonly Finding[] {
  if (typeof target !== "string" || !known.includes(target)) return unknownName(path, target, able);
  if (able.includes(target)) return [];
  const isKill = able.includes("runtime");
  const message =
    `${keyName(path)} is ${show(target)}, which cannot have this fault; ` +
    `expected a component of kind process${isKill ? ", runtime or watchdog" : ""}`;
  return [{ path, part: "value", message }];
}

function unknownName(path: Path, name: unknown, known: readonly string[]): readonly Finding[] {
  if (typeof name !== "string" || known.includes(name)) return [];
  const near = nearest(name, known);
  const choice = known.length > 0 ? alternatives(known.slice(0, 10)) : "a name that exists";
  const expected = near === undefined ? `expected ${choice}` : `did you mean "${near}"?`;
  const message = `${keyName(path)} is ${show(name)}, and nothing is called that; ${expected}`;
  return [{ path, part: "value", message }];
}

const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};

const mapAt = (tree: unknown, key: string): Fields => fieldsOf(fieldsOf(tree)[key]);

const dependenciesOf = (component: unknown): readonly string[] => {
  const names = fieldsOf(component)["dependsOn"];
  return Array.isArray(names) ? names.filter((name) => typeof name === "string") : [];
};
