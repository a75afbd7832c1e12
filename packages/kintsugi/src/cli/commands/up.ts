/** `kintsugi up`: starts a program and follows it. */

import { join } from "node:path";

import { KintsugiError, toError } from "@kintsugi/policy/base";

import { type KintsugiConfig, loadConfig, printFaults } from "../../config/index.ts";
import { type InstancePaths, instancePaths } from "../../host/index.ts";
import {
  hasRole,
  livingProcesses,
  readIdentity,
  readKillSwitch,
  releaseKillSwitch,
} from "../../watchdog/index.ts";
import type { CommandContext } from "../context.ts";
import { CommandError, FAILED, WRONG } from "../exit-codes.ts";
import { FrontEnd } from "../front-end.ts";
import { alreadyRuns, whyStopped } from "../instance.ts";
import { configFileOf, environmentOf } from "../place.ts";

export interface UpOptions {
  /** Where relative paths start is the folder of the file. */
  readonly file?: string;
  readonly dataDir?: string;
  /** Leaves when the program is ready. */
  readonly detach: boolean;
}

/** Resolves with the exit code. @throws {@link CommandError} when the program may not be started. */
export async function up(context: CommandContext, options: UpOptions): Promise<number> {
  const configFile = configFileOf(context, options.file);
  const env = environmentOf(context, options.dataDir);
  const config = loadOrRefuse(context, configFile, env);
  const paths = foldersOrRefuse(context, config);
  refuseSecond(context, paths);
  liftSwitch(context, paths);
  const { hangMs, restart } = config.watchdog;
  const program = { paths, configFile, env, hangMs, restart };
  const { name, metrics } = config;
  const showsMetrics = metrics.prometheus;
  return new FrontEnd({ context, name, program, showsMetrics, detach: options.detach }).run();
}

function loadOrRefuse(
  { host }: CommandContext,
  file: string,
  env: CommandContext["host"]["env"],
): KintsugiConfig {
  const loaded = loadConfig(file, { env, files: host.files });
  if (loaded.ok) return loaded.config;
  throw new CommandError(WRONG, printFaults(loaded.faults));
}

/** Made and tried out before anything is started: the processes behind could only say it less well. */
function foldersOrRefuse({ host }: CommandContext, { dataDir }: KintsugiConfig): InstancePaths {
  try {
    const paths = instancePaths(dataDir, host.env, { make: true });
    const trial = join(paths.dataDir, ".writable");
    host.files.writeAtomic(trial, "");
    host.files.remove(trial);
    host.files.makeFolder(paths.logsDir, 0o700);
    return paths;
  } catch (error) {
    if (error instanceof KintsugiError) throw error; // It says already what to do.
    throw new CommandError(
      FAILED,
      `The data folder ${dataDir} cannot be written (${toError(error).message}); make room, make it ` +
        "writable for this user, or set another dataDir in the configuration",
      error,
    );
  }
}

function refuseSecond({ host }: CommandContext, paths: InstancePaths): void {
  const watchdog = readIdentity(host.files, paths.watchdogFile);
  if (watchdog && host.processes.isAlive(watchdog)) throw alreadyRuns(paths, watchdog.pid);
  const runtime = readIdentity(host.files, paths.runtimeFile);
  if (!runtime || !host.processes.isAlive(runtime)) return;
  const ours = livingProcesses(host, paths.instance).filter((each) => hasRole(each, "runtime"));
  // A runtime of ours without a watchdog is taken up by the next one.
  if (ours.some(({ identity }) => identity.pid === runtime.pid)) return;
  throw new CommandError(
    FAILED,
    `Another program (pid ${runtime.pid}) uses the data folder ${paths.dataDir}: stop it, or set ` +
      "another dataDir in the configuration",
  );
}

/** A person typed `up`, which lifts a `down`; a `kill` takes more than that. */
function liftSwitch({ host }: CommandContext, paths: InstancePaths): void {
  const found = readKillSwitch(host.files, paths.killSwitch);
  if (found.kind === "released") return;
  if (found.kind === "unreadable" || found.form === "kill") {
    throw new CommandError(
      FAILED,
      `${whyStopped(found)} \`kintsugi resume\` lifts the kill switch`,
    );
  }
  releaseKillSwitch(host.files, paths.killSwitch);
}
