/**
 * The runtime as a process: takes the data folder, says who it is, works and beats until it is told to
 * leave. What it refuses is one line on stderr, the last one, and a code that says whose fault it is.
 */

import { type ErrorReporter, toError } from "@kintsugi/policy/base";

import { type KintsugiConfig, loadConfig, printFaults } from "../config/index.ts";
import { type Host, type InstancePaths, keepCompiled, watchEventLoop } from "../host/index.ts";
import {
  ensureCliToken,
  type RunningServer,
  startAtKeptPort,
  tokenStore,
} from "../server/index.ts";
import { StoreFailedError } from "../store/index.ts";
import {
  dialWatchdog,
  readKillSwitch,
  type WatchdogHooks,
  type WatchdogLink,
  watchdogProgram,
} from "../watchdog/index.ts";
import { createWithParts } from "./create-kintsugi.ts";
import { ModuleUnusableError } from "./modules.ts";
import type { Parts } from "./parts.ts";
import { LOCK_HELD, REFUSED_CONFIGURATION, REFUSED_ENVIRONMENT, STORE_FAILED } from "./refusal.ts";
import { serverView } from "./server-view.ts";
import { FolderOwnedError, openSystem, type System } from "./system.ts";

export interface Surroundings {
  readonly host: Host;
  /** A line for the log. */
  readonly print: (line: string) => void;
  /** A line for stderr. */
  readonly complain: (line: string) => void;
  /** SIGTERM and its kin. */
  readonly onSignal: (listener: () => void) => void;
}

/** What closing takes from, as far as the start has come. */
interface Opened {
  link?: WatchdogLink;
  parts?: Parts;
  /** Another runtime follows at once, and adopts what lives. */
  isRestart?: boolean;
  server?: RunningServer;
  system?: System;
}

interface Ending {
  /** Ends the runtime with this exit code, or gives up its start. */
  readonly end: (code: number) => void;
  readonly signal: AbortSignal;
  readonly report: ErrorReporter;
}

/** Whose fault a start is that failed. */
function codeOf(error: unknown): number {
  if (error instanceof FolderOwnedError) return LOCK_HELD;
  if (error instanceof ModuleUnusableError) return REFUSED_CONFIGURATION;
  return error instanceof StoreFailedError ? STORE_FAILED : REFUSED_ENVIRONMENT;
}

/** Resolves with the exit code, when everything is closed. */
export async function runRuntime(configFile: string, surroundings: Surroundings): Promise<number> {
  const { host, complain, print } = surroundings;
  const loaded = loadConfig(configFile, { env: host.env, files: host.files });
  if (!loaded.ok) {
    complain(printFaults(loaded.faults));
    return REFUSED_CONFIGURATION;
  }
  const report: ErrorReporter = (error) => complain(`${toError(error).stack}`);
  const ending = Promise.withResolvers<number>();
  const opened: Opened = {};
  const boot = new AbortController();
  const isGivenUp = (error: unknown): boolean =>
    boot.signal.aborted && error === boot.signal.reason;
  const end = (code: number): void => {
    ending.resolve(code);
    boot.abort(new Error("The runtime is to end before it has begun"));
  };
  surroundings.onSignal(() => end(0));
  let code: number;
  try {
    await open(loaded.config, configFile, surroundings, opened, {
      end,
      signal: boot.signal,
      report,
    });
    code = await ending.promise;
    print(`leaving with ${code}`);
  } catch (error) {
    if (isGivenUp(error)) code = await ending.promise;
    else {
      complain(toError(error).message.replaceAll("\n", " "));
      code = codeOf(error);
    }
  }
  await close(opened, code, report);
  return code;
}

async function open(
  config: KintsugiConfig,
  configFile: string,
  { host, print }: Surroundings,
  opened: Opened,
  { end, signal, report }: Ending,
): Promise<void> {
  const system = await openSystem(config, host, (paths) => {
    writeIdentity(host, paths, null);
    watchEventLoop({ file: `${paths.hangsDir}/runtime.jsonl` });
    opened.link = dial(config, configFile, host, paths, report, ({ form }) => {
      opened.isRestart = form === "restart";
      end(0);
    });
  });
  opened.system = system;
  signal.throwIfAborted();
  let isStoreLost = false;
  const { kintsugi, parts } = await createWithParts(
    {
      config,
      system: { ...system, close: async () => {} }, // Closed below, also when the start fails.
      onFatal: (error) => {
        isStoreLost = true;
        report(error);
        end(STORE_FAILED);
      },
      onListenerError: report,
    },
    { signal, leaves: () => isStoreLost || opened.isRestart === true },
  );
  opened.parts = parts;
  ensureCliToken({ files: host.files, random: host.random, paths: system.paths });
  const serverOptions = {
    runtime: serverView(kintsugi, parts),
    host: config.server.host,
    port: config.server.port,
    allowedHosts: config.server.allowedHosts,
    tokens: tokenStore({
      files: host.files,
      clock: host.clock,
      random: host.random,
      paths: system.paths,
      onError: report,
    }),
    random: host.random,
    codeShelf: { files: host.files, file: system.paths.sessionCodes },
    files: host.files,
    onError: report,
  };
  const kept = { files: host.files, file: system.paths.serverPort };
  opened.server = await startAtKeptPort(serverOptions, kept);
  writeIdentity(host, system.paths, opened.server.url);
  opened.link?.ready(opened.server.url);
  print(`ready at ${opened.server.url}`);
  keepCompiled();
}

/** The other side of the guard: a watchdog that left without a goodbye is started again. */
function dial(
  config: KintsugiConfig,
  configFile: string,
  host: Host,
  paths: InstancePaths,
  report: ErrorReporter,
  leave: WatchdogHooks["onStopRequested"],
): WatchdogLink {
  const startAnother = (): void => {
    if (readKillSwitch(host.files, paths.killSwitch).kind !== "released") return;
    const { hangMs, restart } = config.watchdog;
    const options = { paths, configFile, env: host.env, boot: true, hangMs, restart };
    host.processes.spawn(watchdogProgram(options));
  };
  return dialWatchdog(host, paths, {
    onLost: startAnother,
    onStopRequested: leave,
    onHookError: report,
  });
}

function writeIdentity(host: Host, paths: InstancePaths, url: string | null): void {
  const identity = {
    ...host.processes.self,
    instance: paths.instance,
    socket: paths.componentSocket,
    url,
    startedAtMs: host.clock.epochMs(),
  };
  host.files.writeAtomic(paths.runtimeFile, `${JSON.stringify(identity)}\n`);
}

/** In the order of their standing: nobody is served by what is already closed. */
async function close(opened: Opened, code: number, report: ErrorReporter): Promise<void> {
  const steps = [
    () => (code === 0 && !opened.isRestart ? opened.server?.sayStop() : undefined),
    () => opened.server?.close(),
    () => (code === STORE_FAILED ? undefined : opened.parts?.stop(opened.isRestart)),
    () => opened.system?.close?.(),
  ];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      report(error);
    }
  }
  opened.link?.goodbye(code);
}
