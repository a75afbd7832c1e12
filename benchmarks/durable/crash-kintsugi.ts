/** Our engine as a library, on a store of its own: the first life starts a run, the second finds it. */

import { systemClock, systemRandom } from "@kintsugi/policy/base";
import { openSqliteStore } from "kintsugi/store";
import { embeddedEngine, workflowTables } from "kintsugi/workflow";

import type { Life } from "./crash-life.ts";
import { ten } from "./crash-module.ts";

const { file, id, life } = JSON.parse(process.argv[2] ?? "{}") as Life;
const store = await openSqliteStore({ file, tables: workflowTables, clock: systemClock });
const engine = embeddedEngine({ store, clock: systemClock, random: systemRandom });
engine.register(ten);
await engine.start();
if (life === "first") await engine.run(ten, undefined, { id });
