/** The runtime's program file: `main <configuration file>`. The watchdog starts it. */

import { systemHost } from "../host/index.ts";
import { runRuntime } from "./run-runtime.ts";

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
