/** `kintsugi config check`: all that is wrong with a configuration file, or that nothing is. */

import { loadConfig, printFaults } from "../../config/index.ts";
import type { CommandContext } from "../context.ts";
import { DONE, WRONG } from "../exit-codes.ts";
import { configFileOf } from "../place.ts";
import { jsonLines } from "../text.ts";

export interface CheckOptions {
  readonly file?: string;
  readonly json: boolean;
}

export async function checkConfig(context: CommandContext, options: CheckOptions): Promise<number> {
  const { host, terminal } = context;
  const file = configFileOf(context, options.file);
  const loaded = loadConfig(file, host);
  const faults = loaded.ok ? [] : loaded.faults;
  if (options.json)
    for (const line of jsonLines({ file, ok: loaded.ok, faults })) terminal.out(line);
  else if (loaded.ok) terminal.out(`${file} is in order`);
  else for (const line of printFaults(faults).split("\n")) terminal.err(line);
  return loaded.ok ? DONE : WRONG;
}
