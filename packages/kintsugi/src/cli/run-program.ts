/** The command as a process: its terminal, its signals, its exit. */

import { fileURLToPath } from "node:url";

import type { Host } from "../host/index.ts";
import { runCommandLine } from "./command-line.ts";
import type { CommandContext, Terminal } from "./context.ts";
import { printable } from "./text.ts";

/** Runs the command that the process was started with, and ends the process. */
export async function runProgram(host: Host, watchdog?: URL): Promise<never> {
  const { interrupted, insisted } = signals();
  const context: CommandContext = {
    host,
    cwd: process.cwd(),
    terminal: processTerminal(),
    interrupted,
    insisted,
    ...(watchdog && { watchdog }),
  };
  const manifest = host.files.read(fileURLToPath(new URL("../../package.json", import.meta.url)));
  const { version } = JSON.parse(manifest ?? '{"version":"unknown"}') as { version: string };
  const exitCode = await runCommandLine(process.argv.slice(2), context, version);
  await drained(process.stdout);
  await drained(process.stderr);
  process.exit(exitCode); // Whatever else is open, a line to a dead process say, must not hold it.
}

/** The first wish to end, and the second. */
function signals(): Pick<CommandContext, "interrupted" | "insisted"> {
  const interruption = new AbortController();
  const insistence = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (interruption.signal.aborted) insistence.abort(name);
      else interruption.abort(name);
    });
  }
  return { interrupted: interruption.signal, insisted: insistence.signal };
}

function processTerminal(): Terminal {
  let closed = false;
  process.stdout.on("error", () => {
    closed = true; // Whoever read has gone, as `head` does: nothing more to say to him.
  });
  process.stderr.on("error", () => {}); // The same, and there is nobody left to tell.
  return {
    out: (line) => void process.stdout.write(`${printable(line)}\n`),
    err: (line) => void process.stderr.write(`${printable(line)}\n`),
    copy: (line) => void process.stdout.write(`${process.stdout.isTTY ? printable(line) : line}\n`),
    get closed() {
      return closed;
    },
  };
}

/** A pipe takes what is written when it likes; the process must not end before. */
function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || !stream.writable) resolve();
    else stream.write("", () => resolve());
  });
}
