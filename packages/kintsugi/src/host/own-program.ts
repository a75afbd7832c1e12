/** A program file of our own, run in a process of its own. */

import { flushCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

export interface OwnProgram {
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * How to start the program file at `entryUrl` with the Node that runs now. A `.ts` file is a checkout:
 * it runs as it is, and so do the packages beside it, which their `source` condition leads to.
 *
 * @example
 * const { command, args } = ownProgram(new URL("./main.ts", import.meta.url), ["--config", file]);
 */
export function ownProgram(entryUrl: string | URL, args: readonly string[] = []): OwnProgram {
  const file = fileURLToPath(entryUrl);
  const conditions = file.endsWith(".ts") ? ["--conditions=source"] : [];
  return {
    command: process.execPath,
    args: ["--disable-warning=ExperimentalWarning", ...conditions, file, ...args],
  };
}

/** The file called `name` beside the one at `ownUrl`: source beside source, build beside build. */
export function siblingProgram(name: string, ownUrl: string): URL {
  return new URL(`./${name}${ownUrl.endsWith(".ts") ? ".ts" : ".js"}`, ownUrl);
}

/**
 * Writes what has been compiled so far to the folder that NODE_COMPILE_CACHE names, so that the next
 * start of the same program need not compile it. By itself Node does so at an orderly end only, which is
 * not how a program that is killed ends. Without the variable it does nothing.
 */
export function keepCompiled(): void {
  flushCompileCache();
}
