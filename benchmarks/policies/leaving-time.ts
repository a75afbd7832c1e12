/** How long a process lives on that has used policies, and has nothing left to do. */

import { fork } from "node:child_process";
import { once } from "node:events";

import { contest } from "../harness/contestant.ts";

/** Who lives on for so long would for ever. */
const PATIENCE_MS = 20_000;

await contest<{ readonly case: string }>(async (settings) => {
  const child = fork(new URL("leaving.ts", import.meta.url), [settings.case], {
    execArgv: ["--conditions=source", "--no-warnings"],
    timeout: PATIENCE_MS,
    killSignal: "SIGKILL",
  });
  const gone = once(child, "exit");
  await once(child, "message");
  const startedMs = performance.now();
  const [code] = await gone;
  if (code !== 0 && code !== null) throw new Error(`The process ended with ${code}`);
  return { exitMs: performance.now() - startedMs };
});
