/** `kintsugi logs`: what a process of the program wrote. */

import { sleep } from "@kintsugi/policy/base";

import { logFiles } from "../../host/index.ts";
import type { CommandContext } from "../context.ts";
import { CommandError, DONE, FAILED } from "../exit-codes.ts";
import { type PlaceOptions, pathsOfPlace } from "../place.ts";

export interface LogsOptions extends PlaceOptions {
  /** A component, "runtime" or "watchdog". @defaultValue "runtime" */
  readonly component?: string;
  readonly follow: boolean;
  /** How many lines of each file are shown first. */
  readonly lines: number;
}

const LOOK_MS = 200;

/** Lines of logs are shorter than this as a rule; longer ones cost lines. */
const LINE_BYTES = 400;

/** What is read of a file at once. */
const MOST_BYTES = 4 * 1024 * 1024;

/**
 * What a process wrote is its own: a pipe gets it as it is, colours and all. A terminal does not, for
 * there it would be the process that steers.
 */
export async function logs(context: CommandContext, options: LogsOptions): Promise<number> {
  const { host, terminal, interrupted } = context;
  const { component = "runtime", lines, follow } = options;
  const paths = await pathsOfPlace(context, options);
  // A name is no path: nothing outside the folder of the logs is shown.
  if (!/^[\w.@-]+$/.test(component)) throw noSuchLog(component);
  const { stdoutFile, stderrFile } = logFiles(paths, component);
  const files = [stdoutFile, stderrFile];
  if (!files.some((file) => host.files.exists(file))) throw noSuchLog(component);

  const tails = files.map((path) => new Tail(context, path));
  for (const tail of tails) tail.showLast(lines, follow);
  while (follow && !interrupted.aborted && !terminal.closed) {
    await sleep(host.clock, LOOK_MS, interrupted).catch(() => {}); // Ctrl-C is the way out.
    for (const tail of tails) tail.showNew();
  }
  return DONE;
}

const noSuchLog = (component: string): CommandError =>
  new CommandError(
    FAILED,
    `Nothing is called "${component}" here; \`kintsugi status\` lists names`,
  );

/** The end of one file, as it grows. */
class Tail {
  readonly #context: CommandContext;
  readonly #path: string;
  /** What was shown of the file: always whole lines. */
  #shownBytes = 0;

  constructor(context: CommandContext, path: string) {
    this.#context = context;
    this.#path = path;
  }

  /** @param whole - holds a last line back whose end has not been written yet. */
  showLast(count: number, whole: boolean): void {
    const { host, terminal } = this.#context;
    const bytes = host.files.sizeBytes(this.#path);
    const text = host.files.tail(this.#path, Math.min(MOST_BYTES, (count + 1) * LINE_BYTES));
    const lines = text.split("\n");
    const rest = lines.pop() ?? "";
    this.#shownBytes = bytes - Buffer.byteLength(rest);
    if (rest !== "" && !whole) lines.push(rest);
    for (const line of count > 0 ? lines.slice(-count) : []) terminal.copy(line);
  }

  showNew(): void {
    const { host, terminal } = this.#context;
    const bytes = host.files.sizeBytes(this.#path);
    if (bytes < this.#shownBytes) this.#shownBytes = 0; // It was rotated: copied away and emptied.
    if (bytes === this.#shownBytes) return;
    // With the newline before it: a tail begins behind the first newline that it meets.
    const text = host.files.tail(this.#path, Math.min(bytes - this.#shownBytes + 1, MOST_BYTES));
    const lines = text.split("\n").slice(0, -1);
    for (const line of lines) terminal.copy(line);
    this.#shownBytes += Buffer.byteLength(lines.map((line) => `${line}\n`).join(""));
  }
}
