/** What a command works with: the machine, the terminal, and the person's wish that it end. */

import type { Host } from "../host/index.ts";

export interface CommandContext {
  readonly host: Host;
  /** Where relative paths on the command line start. */
  readonly cwd: string;
  readonly terminal: Terminal;
  /** Aborted at the first Ctrl-C, SIGTERM or SIGHUP; its reason is the signal's name. */
  readonly interrupted: AbortSignal;
  /** Aborted at the second: whatever takes its time is to be cut short. */
  readonly insisted: AbortSignal;
  /** The program file of the watchdog. @defaultValue the one of this package */
  readonly watchdog?: URL;
}

export interface Terminal {
  /** Prints a line on stdout. What steers a terminal is taken out of it. */
  out(line: string): void;
  /** The same on stderr. */
  err(line: string): void;
  /** Prints a line on stdout: to a program as it is, to a terminal as `out` does. */
  copy(line: string): void;
  /** Whether nobody reads stdout any more. */
  readonly closed: boolean;
}

/** Who types: written into the kill switch, and into the log. */
export const whoTypes = ({ host }: CommandContext): string =>
  host.env["SUDO_USER"] ?? host.env["USER"] ?? host.env["LOGNAME"] ?? `user ${process.getuid?.()}`;
