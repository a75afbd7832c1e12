/** Environment variables that stand above the file: `KINTSUGI_SERVER_PORT` for `server.port`. */

import { configSchema } from "./schema.ts";
import type { Path } from "./yaml.ts";

/** A key that holds one value, and has a place of its own in every configuration. */
interface ScalarKey {
  readonly path: readonly string[];
  readonly variable: string;
  readonly kind: "text" | "number" | "flag";
}

export type Environment = Readonly<Record<string, string | undefined>>;

interface Overrides {
  /** The variables that are set, with their values as the schema wants them. */
  readonly set: readonly { readonly key: ScalarKey; readonly value: unknown }[];
  /** The variable that gave the value at `path`, if one did. */
  variableOf(path: Path): string | undefined;
}

/** An empty variable counts as none: that is how shells and service files switch one off. */
export function readOverrides(env: Environment): Overrides {
  const set = scalarKeys.flatMap((key) => {
    const text = env[key.variable];
    return text === undefined || text === "" ? [] : [{ key, value: readValue(key, text) }];
  });
  return {
    set,
    variableOf: (path) =>
      set.find(({ key }) => key.path.join(".") === path.map(String).join("."))?.key.variable,
  };
}

/**
 * The configuration with the overrides in it. Where something else than a map stands in the way, it
 * stays, and the schema says so.
 */
export function applyOverrides(tree: unknown, { set }: Overrides): unknown {
  return set.reduce((whole, { key, value }) => withValue(whole, key.path, value), tree);
}

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

function scalarsOf(schema: JsonSchema, path: readonly string[]): readonly ScalarKey[] {
  const { type, properties } = schema;
  if (properties) {
    return Object.entries(properties).flatMap(([key, inner]) => scalarsOf(inner, [...path, key]));
  }
  if (type === "object" || type === "array") return [];
  const variable = ["KINTSUGI", ...path.map(shout)].join("_");
  if (type === "boolean") return [{ path, variable, kind: "flag" }];
  const isNumber = type === "integer" || type === "number";
  return [{ path, variable, kind: isNumber ? "number" : "text" }];
}

/** `dryRun` becomes `DRY_RUN`. */
const shout = (key: string): string =>
  key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

/** What cannot be read as its kind stays text, and the schema says what it expected. */
function readValue({ kind }: ScalarKey, text: string): unknown {
  if (kind === "flag" && /^(true|false)$/i.test(text)) return text.toLowerCase() === "true";
  if (kind === "number" && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  return text;
}

function withValue(tree: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  const isMap = typeof tree === "object" && tree !== null && !Array.isArray(tree);
  if (!isMap && tree !== undefined && tree !== null) return tree;
  const fields = (tree ?? {}) as Readonly<Record<string, unknown>>;
  const inner = Object.hasOwn(fields, key) ? fields[key] : undefined;
  // Not spread: a copy must keep a key named __proto__ a key.
  return Object.assign(Object.create(null), fields, { [key]: withValue(inner, rest, value) });
}

/** All keys that a variable can set, in the order of the schema. */
export const scalarKeys: readonly ScalarKey[] = scalarsOf(configSchema(), []);
