/** From what was written to the configuration that the program uses; or to all that is wrong with it. */

import { basename, dirname, resolve } from "node:path";

import { KintsugiError, toError } from "@kintsugi/policy/base";

import type { Files } from "../host/index.ts";
import { applyOverrides, type Environment, readOverrides, scalarKeys } from "./environment.ts";
import { explain, type Finding } from "./explain.ts";
import { type ConfigFault, keyName, type Place, printFaults, printPlace } from "./faults.ts";
import { findBrokenRelations, findMissingModules } from "./relations.ts";
import { type PlacelessConfig, schema } from "./schema.ts";
import type { ComponentConfig, KintsugiConfig } from "./types.ts";
import type { ConfigInput } from "./written.ts";
import { LARGEST_BYTES, type Path, readYaml, type TextFault, TOO_LARGE } from "./yaml.ts";

export type LoadedConfig =
  | {
      readonly ok: true;
      readonly config: KintsugiConfig;
      /** Where each value comes from, by key: `kintsugi.yaml:4:9`, a variable, or `default`. */
      readonly origins: Readonly<Record<string, string>>;
    }
  | { readonly ok: false; readonly faults: readonly ConfigFault[] };

export interface LoadOptions {
  /** `KINTSUGI_*` of it stand above the file. */
  readonly env: Environment;
  readonly files: Pick<Files, "read" | "sizeBytes">;
}

/** The object that was given is no configuration. Its faults say why, each in a sentence. */
export class ConfigError extends KintsugiError {
  override readonly name = "ConfigError";
  readonly code = "KINTSUGI_CONFIG";
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[]) {
    super(`The configuration is wrong:\n${printFaults(faults)}`);
    this.faults = faults;
  }
}

/** What could be read of a file; a place for everything that is found in it later. */
interface Source {
  readonly tree: unknown;
  readonly faults: readonly ConfigFault[];
  place(path: Path, part: "key" | "value"): Place;
}

/**
 * Reads a configuration file. Never throws: a file that is missing, unreadable or wrong gives faults,
 * all of them at once, in the order of the file.
 */
export function loadConfig(file: string, { env, files }: LoadOptions): LoadedConfig {
  const written = readSource(file, files);
  if (written.tree === undefined) return { ok: false, faults: written.faults };

  const overrides = readOverrides(env);
  const tree = applyOverrides(written.tree ?? {}, overrides);
  const place: Source["place"] = (path, part) => {
    const variable = overrides.variableOf(path);
    return variable === undefined ? written.place(path, part) : { kind: "variable", variable };
  };
  const { config, findings } = check(tree, findMissingModules);
  const faults = [...written.faults, ...findings.map((finding) => toFault(finding, place))];
  if (!config || faults.length > 0) return { ok: false, faults: inOrder(faults) };
  return {
    ok: true,
    config: settle(config, dirname(resolve(file)), resolve(file)),
    origins: originsOf(tree, place),
  };
}

/**
 * The configuration of a program that has no file: defaults, and what `input` says instead.
 *
 * @param folder Where relative paths start. @defaultValue the working folder
 * @throws {@link ConfigError} naming every key that is wrong.
 */
export function defaultConfig(input: ConfigInput = {}, folder = "."): KintsugiConfig {
  const { config, findings } = check(input);
  const place: Place = { kind: "object" };
  if (config && findings.length === 0) return settle(config, resolve(folder), null);
  throw new ConfigError(findings.map((finding) => toFault(finding, () => place)));
}

