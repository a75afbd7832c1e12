/** The machine that this program runs on. */

import { type Clock, type Random, systemClock, systemRandom } from "@kintsugi/policy/base";

import { systemFiles } from "./files.ts";
import type { Fetch, Host } from "./ports.ts";
import { systemProcesses } from "./processes.ts";
import { systemSockets } from "./sockets.ts";

interface SystemHostOptions {
  readonly clock?: Clock;
  readonly random?: Random;
  /** @defaultValue the platform's own */
  readonly fetch?: Fetch;
  /** @defaultValue the environment of this process, as it is now */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** @example const host = systemHost(); */
export function systemHost(options: SystemHostOptions = {}): Host {
  return {
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    processes: systemProcesses(),
    sockets: systemSockets,
    files: systemFiles,
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    env: options.env ?? { ...process.env },
  };
}
