/** How the watchdog and the runtime are started: by whomever, always in the same way. */

import { dirname, join } from "node:path";

import {
  type Host,
  type InstancePaths,
  logFiles,
  ownProgram,
  type ProcessSpec,
  siblingProgram,
} from "../host/index.ts";

/** Says in the environment of a process whose it is, and what. */
export const INSTANCE_MARKER = "KINTSUGI_INSTANCE";
export const ROLE_MARKER = "KINTSUGI_ROLE";

/** Said to one process; a process that it starts must not take them for its own. */
const OWN_MARKERS: readonly string[] = [
  INSTANCE_MARKER,
  ROLE_MARKER,
  "KINTSUGI_COMPONENT",
  "KINTSUGI_INCARNATION",
  "KINTSUGI_SOCKET",
  "KINTSUGI_HEARTBEAT_MS",
];

export interface WatchdogProgramOptions {
  readonly paths: InstancePaths;
  /** The configuration that the runtime is to load; both run in its folder. */
  readonly configFile: string;
  /** The environment to hand on: `host.env`. */
  readonly env: Host["env"];
  /**
   * No person typed this: the boot service, or whoever saw a watchdog die. It goes on with the back-off
   * of the last watchdog, and takes no refusal of a program that was ready once for an end.
   * @defaultValue false
   */
  readonly boot?: boolean;
  /** Silence of the runtime that counts as a hang. @defaultValue 10_000 */
  readonly hangMs?: number;
  /** @defaultValue 100 ms, growing to 30 s */
  readonly restart?: { readonly initialMs: number; readonly maxMs: number };
  /** The program file of the watchdog. @defaultValue the one of this package */
  readonly program?: URL;
}

/** How to start the watchdog of an instance. Starting a second one is harmless: it leaves with 75. */
export function watchdogProgram(options: WatchdogProgramOptions): ProcessSpec {
  const { paths, configFile, boot, hangMs, restart } = options;
  const program = options.program ?? siblingProgram("main", import.meta.url);
  const { command, args } = ownProgram(program, [
    paths.dataDir,
    configFile,
    ...(boot ? ["--boot"] : []),
    ...(hangMs === undefined ? [] : [`--hang-ms=${hangMs}`]),
    ...(restart
      ? [`--restart-initial-ms=${restart.initialMs}`, `--restart-max-ms=${restart.maxMs}`]
      : []),
  ]);
  return {
    command,
    args,
    cwd: dirname(configFile),
    env: markedEnv(options.env, paths.instance, "watchdog"),
    ...logFiles(paths, "watchdog"),
  };
}

/** How to start the runtime of an instance; `program` is its program file. */
export function runtimeProgram(
  paths: InstancePaths,
  configFile: string,
  env: Host["env"],
  program: URL,
): ProcessSpec {
  const { command, args } = ownProgram(program, [configFile]);
  return {
    command,
    args,
    cwd: dirname(configFile),
    env: {
      // Compiling is two thirds of a start: after a crash, that is time in which nobody is served.
      NODE_COMPILE_CACHE: join(paths.dataDir, "compiled"),
      ...markedEnv(env, paths.instance, "runtime"),
    },
    ...logFiles(paths, "runtime"),
  };
}

function markedEnv(
  env: Host["env"],
  instance: string,
  role: "watchdog" | "runtime",
): Readonly<Record<string, string>> {
  const inherited = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !OWN_MARKERS.includes(entry[0]),
  );
  return {
    ...Object.fromEntries(inherited),
    [INSTANCE_MARKER]: instance,
    [ROLE_MARKER]: role,
  };
}
