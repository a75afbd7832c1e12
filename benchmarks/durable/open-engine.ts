/** Opens the engine that a contestant is named after. */

import type { EngineSettings, OpenEngine, Runner, Work } from "./engine.ts";

/** Each is loaded by whoever measures it, and by nobody else. */
const engines: Readonly<Record<string, () => Promise<{ readonly open: OpenEngine }>>> = {
  bare: () => import("./engine-bare.ts"),
  dbos: () => import("./engine-dbos.ts"),
  floor: () => import("./engine-floor.ts"),
  kintsugi: () => import("./engine-kintsugi.ts"),
  langgraph: () => import("./engine-langgraph.ts"),
  openworkflow: () => import("./engine-openworkflow.ts"),
  restate: () => import("./engine-restate.ts"),
};

export async function openEngine(settings: EngineSettings, work: Work): Promise<Runner> {
  const module = await engines[settings.engine]?.();
  if (!module) throw new Error(`There is no engine "${settings.engine}"`);
  return module.open(settings, work);
}
