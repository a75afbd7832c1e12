/** The watchdog's program file: `main <data folder> <configuration file> [--boot]`. */

import { siblingProgram, systemHost } from "../host/index.ts";
import { runWatchdog } from "./run-watchdog.ts";

// The logs may lie on a full disk, or be a pipe that nobody reads: without a listener, the error of a
// line that found no room would end the process.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
process.exitCode = await runWatchdog(process.argv.slice(2), {
  host: systemHost(),
  runtime: siblingProgram("../runtime/main", import.meta.url),
  print: (line) => process.stdout.write(`${line}\n`),
  complain: (line) => process.stderr.write(`${line}\n`),
  onSignal: (listener) => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.once(signal, listener);
  },
});
