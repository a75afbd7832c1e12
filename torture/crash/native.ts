/** The two small C programs, made with the gcc of the machine when they are needed. */

import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A mode cannot run on this machine; the sentence says what it lacks. */
export class MachineLacksError extends Error {
  override readonly name = "MachineLacksError";
  readonly code = "TORTURE_MACHINE_LACKS";

  constructor(mode: string, what: string) {
    super(`The mode "${mode}" needs ${what}`);
  }
}

const source = (name: string): string =>
  fileURLToPath(new URL(`native/${name}.c`, import.meta.url));

/** Compiles into `folder`, as a library to be loaded before all else or as a program. Returns its path. */
export function compile(mode: string, name: string, folder: string): string {
  const isLibrary = name === "die-at-write";
  const file = join(folder, isLibrary ? `${name}.so` : name);
  const kind = isLibrary ? ["-shared", "-fPIC"] : [];
  const made = spawnSync("gcc", ["-O1", "-w", ...kind, "-o", file, source(name), "-ldl"], {
    encoding: "utf8",
  });
  if (made.error) {
    throw new MachineLacksError(
      mode,
      "gcc, and the headers of the C library (Debian: gcc libc6-dev)",
    );
  }
  if (made.status !== 0)
    throw new MachineLacksError(mode, `a gcc that works: ${made.stderr.trim()}`);
  return file;
}

/** Programs of the system stand there, and not everybody has them on the path. */
const SYSTEM_PROGRAMS = "/usr/sbin:/sbin";

/** Runs a program of the machine. @throws {@link MachineLacksError} with its last words. */
export function need(mode: string, what: string, program: string, args: readonly string[]): void {
  try {
    const env = { ...process.env, PATH: `${process.env["PATH"]}:${SYSTEM_PROGRAMS}` };
    execFileSync(program, args, { env, stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
  } catch (error) {
    const { stderr, message } = error as { readonly stderr?: string; readonly message: string };
    throw new MachineLacksError(mode, `${what} (${(stderr || message).trim()})`);
  }
}
