/** The watchdog's program file: `main <data folder> <configuration file> [--boot]`. */

import { siblingProgram, systemHost } from "../host/index.ts";
import { runWatchdog } from "./run-watchdog.ts";

process.exitCode = await runWatchdog(process.argv.slice(2), {
  host: systemHost(),
  runtime: siblingProgram("../runtime/main", import.meta.url),
  print: (line) => process.stdout.write(`${line}\n`),
  complain: (line) => process.stderr.write(`${line}\n`),
  onSignal: (listener) => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.once(signal, listener);
  },
});
