/** The watchdog as a program: its arguments, its lock, its identity, its end. */

import { parseArgs } from "node:util";

import { toError, wholeNumber } from "@kintsugi/policy/base";

import { acquireOwnerLock, type Host, type InstancePaths, instancePaths } from "../host/index.ts";
import { restartLimits } from "../supervise/restart/index.ts";
import { runtimeProgram } from "./programs.ts";
import { Watchdog } from "./watchdog.ts";
import { LOCK_HELD_CODE, type WatchdogLimits } from "./watchdog-state.ts";

/** EX_UNAVAILABLE and EX_USAGE of sysexits.h. */
const UNAVAILABLE_CODE = 69;
const USAGE_CODE = 64;

/** A runtime boots the user's modules and takes up open runs before it is ready. */
const START_MS = 60_000;

/** The runtime stops its components in order, each within its own time; then its time is up. */
const STOP_MS = 20_000;

/** Restarts in one period before the runtime counts as crash-looping; then it is tried ever more seldom. */
const INTENSITY = 6;

interface WatchdogSettings {
  readonly dataDir: string;
  readonly configFile: string;
  readonly boot: boolean;
  readonly limits: WatchdogLimits;
}

interface Surroundings {
  readonly host: Host;
  /** The program file of the runtime. */
  readonly runtime: URL;
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
  /** Calls back when the process is asked to end (SIGTERM, SIGINT). */
  readonly onSignal: (listener: (signal: string) => void) => void;
}

/** Resolves with the exit code, when the watchdog has left. */
export async function runWatchdog(
  args: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const { host, complain } = surroundings;
  try {
    const settings = readArguments(args);
    if (typeof settings === "string") {
      complain(settings);
      return USAGE_CODE;
    }
    const paths = instancePaths(settings.dataDir, host.env, { make: true });
    host.files.makeFolder(paths.logsDir, 0o700);
    const lock = acquireOwnerLock(paths.watchdogLock);
    if (!lock) {
      complain(`Another watchdog watches ${paths.dataDir} already; this one leaves`);
      return LOCK_HELD_CODE;
    }
    try {
      return await watch(settings, paths, surroundings);
    } finally {
      lock.release();
    }
  } catch (error) {
    complain(toError(error).message);
    return UNAVAILABLE_CODE;
  }
}

async function watch(
  { configFile, boot, limits }: WatchdogSettings,
  paths: InstancePaths,
  { host, runtime, print, complain, onSignal }: Surroundings,
): Promise<number> {
  const { instance, watchdogSocket: socket } = paths;
  const identity = { v: 1, ...host.processes.self, instance, socket };
  host.files.writeAtomic(paths.watchdogFile, `${JSON.stringify(identity)}\n`);
  const watchdog = new Watchdog({
    host,
    paths,
    limits,
    runtime: runtimeProgram(paths, configFile, host.env, runtime),
    byPerson: !boot,
    print,
  });
  onSignal((signal) => watchdog.detach(signal));
  const { code, message } = await watchdog.run();
  if (code !== 0 && message !== "") complain(message);
  host.files.remove(paths.watchdogFile);
  return code;
}

/** A sentence when they make no sense. */
function readArguments(args: readonly string[]): WatchdogSettings | string {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      boot: { type: "boolean", default: false },
      "hang-ms": { type: "string", default: "10000" },
      "restart-initial-ms": { type: "string", default: "100" },
      "restart-max-ms": { type: "string", default: "30000" },
    },
  });
  const [dataDir, configFile, ...rest] = positionals;
  if (!dataDir || !configFile || rest.length > 0) {
    return "Usage: watchdog <data folder> <configuration file> [--boot]";
  }
  const hangMs = wholeNumber("--hang-ms", Number(values["hang-ms"]), 1);
  const numbers = {
    initialDelayMs: Number(values["restart-initial-ms"]),
    maxDelayMs: Number(values["restart-max-ms"]),
    intensity: INTENSITY,
  };
  const limits: WatchdogLimits = {
    restart: restartLimits(numbers, "retry"),
    hangMs,
    startMs: Math.max(START_MS, hangMs),
    stopMs: STOP_MS,
  };
  return { dataDir, configFile, boot: values.boot, limits };
}
