/** The program under torture: the digest on a folder of its own, started and asked as a person would. */

import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cliProgram } from "kintsugi/cli";

export interface Program {
  readonly folder: string;
  readonly dataDir: string;
  readonly instance: string;
  readonly ledger: string;
  readonly addressFile: string;
  /** `kintsugi up` in the foreground. */
  readonly up: ChildProcess;
  /** What `up` said so far. */
  said(): string;
  remove(): void;
}

export interface Answer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const root = fileURLToPath(new URL("..", import.meta.url));
const nodeFlags = ["--conditions=source", "--disable-warning=ExperimentalWarning"];

/** The name that a data folder gives to its processes. */
export const instanceOf = (dataDir: string): string =>
  createHash("sha256").update(dataDir).digest("hex").slice(0, 12);

/** Runs one command of the command line to its end. */
export function kintsugi(args: readonly string[], cwd: string): Promise<Answer> {
  const program = cliProgram(args);
  const child = spawn(program.command, program.args, { cwd, stdio: "pipe" });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (piece: Buffer) => {
    stdout += piece.toString();
  });
  child.stderr.on("data", (piece: Buffer) => {
    stderr += piece.toString();
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** Starts `kintsugi up` on a new folder; the model server answers in about `delayMs`. */
export function startProgram(seed: string, delayMs: number): Program {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "kintsugi-torture-")));
  const dataDir = join(folder, "data");
  mkdirSync(dataDir, { mode: 0o700 });
  const [ledger, addressFile] = [join(folder, "ledger.jsonl"), join(folder, "model.json")];
  const file = join(folder, "kintsugi.yaml");
  const digest = join(root, "examples/digest");
  writeFileSync(
    file,
    `name: torture
dataDir: ${dataDir}
server: { port: 0 }
runtime: { modules: ["${join(digest, "src/app.ts")}"] }
components:
  model:
    kind: process
    command: ${process.execPath}
    args: ${JSON.stringify([
      ...nodeFlags,
      "model-server/main.ts",
      `--address=${addressFile}`,
      `--ledger=${ledger}`,
      `--seed=${seed}`,
      `--delay=${delayMs}`,
    ])}
    cwd: ${digest}
    heartbeat: 250ms
    shutdown: 1s
# Nobody dies so often but under torture: by default the program would rest for minutes, as it should.
watchdog: { restart: { initial: 50ms, max: 500ms } }
supervisor: { intensity: 1000, period: 60s }
calls:
  model:
    preset: llm
    timeout: 3s
    retry: { maxAttempts: 40, initialDelay: 100ms, maxDelay: 1s }
    circuitBreaker: { failureThreshold: 8, successThreshold: 1, timeout: 500ms }
`,
  );
  const program = cliProgram(["up", file]);
  const up = spawn(program.command, program.args, { cwd: folder, stdio: "pipe" });
  let said = "";
  for (const stream of [up.stdout, up.stderr]) {
    stream?.on("data", (piece: Buffer) => {
      said = (said + piece.toString()).slice(-20_000);
    });
  }
  return {
    folder,
    dataDir,
    instance: instanceOf(dataDir),
    ledger,
    addressFile,
    up,
    said: () => said,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
