/** A peer in either life. One that does not go on by itself is told which run to take up. */

import type { Life } from "./crash-life.ts";
import { slowStep } from "./crash-said.ts";
import type { EngineSettings } from "./engine.ts";
import { openEngine } from "./open-engine.ts";

const settings = JSON.parse(process.argv[2] ?? "{}") as Life & EngineSettings;
const runner = await openEngine(settings, { step: slowStep });
if (settings.life === "first") await runner.run(settings.id);
else await runner.goOn?.(settings.id);
