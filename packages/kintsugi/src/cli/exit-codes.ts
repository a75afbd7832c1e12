/** What the command says by its exit code. */

import { KintsugiError } from "@kintsugi/policy/base";

export const DONE = 0;
export const FAILED = 1;
/** Wrong usage, or a wrong configuration. */
export const WRONG = 2;
export const NOT_RUNNING = 3;

/** Ends a command: the sentence goes to stderr, the code to whoever started it. */
export class CommandError extends KintsugiError {
  override readonly name = "CommandError";
  readonly code = "KINTSUGI_COMMAND";
  readonly exitCode: number;

  constructor(exitCode: number, message: string, cause?: unknown) {
    super(message, { cause });
    this.exitCode = exitCode;
  }
}
