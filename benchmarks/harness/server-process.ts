/** A server that a contestant needs: started, waited for, and stopped by its pid. */

import { type SpawnOptions, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

const START_MS = 60_000;
const STOP_MS = 15_000;
const LOOK_MS = 100;

export interface ServerProcess {
  readonly pid: number;
  /** Resolves when the process is gone; it is killed when it does not go. */
  stop(): Promise<void>;
}

export interface ServerProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly options: SpawnOptions;
  readonly stopSignal: NodeJS.Signals;
  /** Whether it can be used; asked until it can. */
  readonly isReady: () => Promise<boolean> | boolean;
}

/** @throws with what it said when it ends before it is ready, or is not ready within a minute. */
export async function startServer(wanted: ServerProcessOptions): Promise<ServerProcess> {
  const { command, args, options, stopSignal, isReady } = wanted;
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  let isGone = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      said = `${said}${text}`.slice(-2_000);
    });
  }
  const gone = new Promise<void>((resolve) => {
    child.once("error", (error) => {
      said = error.message;
    });
    child.once("close", () => {
      isGone = true;
      resolve();
    });
  });
  const stop = async (): Promise<void> => {
    child.kill(stopSignal);
    const killing = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    await gone;
    clearTimeout(killing);
  };
  const endMs = performance.now() + START_MS;
  while (!(await isReady())) {
    if (isGone) throw new Error(`${command} ended at once: ${said.trim()}`);
    if (performance.now() > endMs) {
      await stop();
      throw new Error(`${command} was not ready within ${START_MS / 1_000} s: ${said.trim()}`);
    }
    await sleep(LOOK_MS);
  }
  return { pid: child.pid ?? 0, stop };
}
