/** The program that the page shows in its suite, started and asked as a person would. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { cliProgram } from "kintsugi/cli";
import type { Client } from "kintsugi/client";

import { currentClient } from "../../examples/digest/src/follow.ts";
import { findMarked, killNow, type Marked } from "../processes.ts";
import { type Answer, instanceOf, kintsugi } from "../program.ts";

export interface PageProgram {
  readonly dataDir: string;
  /** The address with the one-time code, as `up` printed it. */
  readonly address: string;
  /** Milliseconds on the clock of `performance` when `up` was typed. */
  readonly typedAtMs: number;
  /** All that `up` said so far. */
  said(): string;
  /** A command on the same data folder. */
  run(...args: string[]): Promise<Answer>;
  /** A fresh address from `kintsugi dashboard`. */
  freshAddress(): Promise<string>;
  client(): Client;
  /** The token that the command line uses. */
  token(): string;
  /** The living process of a role, or of a component. */
  process(name: string): Marked;
  stop(): Promise<void>;
}

const programFolder = fileURLToPath(new URL("program", import.meta.url));

/** Markup in a name is text as well. */
const PROGRAM_NAME = "page & <b>co</b>";

const configuration = (dataDir: string): string => `name: "${PROGRAM_NAME}"
dataDir: ${dataDir}
server: { port: 0 }
runtime: { modules: ["${join(programFolder, "app.ts")}"] }
components:
  memory: { kind: kernel, module: "${join(programFolder, "memory.ts")}", heartbeat: 500ms }
  worker:
    kind: process
    command: ${process.execPath}
    args: [--conditions=source, --disable-warning=ExperimentalWarning, worker.ts]
    cwd: ${programFolder}
    dependsOn: [memory]
    heartbeat: 250ms
    limits: { memory: 300MB }
    shutdown: 1s
calls:
  broken:
    preset: api
    retry: { maxAttempts: 2, initialDelay: 10ms, maxDelay: 20ms }
    circuitBreaker: { failureThreshold: 3, successThreshold: 1, timeout: 60s }
triggers:
  worker-silent:
    { type: heartbeat-failure, component: worker, above: 1500ms, severity: high, playbook: restart_service }
watchdog: { hang: 10s, restart: { initial: 100ms, max: 1s } }
`;

const addressPattern = /http:\/\/127\.0\.0\.1:\d+\/#code=[\w-]+/;

/** The program of this suite, in a folder of its own. */
export function startPageProgram(): Promise<PageProgram> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "kintsugi-page-")));
  return startProgramOn(folder, configuration(join(folder, "data")));
}

/** Resolves when `up` has printed the address of the page. Its data are in `data`; `stop` removes the folder. */
export async function startProgramOn(folder: string, yaml: string): Promise<PageProgram> {
  const dataDir = join(folder, "data");
  const file = join(folder, "kintsugi.yaml");
  writeFileSync(file, yaml);
  const typedAtMs = performance.now();
  const { command, args } = cliProgram(["up", file]);
  const up = spawn(command, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const said = collect(up);
  const stop = async (): Promise<void> => {
    for (const marked of findMarked(instanceOf(dataDir))) resume(marked);
    up.kill("SIGINT");
    await within(15_000, () => up.exitCode !== null || up.signalCode !== null).catch(() => {});
    up.kill("SIGKILL");
    for (const marked of findMarked(instanceOf(dataDir))) killNow(marked);
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  const address = await addressOf(up, said).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { ...asksOf(folder, dataDir), dataDir, address, typedAtMs, said, stop };
}

/** What is asked of a program that runs on this data folder. */
function asksOf(
  folder: string,
  dataDir: string,
): Pick<PageProgram, "run" | "freshAddress" | "client" | "token" | "process"> {
  const run = (...words: string[]): Promise<Answer> =>
    kintsugi([...words, "--data-dir", dataDir], folder);
  return {
    run,
    freshAddress: async () => {
      const { stdout, stderr } = await run("dashboard");
      const found = addressPattern.exec(stdout)?.[0];
      if (found === undefined) throw new Error(`kintsugi dashboard said: ${stdout}${stderr}`);
      return found;
    },
    client: () => {
      const client = currentClient(dataDir);
      if (!client) throw new Error("No runtime has left its address");
      return client;
    },
    token: () => readFileSync(join(dataDir, "cli-token"), "utf8").trim(),
    process: (name) => {
      const found = findMarked(instanceOf(dataDir)).find(
        ({ role, component }) => component === name || (component === undefined && role === name),
      );
      if (!found) throw new Error(`There is no living ${name}`);
      return found;
    },
  };
}

/** Looks every few milliseconds. @throws when nothing comes of it in time. */
export async function within<T>(ms: number, look: () => T | Promise<T>): Promise<NonNullable<T>> {
  const startedMs = performance.now();
  for (;;) {
    const answer = await look();
    if (answer) return answer;
    if (performance.now() - startedMs > ms) throw new Error(`Not within ${ms} ms: ${look}`);
    await sleep(20);
  }
}

function collect(child: ChildProcess): () => string {
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (piece: Buffer) => {
      said += piece.toString();
    });
  }
  return () => said;
}

/** Looked for every few milliseconds, as the time until the page is live is measured. */
async function addressOf(up: ChildProcess, said: () => string): Promise<string> {
  const found = await within(
    60_000,
    () => addressPattern.exec(said()) ?? up.exitCode !== null,
  ).catch(() => undefined);
  if (Array.isArray(found)) return found[0];
  throw new Error(`kintsugi up printed no address that opens the page; it said: ${said()}`);
}

/** A process that was stopped by SIGSTOP hears no other signal. */
function resume({ pid }: Marked): void {
  try {
    process.kill(pid, "SIGCONT");
  } catch {
    // It has gone meanwhile.
  }
}
