/** The runtime's program file: `main <configuration file>`. The watchdog starts it. */

import { systemHost } from "../host/index.ts";
import { runRuntime } from "./run-runtime.ts";

// The logs may lie on a full disk, or be a pipe that nobody reads: without a listener, the error of a
// line that found no room would end the process.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
process.exitCode = await runRuntime(process.argv[2] ?? "kintsugi.yaml", {
  host: systemHost(),
  print: (line) => process.stdout.write(`${line}\n`),
  complain: (line) => process.stderr.write(`${line}\n`),
  onSignal: (listener) => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.once(signal, listener);
  },
});
// User's modules may have left timers behind; the runtime is closed, and nobody waits for them.
process.exit();