function readSource(file: string, files: LoadOptions["files"]): Source {
  const inFile = (fault: TextFault): ConfigFault => ({
    place: { kind: "file", file, ...fault.position },
    key: fault.key,
    message: fault.message,
  });
  const unreadable = (message: string): Source => {
    const place: Place = { kind: "whole-file", file };
    return { tree: undefined, faults: [{ place, key: "", message }], place: () => place };
  };
  try {
    if (files.sizeBytes(file) > LARGEST_BYTES) return unreadable(TOO_LARGE);
    const text = files.read(file);
    if (text === undefined) {
      return unreadable("there is no such file; expected the configuration of the program");
    }
    const { tree, faults, locate } = readYaml(text);
    return {
      tree,
      faults: faults.map(inFile),
      place: (path, part) => ({ kind: "file", file, ...locate(path, part) }),
    };
  } catch (error) {
    return unreadable(`the file cannot be read (${toError(error).message}); expected a text file`);
  }
}

interface Checked {
  readonly config: PlacelessConfig | undefined;
  readonly findings: readonly Finding[];
}

function check(tree: unknown, more: (tree: unknown) => readonly Finding[] = () => []): Checked {
  const parsed = schema.safeParse(tree);
  const findings = parsed.success ? [] : explain(parsed.error.issues, tree);
  return {
    config: parsed.data,
    findings: withoutTwins([...findings, ...findBrokenRelations(tree), ...more(tree)]),
  };
}

/** Two rules may stumble over one key; the first to do so speaks. */
function withoutTwins(findings: readonly Finding[]): readonly Finding[] {
  const seen = new Set<string>();
  return findings.filter(({ path }) => {
    const key = path.map(String).join("\0");
    return !seen.has(key) && seen.add(key);
  });
}

const toFault = ({ path, part, message }: Finding, place: Source["place"]): ConfigFault => ({
  place: place(path, part),
  key: keyName(path),
  message,
});

function inOrder(faults: readonly ConfigFault[]): readonly ConfigFault[] {
  const rank = ({ place }: ConfigFault): number =>
    place.kind === "file" ? place.line * 1e6 + place.column : Infinity;
  return faults.toSorted((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)));
}

/** Makes paths absolute: from here on nobody asks where the file stood. */
function settle(config: PlacelessConfig, folder: string, file: string | null): KintsugiConfig {
  const components = Object.entries(config.components).map(
    ([name, component]) => [name, settleComponent(component, folder)] as const,
  );
  return {
    ...config,
    name: config.name ?? (basename(folder) || "kintsugi"),
    file,
    dataDir: resolve(folder, config.dataDir),
    workflows: withPaths(config.workflows, folder),
    runtime: { modules: config.runtime.modules.map((module) => resolve(folder, module)) },
    components: Object.fromEntries(components),
  };
}

function settleComponent(component: ComponentConfig, folder: string): ComponentConfig {
  const { command, cwd, module } = component;
  return {
    ...component,
    // A bare name is looked up on the PATH; `./serve` is a file beside the configuration.
    ...(command?.startsWith(".") && { command: resolve(folder, command) }),
    ...(cwd !== undefined && { cwd: resolve(folder, cwd) }),
    ...(module !== undefined && { module: resolve(folder, module) }),
  };
}

function originsOf(tree: unknown, place: Source["place"]): Readonly<Record<string, string>> {
  const written = leaves(tree, []).map(
    (path) => [keyName(path), printPlace(place(path, "value"))] as const,
  );
  const defaults = scalarKeys.map(({ path }) => [keyName(path), "default"] as const);
  return Object.fromEntries([...defaults, ...written]);
}

function leaves(value: unknown, path: Path): readonly Path[] {
  if (typeof value !== "object" || value === null) return path.length > 0 ? [path] : [];
  const isList = Array.isArray(value);
  return Object.entries(value).flatMap(([key, inner]) =>
    leaves(inner, [...path, isList ? Number(key) : key]),
  );
}

function withPaths(
  workflows: PlacelessConfig["workflows"],
  folder: string,
): PlacelessConfig["workflows"] {
  const { encryption } = workflows;
  if (!encryption) return workflows;
  const keys = encryption.keys.map(({ id, source }) => ({
    id,
    source: source.kind === "env" ? source : { ...source, path: resolve(folder, source.path) },
  }));
  return { ...workflows, encryption: { ...encryption, keys } };
}
