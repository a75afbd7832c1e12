/**
 * Which program a command is about: a configuration file and its data folder.
 *
 * Commands that only need the folder must work with a broken configuration and start quickly. So the
 * folder comes, in this order, from `--data-dir`, from KINTSUGI_DATA_DIR, or from the one line of the
 * file that begins with `dataDir:`; only a file that says it in another way is read as a whole.
 */

import { dirname, join, resolve } from "node:path";

import { type InstancePaths, instancePaths } from "../host/index.ts";
import type { CommandContext } from "./context.ts";
import { CommandError, WRONG } from "./exit-codes.ts";

export interface PlaceOptions {
  /** The configuration file. @defaultValue kintsugi.yaml in the working folder */
  readonly config?: string;
  readonly dataDir?: string;
}

const DEFAULT_FILE = "kintsugi.yaml";
const DEFAULT_DATA_DIR = ".kintsugi";

/** @throws {@link CommandError} when there is no such file. */
export function configFileOf({ host, cwd }: CommandContext, given: string | undefined): string {
  const file = resolve(cwd, given ?? DEFAULT_FILE);
  if (host.files.exists(file)) return file;
  throw new CommandError(
    WRONG,
    given === undefined
      ? `There is no ${DEFAULT_FILE} in ${cwd}: go to its folder, or name the file`
      : `There is no file ${file}: check the name of the configuration file`,
  );
}

/** Environment for everything that loads the configuration: `--data-dir` stands above the file. */
export function environmentOf(
  { host, cwd }: CommandContext,
  dataDir: string | undefined,
): CommandContext["host"]["env"] {
  return dataDir === undefined
    ? host.env
    : { ...host.env, KINTSUGI_DATA_DIR: resolve(cwd, dataDir) };
}

/** @throws {@link CommandError} when nothing says where the data folder is. */
export async function pathsOfPlace(
  context: CommandContext,
  options: PlaceOptions,
): Promise<InstancePaths> {
  const { host } = context;
  return instancePaths(await dataDirOf(context, options), host.env);
}

async function dataDirOf(context: CommandContext, options: PlaceOptions): Promise<string> {
  const { host, cwd } = context;
  if (options.dataDir === "") {
    // A variable that is not set, more often than not; it must not mean the folder one stands in.
    throw new CommandError(WRONG, "--data-dir is empty: give the data folder of the program");
  }
  if (options.dataDir !== undefined) return resolve(cwd, options.dataDir);
  const file = configFileOf(context, options.config);
  const fromEnvironment = host.env["KINTSUGI_DATA_DIR"];
  const written = fromEnvironment || writtenFolder(host.files.read(file) ?? "");
  return written === undefined ? loadedDataDir(context, file) : resolve(dirname(file), written);
}

/**
 * What a YAML text says of its data folder, if it says so plainly; undefined when only a parser can tell.
 */
export function writtenFolder(text: string): string | undefined {
  const lines = text.split(/\r?\n/).filter((line) => !/^\s*#/.test(line));
  const found = lines.filter((line) => line.includes("dataDir"));
  if (found.length === 0) return DEFAULT_DATA_DIR;
  const [, plain, double, single] =
    /^dataDir:[ \t]+(?:([\w./~][^\\"'#:]*?)|"([^"\\]*)"|'([^']*)')[ \t]*(?:[ \t]#.*)?$/.exec(
      found[0] ?? "",
    ) ?? [];
  return found.length === 1 ? (plain ?? double ?? single) : undefined;
}

async function loadedDataDir({ host }: CommandContext, file: string): Promise<string> {
  const { loadConfig } = await import("../config/index.ts");
  const loaded = loadConfig(file, host);
  if (loaded.ok) return loaded.config.dataDir;
  throw new CommandError(
    WRONG,
    `The data folder cannot be read from ${join(file)}: mend it (kintsugi config check says what is ` +
      "wrong), or give --data-dir <folder>",
  );
}
