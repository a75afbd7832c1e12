/** The program of `kintsugi up`, as the watchdog starts it. */

import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { beginLife, type WatchedLife } from "./crash-life.ts";

const main = fileURLToPath(
  new URL("../../packages/kintsugi/dist/runtime/main.js", import.meta.url),
);
const module = fileURLToPath(new URL("crash-module.ts", import.meta.url));

export function beginProgram(file: string): WatchedLife {
  return beginLife(main, `${file}.yaml`, { NODE_COMPILE_CACHE: `${file}.data/compiled` });
}

/** It has been up before, and was taken down: what it compiled then is kept, as at users'. */
export async function prepareProgram(file: string): Promise<void> {
  const dataDir = `${file}.data`;
  const config = { name: "bench", dataDir, server: { port: 0 }, runtime: { modules: [module] } };
  writeFileSync(`${file}.yaml`, JSON.stringify(config)); // JSON is YAML.
  mkdirSync(dataDir, { mode: 0o700 });
  standAside(`${dataDir}/kill-switch.json`);
  const life = beginProgram(file);
  await life.hears("up", 0);
  await life.end("SIGTERM");
}

/** The runtime starts a watchdog when it has none: it would go on with the program when we are done. */
function standAside(file: string): void {
  const why = "The benchmark starts the runtime by itself";
  writeFileSync(file, JSON.stringify({ v: 1, form: "down", by: "benchmark", why, atMs: 0 }));
}
