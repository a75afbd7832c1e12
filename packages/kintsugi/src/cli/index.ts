/** The `kintsugi` command, for programs that start it as a process of their own, and show text as it does. */

import { type OwnProgram, ownProgram, siblingProgram } from "../host/index.ts";

/** @example const { command, args } = cliProgram(["up", "kintsugi.yaml"]); */
export const cliProgram = (args: readonly string[]): OwnProgram =>
  ownProgram(siblingProgram("main", import.meta.url), args);

export { printable } from "./text.ts";
